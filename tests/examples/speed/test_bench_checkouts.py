"""The comparison of checkouts prints a line per case, the first checkout as 1."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_checkout_is_timed_beside_itself():
    command = [sys.executable, ROOT / "examples/speed/bench_checkouts.py", ROOT, ROOT, "--rounds", "1"]
    told = subprocess.run(
        [*command, "--cases", "single:4:potential", "token:4:potential:verify"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = re.findall(r"^(\S+) +\d+/s x 1\.00 +\d+/s x *\d+\.\d\d$", told, re.MULTILINE)
    assert lines == ["single:4:potential", "token:4:potential:verify"]

"""The benchmark of the environments runs, and prints a row for each cell."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

BENCH = Path(__file__).parents[3] / "examples" / "speed" / "bench_env.py"


def test_every_cell_has_a_row():
    arguments = ("--tokens", "4", "--num-envs", "2", "--repeats", "1", "--designs", "terminal", "potential")
    done = subprocess.run(
        [sys.executable, str(BENCH), *arguments], capture_output=True, text=True, check=True
    )
    rates, shares = (table.splitlines()[2:] for table in done.stdout.split("\n\n"))
    assert [row.split()[:3] for row in rates] == [
        ["4", load, design] for load in ("text", "random") for design in ("terminal", "potential")
    ]
    assert all(float(row.split()[3]) > 0 and float(row.split()[5]) > 0 for row in rates)
    assert [row.split()[:3] for row in shares] == [
        ["4", load, form] for load in ("text", "random") for form in ("native", "single")
    ]

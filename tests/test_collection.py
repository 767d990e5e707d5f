"""What is collected and what is skipped: the same in every process, nothing where all is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COLLECT = (*("-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider"), "-m", "", "tests")


@pytest.mark.whole
def test_names_depend_neither_on_the_hash_seed_nor_on_the_time():
    first, second = (
        subprocess.run(
            [sys.executable, *COLLECT],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for seed in ("1", "2")
    )
    names = [line for line in first if "::" in line]
    assert len(names) > 5_000
    assert len(set(names)) == len(names)
    assert names == [line for line in second if "::" in line]


@pytest.mark.whole
def test_what_is_skipped_fails_where_nothing_may_be(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_a.py").write_text(
        "import pytest\n\n"
        "def test_that_needs_a_package():\n    pytest.importorskip('no_such_package')\n\n"
        "@pytest.mark.skip(reason='not here')\ndef test_that_says_so():\n    pass\n\n"
        "@pytest.mark.xfail(reason='known')\ndef test_known():\n    raise ValueError\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-c", tmp_path / "pytest.ini"]
    told = [
        subprocess.run([*command, *flags, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
        for flags in ([], ["--none-skipped"])
    ]
    assert [one.returncode for one in told] == [0, 1]
    assert "2 skipped, 1 xfailed" in told[0].stdout and "1 failed, 1 xfailed, 1 error" in told[1].stdout

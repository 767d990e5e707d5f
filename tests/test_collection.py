"""Names of tests: the same in every process, as workers that share the tests out among them need."""

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

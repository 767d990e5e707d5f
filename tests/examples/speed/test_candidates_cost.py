"""examples/speed/candidates_cost.py: a run on a toy, of all settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[3]


def test_a_toy_is_measured_with_each_setting():
    command = [sys.executable, str(ROOT / "examples" / "speed" / "candidates_cost.py"), "--work", "tiny-tiny"]
    done = subprocess.run(
        [*command, "--rounds", "1", "--settings", "off", "exact", "good-set"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    title, heads, *rows = done.stdout.splitlines()
    assert title == "tiny-tiny" and heads.split()[0] == "candidates"
    assert [row.split()[0] for row in rows] == ["off", "exact", "good-set"]
    assert rows[0].split()[2] == rows[0].split()[4] == "1.00"
    assert all(len(row.split()) == 9 and float(row.split()[1]) > 0.0 for row in rows)


def test_settings_that_there_are_not_are_refused():
    command = [sys.executable, str(ROOT / "examples" / "speed" / "candidates_cost.py"), "--work", "tiny-tiny"]
    done = subprocess.run(
        [*command, "--settings", "all"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 1
    assert "candidates: expected one of 'auto', 'exact', 'good-set', 'off', got 'all'" in done.stderr

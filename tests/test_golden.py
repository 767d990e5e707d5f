"""Short curves are those that tests/golden/record.py recorded, and equal runs are equal to the bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.loaded import load_file

RECORD = Path(__file__).parent / "golden" / "record.py"
RELATIVE, ABSOLUTE = 1e-4, 1e-5
"""Other processors round otherwise: with torch's plain kernels the curves move by a hundredth of this."""


@pytest.fixture(scope="module")
def record():
    return load_file(RECORD)


@pytest.fixture(scope="module")
def learned(record):
    return record.learn_all()


@pytest.mark.parametrize("curve", ["toy", "sentiment"])
def test_a_short_curve_is_the_recorded_one(record, learned, curve):
    expected = json.loads((RECORD.parent / f"{curve}.json").read_text())
    rows = learned[curve]["rows"]
    assert len(rows) == len(expected) == 3
    for row, recorded in zip(rows, expected, strict=True):
        assert set(recorded) == set(record.KEYS)
        assert {key: row[key] for key in record.KEYS} == pytest.approx(recorded, rel=RELATIVE, abs=ABSOLUTE)


def test_the_recordings_would_show_a_wrong_number(record):
    """No column stands still, so that the tolerance is no excuse for any of them."""
    for curve in record.CURVES:
        rows = json.loads((RECORD.parent / f"{curve}.json").read_text())
        for key in record.KEYS:
            assert len({round(row[key], 3) for row in rows}) > 1 or key == "objective/length", (curve, key)


@pytest.mark.whole
def test_another_process_gives_the_same_bits(learned):
    """Every number and every weight, under another order of hashing."""
    environment = os.environ | {"PYTHONHASHSEED": "1"}
    done = subprocess.run(
        [sys.executable, str(RECORD), "--bits"], env=environment, capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == learned
    assert all(curve["rows"][0]["policy/grad_norm"] > 0.0 for curve in learned.values())

"""Which curves rise: tenths and intervals by hand, and examples that fail or leave no curve."""

import pytest

from examples.measurements import rising
from examples.measurements.rising import tenths


@pytest.mark.parametrize(
    ("rewards", "expected"),
    [([0.5], (0.5, 0.5)), ([1.0, 2.0, 4.0], (1.0, 4.0)), (list(map(float, range(25))), (0.5, 23.5))],
)
def test_tenths_by_hand(rewards, expected):
    assert tenths(rewards) == expected


def test_a_curve_without_iterations_is_refused():
    with pytest.raises(ValueError, match="at least one iteration, got none: raise --episodes"):
        tenths([])


FAKE = """
import argparse, json
parser = argparse.ArgumentParser()
for flag in ("--seed", "--slope", "--out"):
    parser.add_argument(flag)
args = parser.parse_args()
rise = float(args.slope) * (1 + int(args.seed))
open(args.out, "w").writelines(json.dumps({"reward": rise * i}) + chr(10) for i in range(10))
"""


@pytest.fixture
def measure(tmp_path, capsys):
    """Returns a function: flags of the example -> (exit status, stdout, stderr)."""
    example = tmp_path / "fake.py"
    example.write_text(FAKE)

    def call(*flags):
        status = rising.main([str(example), "--seeds", "3", "--out", str(tmp_path / "curves"), *flags])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_rising_by_hand(measure):
    status, output, _ = measure("--slope", "0.01")  # rises by 0.09, 0.18 and 0.27
    assert status == 0
    assert "seed 2: first tenth +0.000, last tenth +0.270" in output
    assert "3 seeds: +0.180 [+0.090, +0.270]: it rises" in output


def test_a_falling_curve_does_not_pass(measure):
    status, output, _ = measure("--slope", "-0.01")
    assert status == 1
    assert "[-0.270, -0.090]: no rise that this many seeds can tell" in output


def test_an_example_that_fails_is_named(measure):
    status, _, error = measure("--slope", "steep")
    assert status == 1
    assert error.startswith("error: ")
    assert "--seed 0 ended with status 1: see" in error

"""interval_coverage.py: percentile intervals of few seeds cover too little, those of many enough."""

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.whole

TIMES = np.exp([5.7, 5.9, 6.1])  # the logarithms have a standard deviation of 0.2


def test_coverage_follows_the_number_of_seeds():
    """A mean of n normal values whose spread is taken from them, as a percentile bootstrap takes it (no
    (n-1)/n, normal ends instead of Student's), is held with P(|t_(n-1)| < 1.96 sqrt((n-1)/n)): 0.75 for 3
    seeds, 0.85 for 5, 0.94 for 40. A ratio of two such means comes near it."""
    from examples.measurements.interval_coverage import coverage

    found = {seeds: coverage(TIMES, 2 * TIMES, seeds=seeds, studies=400) for seeds in (3, 40)}
    assert found[3] == pytest.approx(0.75, abs=0.08)
    assert found[40] == pytest.approx(0.94, abs=0.04)


def test_bca_covers_more_than_percentiles_do():
    from examples.measurements.interval_coverage import coverage

    found = {
        method: coverage(TIMES, 2 * TIMES, seeds=8, studies=300, method=method)
        for method in ("percentile", "bca")
    }
    assert found["percentile"] - 0.01 <= found["bca"] < 0.97


@pytest.mark.parametrize(
    ("study", "contrast", "expected"),
    [
        ("tiny-quick", "Token-level against the scalar standard", (344, 449, 4)),
        pytest.param(
            "tiny",
            "Token-level against the scalar standard, 16 tokens",
            (346, 463, 10),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_committed_studies_have_contrasts_without_censored_runs(study, contrast, expected):
    """Mean episodes to the goal of both arms, as the tables of docs/results have them, and seeds."""
    from examples.measurements.interval_coverage import read_contrasts

    path = Path(__file__).parents[3] / "docs" / "results" / f"{study}.jsonl.xz"
    found = {name: (treatment, control) for name, treatment, control in read_contrasts(path)}
    treatment, control = found[contrast]
    assert (round(treatment.mean()), round(control.mean()), len(control)) == expected
    assert not any("placebo" in name for name in found)  # its runs never got there, or not all

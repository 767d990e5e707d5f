"""Rows drawn again: multinomial counts, and the ends of their interval."""

import sys
from statistics import NormalDist

import numpy as np
import pytest

from agents.stats import resampling


def test_counts_have_the_moments_of_a_multinomial():
    counts = resampling.draw_counts(4, resamples=20_000, rng=np.random.default_rng(0))  # (20000, 4)
    assert (counts.sum(axis=1) == 4).all()
    # mean 1, variance n p (1 - p) = 3/4, covariance -n p p = -1/4; tolerances of about four standard errors
    assert counts.mean(axis=0) == pytest.approx([1.0] * 4, abs=0.025)
    expected = np.where(np.eye(4, dtype=bool), 0.75, -0.25)
    assert np.cov(counts.T) == pytest.approx(expected, abs=0.035)


def test_counts_of_two_rows_occur_as_often_as_draws_of_two():
    counts = resampling.draw_counts(2, resamples=8_000, rng=np.random.default_rng(1))
    first = [float((counts[:, 0] == k).mean()) for k in range(3)]
    assert first == pytest.approx([0.25, 0.5, 0.25], abs=0.025)


def test_ends_lie_at_equal_shares():
    low, high = resampling.percentile_ends(np.arange(101), 0.9)
    assert (low, high) == (pytest.approx(5.0), pytest.approx(95.0))
    low, high = resampling.percentile_ends(np.stack([np.arange(101), np.full(101, 7)], axis=1), 0.5)
    assert low.tolist() == [25.0, 7.0]
    assert high.tolist() == [75.0, 7.0]


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_wrong_level_is_named(level):
    with pytest.raises(ValueError, match=f"level must lie between 0 and 1, got {level}"):
        resampling.percentile_ends([1.0], level)


def test_no_resamples_are_refused():
    with pytest.raises(ValueError, match="resamples must be at least 1, got 0"):
        resampling.draw_counts(3, resamples=0, rng=np.random.default_rng(0))


def bca_by_the_book(rows, statistic, *, level, resamples, seed):
    """As Efron and Tibshirani 1993 write it, equations 14.10 to 14.15, in a loop."""
    normal, rng = NormalDist(), np.random.default_rng(seed)
    draws = np.array([statistic(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(resamples)])
    value = statistic(rows)
    below = (np.sum(draws < value - 1e-12) + np.sum(draws <= value + 1e-12)) / (2 * resamples)
    z0 = normal.inv_cdf(below)
    left_out = np.array([statistic(np.delete(rows, i)) for i in range(len(rows))])
    apart = left_out.mean() - left_out
    acceleration = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5)
    ends = []
    for share in ((1 - level) / 2, (1 + level) / 2):
        z = z0 + normal.inv_cdf(share)
        ends.append(np.quantile(draws, normal.cdf(z0 + z / (1 - acceleration * z))))
    return ends


@pytest.mark.parametrize(
    "statistic", [np.mean, lambda rows, axis=-1: rows.std(axis=axis, ddof=1)], ids=["mean", "deviation"]
)
def test_bca_is_that_of_the_book(statistic):
    rows = np.random.default_rng(2).exponential(size=12)
    given = {"level": 0.9, "resamples": 500, "seed": 4}
    found = resampling.bootstrap_ends([rows], statistic, method="bca", **given)
    assert found == pytest.approx(bca_by_the_book(rows, statistic, **given), rel=1e-9)


def test_percentile_ends_are_those_of_rows_drawn_in_a_loop():
    """With the very draws that intervals of before were made of."""
    rows, rng = np.array([0.0, 1.0, 2.0, 5.0, 9.0]), np.random.default_rng(0)
    means = [rows[rng.integers(0, 5, 5)].mean() for _ in range(2000)]
    found = resampling.bootstrap_ends(
        [rows], np.mean, method="percentile", level=0.95, resamples=2000, seed=0
    )
    assert found == pytest.approx(np.quantile(means, [0.025, 0.975]), rel=1e-12)


def test_bca_of_skewed_rows_is_wrong_less_often():
    """Means of 12 exponential rows: the truth, 1, lies above most percentile intervals that miss it."""
    held = {"bca": 0, "percentile": 0}
    rng = np.random.default_rng(0)
    for seed in range(500):
        rows = rng.exponential(size=12)
        for method in held:
            low, high = resampling.bootstrap_ends(
                [rows], np.mean, method=method, level=0.95, resamples=400, seed=seed
            )
            held[method] += low <= 1.0 <= high
    assert held["percentile"] < held["bca"] < 0.97 * 500
    assert held["bca"] > 0.84 * 500


@pytest.mark.parametrize("method", ["bca", "percentile"])
@pytest.mark.parametrize("rows", [[3.0], [3.0, 3.0, 3.0]])
def test_rows_that_are_alike_leave_no_doubt(method, rows):
    found = resampling.bootstrap_ends(
        [np.array(rows)], np.mean, method=method, level=0.95, resamples=50, seed=0
    )
    assert found == (3.0, 3.0)


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="method must be one of bca, percentile, t, got 'BCA'"):
        resampling.bootstrap_ends([np.zeros(2)], np.mean, method="BCA", level=0.9, resamples=9, seed=0)


def test_without_scipy_an_interval_names_what_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(
        ImportError, match=r"bootstrap intervals need .*'scipy'.*pip install 'rlsf-gym\[report\]'"
    ):
        resampling.bootstrap_ends([np.arange(3.0)], np.mean, method="bca", level=0.9, resamples=9, seed=0)

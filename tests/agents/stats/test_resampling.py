"""Rows drawn again: multinomial counts, and the ends of their interval."""

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

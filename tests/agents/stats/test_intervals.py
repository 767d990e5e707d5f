"""Numbers with intervals: literals worked by hand, and slow formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.stats import intervals as statistics


def test_interval_contains_the_mean_and_is_reproducible():
    values = [0.0, 1.0, 2.0, 5.0]
    first = statistics.bootstrap_interval(values, seed=3)
    assert first == statistics.bootstrap_interval(values, seed=3)
    assert first.value == 2.0
    assert first.low < 2.0 < first.high


def test_interval_of_normal_rows_matches_the_textbook_width():
    rows = np.random.default_rng(0).normal(size=400)
    interval = statistics.bootstrap_interval(rows, resamples=4000)
    expected = 2 * 1.96 * rows.std() / math.sqrt(400)
    assert interval.high - interval.low == pytest.approx(expected, rel=0.1)  # resampling noise


def test_global_generator_is_left_alone():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    statistics.bootstrap_interval([1.0, 2.0])
    statistics.spread([1.0, 2.0])
    assert (np.random.get_state()[1] == before).all()


def test_paired_difference_uses_the_pairs():
    # The rows differ wildly, the differences do not.
    assert statistics.paired_difference([1.5, 100.5], [1.0, 100.0]) == (0.5, 0.5, 0.5)


def test_interquartile_mean_cuts_a_quarter_at_either_end():
    assert statistics.interquartile_mean([100, 1, 2, 3, 4, 5, 6, -100]) == 3.5  # mean of 2, 3, 4, 5
    assert statistics.interquartile_mean([1, 2, 9]) == 4.0  # too few to cut


def test_spread_of_two_seeds():
    # mean 3, deviations -2 and 2: sqrt(8 / 1); a resample is one seed twice, or both
    interval = statistics.spread([1.0, 5.0])
    assert interval.value == pytest.approx(math.sqrt(8))
    assert interval.low == 0.0
    assert interval.high == pytest.approx(math.sqrt(8))


def test_spread_of_many_rows_matches_the_textbook_width():
    # The standard error of a normal sample's deviation is sigma / sqrt(2 (S - 1)).
    rows = np.random.default_rng(0).normal(scale=3.0, size=800)
    interval = statistics.spread(rows, resamples=4000)
    expected = 2 * 1.96 * interval.value / math.sqrt(2 * 799)
    assert interval.high - interval.low == pytest.approx(expected, rel=0.15)  # kurtosis, resampling noise


def test_interval_of_the_spread_holds_the_truth_less_often_than_it_says():
    rng = np.random.default_rng(0)
    intervals = [statistics.spread(rng.normal(size=10), resamples=300) for _ in range(400)]
    covered = np.mean([interval.low <= 1.0 <= interval.high for interval in intervals])
    assert 0.7 < covered < 0.82  # "about three of four cases"


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8), st.floats(-100, 100))
def test_spread_does_not_move_with_the_rows(rows, shift):
    # The resamples are the same; tolerance for the rounding of the shift.
    still, moved = statistics.spread(rows, resamples=50), statistics.spread(np.add(rows, shift), resamples=50)
    assert moved == pytest.approx(still, abs=1e-9)


def test_failure_rate_solves_the_equation_of_the_score_test():
    # Both ends p satisfy |share - p| = z sqrt(p (1 - p) / n), z = 1.959964 for 95 %.
    for failed, runs in [(3, 10), (1, 40), (19, 20)]:
        interval = statistics.failure_rate(failed, runs)
        assert interval.value == failed / runs
        for end in (interval.low, interval.high):
            assert abs(failed / runs - end) == pytest.approx(
                1.959964 * math.sqrt(end * (1 - end) / runs), rel=1e-6
            )
        assert interval.low < interval.value < interval.high


def test_failure_rate_of_none_and_of_all():
    # The upper end for none of n is z^2 / (n + z^2) = 3.841459 / 13.841459.
    none, every = statistics.failure_rate(0, 10), statistics.failure_rate(10, 10)
    assert none == (0.0, 0.0, pytest.approx(3.841459 / 13.841459))
    assert every == (1.0, pytest.approx(10 / 13.841459), 1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: statistics.bootstrap_interval([]), r"values .* got shape \(0,\)"),
        (lambda: statistics.bootstrap_interval([1.0], level=95), "level .* got 95"),
        (lambda: statistics.bootstrap_interval([1.0], resamples=0), "resamples must be at least 1, got 0"),
        (lambda: statistics.paired_difference([1.0], [1.0, 2.0]), "got 1 and 2 rows"),
        (lambda: statistics.spread([1.0]), "two seeds, got 1"),
        (lambda: statistics.spread([1.0, math.inf]), "values must be finite, got inf at position 1"),
        (lambda: statistics.spread([1.0, 2.0], level=1.0), "level .* got 1.0"),
        (lambda: statistics.spread([1.0, 2.0], resamples=0), "resamples must be at least 1, got 0"),
        (lambda: statistics.failure_rate(3, 2), "got 3 of 2"),
        (lambda: statistics.failure_rate(-1, 2), "got -1 of 2"),
        (lambda: statistics.failure_rate(0, 0), "got 0 of 0"),
        (lambda: statistics.failure_rate(0, 1, level=0.0), "level .* got 0.0"),
    ],
)
def test_wrong_input_is_named(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    assert "\n" not in str(error.value)


def test_a_t_interval_of_a_mean_by_hand():
    # Mean 2, deviation 1, three rows: Student's quantile with two degrees is 4.3027.
    found = statistics.mean_interval([1.0, 2.0, 3.0], method="t")
    half = 4.302653 / math.sqrt(3)
    assert found == pytest.approx((2.0, 2.0 - half, 2.0 + half), rel=1e-6)
    assert statistics.paired_difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], method="t") == found
    assert statistics.mean_interval([5.0], method="t") == (5.0, 5.0, 5.0)
    assert statistics.mean_interval([0.0, 1.0]) == statistics.bootstrap_interval([0.0, 1.0])


def test_a_bootstrap_makes_no_t_interval():
    with pytest.raises(ValueError, match="got 't'; use mean_interval"):
        statistics.bootstrap_interval([1.0, 2.0], method="t")
    with pytest.raises(ValueError, match="finite"):
        statistics.mean_interval([1.0, math.inf], method="t")
    rows = [1.0, 2.0, 4.0]
    assert statistics.spread(rows, method="t") == statistics.spread(rows, method="bca")

"""Measures over runs of several groups: by hand, by brute force, and by how often they hold the truth."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.stats import aggregates
from agents.stats.intervals import bootstrap_interval

GROUPS = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=5), min_size=1, max_size=3)


def pooled_mean(groups):
    return float(np.concatenate(groups).mean())


def test_one_group_is_the_plain_bootstrap():
    rows = [0.0, 1.0, 2.0, 5.0]
    assert aggregates.stratified_bootstrap([rows], pooled_mean, seed=3) == bootstrap_interval(rows, seed=3)


def test_runs_are_drawn_within_their_group():
    # Each group is constant, so no resample moves; drawn from the pool, they would.
    assert aggregates.stratified_bootstrap([[0.0] * 4, [8.0] * 4], pooled_mean) == (4.0, 4.0, 4.0)


def test_statistic_sees_every_group_in_order_and_at_its_size():
    seen = set()

    def note(groups):
        seen.add(tuple(len(group) for group in groups))
        assert set(groups[0]) <= {1.0, 2.0}
        assert set(groups[1]) <= {5.0}
        return 0.0

    aggregates.stratified_bootstrap([[1, 2, 2], [5]], note, resamples=20, method="percentile")
    assert seen == {(3, 1)}
    aggregates.stratified_bootstrap([[1, 2, 2], [5]], note, resamples=20)
    assert seen == {(3, 1), (2, 1)}  # BCa leaves each run out once, but for one that is alone


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_intervals_are_repeatable_and_follow_seed_and_level(method):
    groups = [[0.0, 1.0, 2.0, 5.0, 3.1, 0.4], [1.0, 7.0, 2.0, 2.7, 4.4]]
    first = aggregates.interquartile_mean_interval(groups, seed=1, method=method)
    assert first == aggregates.interquartile_mean_interval(groups, seed=1, method=method)
    assert first != aggregates.interquartile_mean_interval(groups, seed=2, method=method)
    narrow = aggregates.interquartile_mean_interval(groups, seed=1, level=0.5, method=method)
    assert first.low < narrow.low <= narrow.value <= narrow.high < first.high


def test_interval_holds_the_truth_as_often_as_it_says():
    """Two groups of 20 normal rows about 0 and 10: the mean of both is 5 in truth."""
    rng = np.random.default_rng(0)
    held, width = 0, []
    for seed in range(400):
        groups = [rng.normal(0.0, 1.0, 20), rng.normal(10.0, 1.0, 20)]
        found = aggregates.stratified_bootstrap(groups, pooled_mean, resamples=200, seed=seed)
        held += found.low <= 5.0 <= found.high
        width.append(found.high - found.low)
    # 95 % less what 20 rows and 200 resamples cost; 1.1 % is one standard error
    assert 0.90 < held / 400 < 0.97
    # Rows drawn again vary by 19/20 of the variance; drawn from the pool they would vary 26 times as much.
    assert np.mean(width) == pytest.approx(2 * 1.96 * math.sqrt(19 / 20 / 40), rel=0.05)


def test_interquartile_mean_is_over_the_pool():
    # 0 0 | 1 2 3 4 | 50 90 of both groups; one group alone would cut 0 and 50
    found = aggregates.interquartile_mean_interval([[0, 1, 2, 50], [0, 3, 4, 90]])
    assert found.value == 2.5
    assert found.low < 2.5 < found.high


def test_probability_of_improvement_worked_by_hand():
    # First group: 3 > 1, 3 > 2, 2 > 1, 2 = 2: 3.5 of 4. Second: infinity > 5 twice, 4 < 5 twice: 1 of 2.
    found = aggregates.probability_of_improvement([[3, 2], [math.inf, 4]], [[1, 2], [5, 5]])
    assert found.value == pytest.approx((3.5 / 4 + 1 / 2) / 2)
    assert found.low < found.value < found.high


@given(GROUPS, st.data())
def test_probability_of_improvement_is_the_share_of_pairs(treatment, data):
    control = data.draw(
        st.lists(
            st.lists(st.integers(0, 4), min_size=1, max_size=5),
            min_size=len(treatment),
            max_size=len(treatment),
        )
    )
    shares = []
    for xs, ys in zip(treatment, control, strict=True):
        wins = [1.0 if x > y else 0.5 if x == y else 0.0 for x, y in itertools.product(xs, ys)]
        shares.append(sum(wins) / len(wins))
    found = aggregates.probability_of_improvement(treatment, control, resamples=50)
    back = aggregates.probability_of_improvement(control, treatment, resamples=50)
    assert found.value == pytest.approx(sum(shares) / len(shares))
    assert found.value + back.value == pytest.approx(1.0)
    assert 0.0 <= found.low <= found.high <= 1.0 + 1e-12


def test_probability_of_improvement_resamples_as_the_definition_says():
    """The draws by counts have the distribution of draws by rows, enumerated here."""
    first, second = [1.0, 3.0], [0.0, 2.0]
    values = [
        np.mean([x > y for x in xs for y in ys])
        for xs in itertools.product(first, repeat=2)
        for ys in itertools.product(second, repeat=2)
    ]  # all 16 are equally likely
    for level in (0.3, 0.5, 0.8):
        low, high = np.quantile(np.repeat(values, 1000), [(1 - level) / 2, (1 + level) / 2])
        found = aggregates.probability_of_improvement(
            [first], [second], level=level, resamples=20_000, method="percentile"
        )
        assert found == (0.75, pytest.approx(low), pytest.approx(high))


def test_bca_of_the_probability_of_improvement_holds_the_truth_as_often_as_it_says():
    """X above Y by one deviation of either: P(X > Y) = Phi(1 / sqrt 2) = 0.7602."""
    rng = np.random.default_rng(3)
    held = 0
    for seed in range(300):
        x, y = rng.normal(1.0, 1.0, 25), rng.normal(0.0, 1.0, 25)
        found = aggregates.probability_of_improvement([x], [y], resamples=300, seed=seed)
        held += found.low <= 0.7602 <= found.high
    assert 0.90 < held / 300 < 0.98


def test_arms_that_never_touch_are_certain():
    assert aggregates.probability_of_improvement([[3, 4], [5, 6]], [[1, 2], [0, 0]]) == (1.0, 1.0, 1.0)
    assert aggregates.probability_of_improvement([[2, 2, 2]] * 3, [[2, 2]] * 3) == (0.5, 0.5, 0.5)


def test_profile_worked_by_hand():
    # Above 1: 1 of 2 and 3 of 4. Above 2: 0 and 2 of 4. Both groups weigh alike.
    found = aggregates.performance_profile([[1, 2], [1, 2, 3, math.inf]], [0, 1, 2, 3, math.inf])
    assert found.thresholds.tolist() == [0, 1, 2, 3, math.inf]
    assert found.share.tolist() == [1.0, (1 / 2 + 3 / 4) / 2, 1 / 4, 1 / 8, 0.0]
    assert (found.low <= found.share).all()
    assert (found.share <= found.high).all()
    assert (found.low[0], found.high[0]) == (1.0, 1.0)  # every resample lies above 0
    assert (found.low[-1], found.high[-1]) == (0.0, 0.0)


def test_profile_interval_is_that_of_a_binomial():
    # 30 of 100 above: a resampled share is binomial (100, 0.3) / 100, with quantiles 0.21 and 0.39.
    found = aggregates.performance_profile([[1.0] * 30 + [0.0] * 70], [0.5], resamples=20_000)
    assert (found.low[0], found.high[0]) == (pytest.approx(0.21, abs=0.011), pytest.approx(0.39, abs=0.011))


@given(GROUPS)
def test_profile_falls(groups):
    found = aggregates.performance_profile(groups, [-1, 0, 1, 2, 3, 4], resamples=50)
    for row in (found.share, found.low, found.high):
        assert (np.diff(row) <= 1e-12).all()
    assert (found.share[0], found.share[-1]) == (1.0, 0.0)


@given(GROUPS)
def test_area_under_the_profile_is_the_mean_of_the_groups(groups):
    """Of whole numbers from 0 to 4, the sum over 0, 1, 2, 3 of P(x > tau)."""
    found = aggregates.performance_profile(groups, [0, 1, 2, 3], resamples=1)
    assert found.share.sum() == pytest.approx(np.mean([np.mean(group) for group in groups]))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: aggregates.stratified_bootstrap([], pooled_mean), "groups must hold at least one group"),
        (lambda: aggregates.stratified_bootstrap([[]], pooled_mean), r"groups\[0\] .* got shape \(0,\)"),
        (lambda: aggregates.stratified_bootstrap([[1.0], [math.nan]], pooled_mean), r"groups\[1\] .* no NaN"),
        (lambda: aggregates.stratified_bootstrap([[1.0]], pooled_mean, level=2.0), "level .* got 2.0"),
        (lambda: aggregates.stratified_bootstrap([[1.0]], pooled_mean, resamples=0), "resamples .* got 0"),
        (
            lambda: aggregates.interquartile_mean_interval([[1.0, math.inf]], resamples=10),
            "statistic must be finite .* got inf for the groups",
        ),
        (
            lambda: aggregates.interquartile_mean_interval([[1.0, 1.0, 1.0, math.inf]], resamples=50),
            r"got 1.0 for the groups and \d+ of 50 resamples without",
        ),
        (
            lambda: aggregates.probability_of_improvement([[1]], [[1], [2]]),
            "got 1 under treatment and 2 under",
        ),
        (
            lambda: aggregates.probability_of_improvement([[1]], [[math.nan]]),
            r"control_groups\[0\] .* no NaN",
        ),
        (lambda: aggregates.probability_of_improvement([[1]], [[2]], resamples=-1), "resamples .* got -1"),
        (lambda: aggregates.probability_of_improvement([[1]], [[2]], level=0.0), "level .* got 0.0"),
        (lambda: aggregates.performance_profile([[1]], []), r"thresholds .* got shape \(0,\)"),
        (lambda: aggregates.performance_profile([[1]], [1], resamples=0), "resamples .* got 0"),
        (lambda: aggregates.performance_profile([[1]], [1], level=1.0), "level .* got 1.0"),
    ],
)
def test_wrong_input_is_named(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    assert "\n" not in str(error.value)

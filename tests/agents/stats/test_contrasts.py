"""Paired arms: worked by hand, by enumeration, and by how often they hold the truth."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.stats import contrasts

INF = math.inf
TIMES = st.lists(
    st.tuples(st.floats(1, 100) | st.just(INF), st.floats(1, 100) | st.just(INF)), min_size=1, max_size=6
)
DIFFERENCES = st.lists(st.integers(-5, 5), min_size=1, max_size=8)


def test_speed_up_of_complete_times_is_the_ratio_of_means():
    found = contrasts.speed_up([10, 20, 30], [30, 30, 90], horizon=100)
    assert found.value == pytest.approx(150 / 60)
    assert found.low < 2.5 < found.high
    assert (found.treatment_censored, found.control_censored) == (0, 0)
    assert not found.is_lower_bound
    assert not found.is_upper_bound


def test_censored_times_count_as_the_horizon():
    # (40 + 100 + 100) / (20 + 40 + 60), two of three cut off: one never, one behind the horizon
    found = contrasts.speed_up([20, 40, 60], [40, INF, 130], horizon=100)
    assert found.value == pytest.approx(240 / 120)
    assert (found.treatment_censored, found.control_censored) == (0, 2)
    assert found.is_lower_bound
    assert not found.is_upper_bound


def test_a_time_at_the_horizon_was_reached():
    assert contrasts.speed_up([50], [100], horizon=100) == (2.0, 2.0, 2.0, 0, 0)
    assert contrasts.speed_up([100], [50], horizon=100) == (0.5, 0.5, 0.5, 0, 0)


def test_bounds_hold_only_where_one_arm_was_cut_off():
    slower = contrasts.speed_up([INF, 40], [20, 40], horizon=100)
    assert slower.value == pytest.approx(60 / 140)
    assert slower.is_upper_bound
    assert not slower.is_lower_bound
    both = contrasts.speed_up([INF, 10, 10], [INF, INF, 10], horizon=100)
    assert (both.treatment_censored, both.control_censored) == (1, 2)
    assert not both.is_lower_bound
    assert not both.is_upper_bound


def test_nobody_arrived():
    assert contrasts.speed_up([INF, INF], [INF, INF], horizon=100) == (1.0, 1.0, 1.0, 2, 2)


@given(TIMES)
def test_a_lower_bound_is_one(pairs):
    """Whatever the censored times of the control really were."""
    treatment, control = np.array(pairs).T
    found = contrasts.speed_up(treatment, control, horizon=50, resamples=1)
    for late in (50.5, 80.0, 1e6):
        full = np.where(np.isinf(control), late, control).mean() / treatment.mean()
        assert not found.is_lower_bound or found.value <= full


@given(TIMES, st.floats(0.01, 1000))
def test_speed_up_has_no_unit(pairs, unit):
    treatment, control = np.array(pairs).T
    found = contrasts.speed_up(treatment, control, horizon=60, resamples=100)
    scaled = contrasts.speed_up(treatment * unit, control * unit, horizon=60 * unit, resamples=100)
    assert scaled[:3] == pytest.approx(found[:3])
    if 60 not in control and 60 not in treatment:  # there, rounding decides on which side of the horizon
        assert scaled[3:] == found[3:]


def test_constant_ratios_leave_no_doubt():
    # Pairs are drawn together: every resample has the ratio 3, however different the seeds are.
    treatment = np.array([1.0, 10.0, 100.0])
    found = contrasts.speed_up(treatment, 3 * treatment, horizon=1000)
    assert found[:3] == pytest.approx((3.0, 3.0, 3.0))


def test_interval_equals_that_of_rows_drawn_in_a_loop():
    treatment, control = np.array([12.0, 30.0, 22.0, 41.0, 17.0]), np.array([40.0, 55.0, 38.0, 60.0, 60.0])
    rng = np.random.default_rng(7)
    ratios = []
    for _ in range(20_000):
        rows = rng.integers(0, 5, 5)
        ratios.append(control[rows].mean() / treatment[rows].mean())
    low, high = np.quantile(ratios, [0.05, 0.95])
    found = contrasts.speed_up(treatment, control, horizon=60, level=0.9, resamples=20_000)
    # Two sets of resamples: the ends agree to a few per cent of the width.
    assert found.low == pytest.approx(low, abs=0.03 * (high - low))
    assert found.high == pytest.approx(high, abs=0.03 * (high - low))


def test_equal_arms_give_one_as_often_as_they_say():
    """Seeds make both arms slow together; neither is faster."""
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(400):
        seeds = rng.gamma(20, 10, 20)
        arms = seeds * rng.gamma(20, 0.05, (2, 20))
        found = contrasts.speed_up(*arms, horizon=300, resamples=300, seed=seed)
        held += found.low <= 1.0 <= found.high
    assert 0.90 < held / 400 < 0.975  # 95 % less what 20 seeds cost; 1.1 % is one standard error


@pytest.mark.parametrize(
    ("differences", "hits", "of"),
    [
        ([1, 2, 3], 2, 8),  # +++ and ---
        ([1, -2, 3], 6, 8),  # |2| is reached by sums 6, 4, 2, not by 0 (1 + 2 - 3, and its opposite)
        ([1, 1, 1, 1], 2, 16),
        ([2, 1, 1, 0], 4, 16),  # the sign of 0 is free
        ([1, 1, -1], 8, 8),  # sums are 3 or 1 in size, all at least 1
        ([5], 2, 2),
        ([0, 0], 4, 4),
    ],
)
def test_sign_flips_counted_by_hand(differences, hits, of):
    assert contrasts.sign_flip_test(differences) == hits / of


@given(DIFFERENCES)
def test_sign_flips_equal_the_slow_count(differences):
    """In whole numbers, so that equal sums are equal."""
    seen = abs(sum(differences))
    sums = [
        abs(sum(sign * d for sign, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    assert contrasts.sign_flip_test(differences) == sum(one >= seen for one in sums) / len(sums)


@given(DIFFERENCES)
def test_sign_flips_count_equal_sums_in_spite_of_rounding(differences):
    # 0.1 + 0.2 - 0.3 is not 0 in floating point.
    assert contrasts.sign_flip_test(np.array(differences) * 0.1) == contrasts.sign_flip_test(differences)


@given(DIFFERENCES)
def test_sign_flips_do_not_ask_which_arm_is_first(differences):
    p = contrasts.sign_flip_test(differences)
    assert contrasts.sign_flip_test([-d for d in differences]) == p
    assert 2 / 2 ** len(differences) <= p <= 1


def test_twelve_seeds_are_exact_and_more_are_drawn():
    assert contrasts.sign_flip_test([1.0] * 12) == 2 / 4096
    # 14 ones of 16: as many or more have probability 2 (1 + 16 + 120) / 65536 = 0.00418
    drawn = contrasts.sign_flip_test([1.0] * 14 + [-1.0] * 2, draws=200_000)
    assert drawn == pytest.approx(274 / 65536, rel=0.15)  # four standard errors
    assert contrasts.sign_flip_test([1.0] * 60, draws=99) == 1 / 100  # never 0


def test_sign_flips_reject_as_seldom_as_they_say():
    rng = np.random.default_rng(0)
    p = np.array([contrasts.sign_flip_test(rng.normal(size=8)) for _ in range(1000)])
    assert (p <= 0.05).mean() == pytest.approx(0.047, abs=0.028)  # 12 of 256; four standard errors


def test_holm_worked_by_hand():
    # In order 0.005 0.01 0.03 0.04, times 4 3 2 1: 0.02 0.03 0.06 0.04, and the last is raised to 0.06.
    assert contrasts.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert contrasts.holm([0.9, 0.6]) == [1.0, 1.0]
    assert contrasts.holm([0.2]) == [0.2]
    assert contrasts.holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=7), st.floats(0.001, 0.5))
def test_holm_rejects_what_stepping_down_rejects(p_values, alpha):
    rejected = set()
    for rank, (p, i) in enumerate(sorted(zip(p_values, range(len(p_values)), strict=True))):
        if (len(p_values) - rank) * p > alpha:
            break
        rejected.add(i)
    adjusted = contrasts.holm(p_values)
    assert {i for i, p in enumerate(adjusted) if p <= alpha} == rejected
    assert all(p <= q <= min(1.0, len(p_values) * p) for p, q in zip(p_values, adjusted, strict=True))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: contrasts.speed_up([1, 2], [1], horizon=9), "got 2 and 1 seeds"),
        (lambda: contrasts.speed_up([], [], horizon=9), "treatment must be one or more"),
        (lambda: contrasts.speed_up([0.0], [1.0], horizon=9), "treatment must hold times above 0, got 0.0"),
        (lambda: contrasts.speed_up([1.0], [-2.0], horizon=9), "control must hold times above 0, got -2.0"),
        (lambda: contrasts.speed_up([math.nan], [1.0], horizon=9), "treatment must hold no NaN"),
        (
            lambda: contrasts.speed_up([1.0], [1.0], horizon=INF),
            "horizon must be finite and above 0, got inf",
        ),
        (lambda: contrasts.speed_up([1.0], [1.0], horizon=0), "horizon must be finite and above 0, got 0"),
        (lambda: contrasts.speed_up([1.0], [1.0], horizon=9, level=0.0), "level .* got 0.0"),
        (lambda: contrasts.speed_up([1.0], [1.0], horizon=9, resamples=0), "resamples .* got 0"),
        (lambda: contrasts.sign_flip_test([]), "differences must be one or more"),
        (lambda: contrasts.sign_flip_test([INF]), "differences must be finite, got inf"),
        (lambda: contrasts.sign_flip_test([1.0], draws=0), "draws must be at least 1, got 0"),
        (lambda: contrasts.holm([0.5, 1.5]), "p values must lie between 0 and 1, got 1.5"),
        (lambda: contrasts.holm([math.nan]), "p values must lie between 0 and 1, got nan"),
    ],
)
def test_wrong_input_is_named(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    assert "\n" not in str(error.value)


def test_log_ratio_by_hand():
    # log 2 and log 4: mean 1.5 log 2, deviation log 2 / sqrt 2; Student's quantile with one degree is 12.706.
    value, low, high = contrasts.log_ratio([10.0, 20.0], [20.0, 80.0])
    half = 12.7062 * math.log(2) / 2
    assert value == pytest.approx(2**1.5)
    assert [low, high] == pytest.approx([2**1.5 * math.exp(-half), 2**1.5 * math.exp(half)], rel=1e-4)
    assert contrasts.log_ratio([10.0, 20.0], [20.0, 80.0], level=0.5).high == pytest.approx(
        4.0
    )  # the quantile is 1


@pytest.mark.parametrize("times", [[10.0, math.inf], [10.0, 0.0], [10.0, -1.0], [10.0]])
def test_a_log_ratio_needs_times_that_are_known(times):
    with pytest.raises(ValueError, match="treatment must hold two finite times above 0 or more"):
        contrasts.log_ratio(times, [20.0] * len(times))


def test_a_speed_up_by_t_is_that_of_the_log_ratios():
    """The mean of log 2 and log 4, as above; of one pair of runs the ratio is all that there is."""
    found = contrasts.speed_up([10, 20], [20, 80], horizon=100, method="t")
    half = 12.7062 * math.log(2) / 2
    assert found.value == pytest.approx(2**1.5)
    assert (found.low, found.high) == pytest.approx(
        (2**1.5 * math.exp(-half), 2**1.5 * math.exp(half)), rel=1e-4
    )
    assert contrasts.speed_up([50], [100], horizon=100, method="t")[:3] == pytest.approx((2.0, 2.0, 2.0))


def test_a_speed_up_by_t_caps_what_was_cut_off():
    # log(40 / 20) and log(100 / 50): both 2
    found = contrasts.speed_up([20, 50], [40, INF], horizon=100, method="t")
    assert found[:3] == pytest.approx((2.0, 2.0, 2.0))
    assert found.is_lower_bound and found.control_censored == 1


def test_a_ratio_of_speed_ups_by_hand():
    """Speed-ups of 4 and 8 at one place, 2 and 2 at the other: ratios 2 and 4, as in the log ratio above."""
    here, there = ([10, 10], [40, 80]), ([30, 10], [60, 20])
    found = contrasts.ratio_of_speed_ups(here, there, horizons=(100, 100))
    half = 12.7062 * math.log(2) / 2
    assert found[:3] == pytest.approx((2**1.5, 2**1.5 * math.exp(-half), 2**1.5 * math.exp(half)), rel=1e-4)
    assert found.p == 0.5 and found.bound is None  # ++ and -- of four
    turned = contrasts.ratio_of_speed_ups(there, here, horizons=(100, 100))
    assert turned.value == pytest.approx(1 / found.value) and turned.p == found.p


@pytest.mark.parametrize(
    ("cut", "bound"),
    [
        ((), None),
        ((1,), "lower"),
        ((2,), "lower"),
        ((0,), "upper"),
        ((3,), "upper"),
        ((1, 2), "lower"),
        ((0, 1), None),
    ],
)
def test_what_was_cut_off_bounds_a_ratio_of_speed_ups(cut, bound):
    """In order: treatment and control here, and there."""
    arms = [[INF if number in cut else 10.0, 10.0] for number in range(4)]
    found = contrasts.ratio_of_speed_ups((arms[0], arms[1]), (arms[2], arms[3]), horizons=(20, 20))
    assert found.bound == bound


def test_the_arms_of_a_ratio_of_speed_ups_are_paired():
    with pytest.raises(ValueError, match="got 2 and 1 seeds"):
        contrasts.ratio_of_speed_ups(([1.0, 2.0], [1.0, 2.0]), ([1.0], [1.0]), horizons=(9, 9))

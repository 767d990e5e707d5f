"""Numbers read off curves: literals worked by hand, and a fine grid."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.stats import curves as learning_curves

# Small integers, so that goals are hit exactly, passed, and missed.
POINTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=6)


def test_area_weighs_by_episodes():
    assert learning_curves.area_under_curve([0, 1, 4], [1.0, 3.0, 3.0]) == pytest.approx((2 + 9) / 4)


def test_threshold_is_reached_between_points_or_not_at_all():
    assert learning_curves.episodes_to_reach([10, 20], [0.5, 0.6], 0.4) == 10
    assert learning_curves.episodes_to_reach([0, 4, 8], [0.0, 0.2, 0.6], 0.4) == pytest.approx(6)
    assert math.isinf(learning_curves.episodes_to_reach([0, 1], [0.0, 0.1], 0.5))


def test_a_goal_counts_from_the_first_point_that_is_told():
    curve = ([0, 10, 20, 30], [0.9, 0.1, 0.3, 0.7], [0.0] * 4)
    times = [
        learning_curves.episodes_to_goal(*curve, goal=0.5, max_kl=1.0, first=first) for first in (0, 1, 9)
    ]
    assert times == [0.0, 25.0, 30.0]  # of a curve that is shorter, its last point


def test_moving_average_uses_fewer_values_at_the_start():
    assert learning_curves.moving_average([2, 4, 6, 8], 3).tolist() == [2, 3, 4, 6]


@pytest.mark.parametrize(
    ("scores", "kls", "expected"),
    [
        ([0.0, 0.4, 1.2], [0.0, 1.0, 2.0], 15.0),  # 0.8 lies half way on the second stretch
        ([0.0, 0.4, 1.2], [0.0, 1.0, 9.0], math.inf),  # there the KL is 5
        ([0.9, 0.9, 0.9], [0.0, 0.0, 0.0], 0.0),  # from the start
        ([0.0, 1.0, 1.0], [0.0, 6.0, 2.0], 17.5),  # the goal holds from 8 on, the KL from 6 -> 2 is 3 at 17.5
        ([1.0, 1.0, 0.0], [4.0, 3.0, 2.0], 10.0),  # the KL touches 3 at a point
        ([0.0, 0.8, 0.0], [0.0, 3.0, 3.0], 10.0),  # the score touches the goal at a point
        ([1.0, 1.0, 0.0], [9.0, 5.0, 1.0], math.inf),  # the KL is 3 where the score has fallen to 0.5
    ],
)
def test_goal_needs_score_and_kl_at_once(scores, kls, expected):
    found = learning_curves.episodes_to_goal([0, 10, 20], scores, kls, goal=0.8, max_kl=3.0)
    assert found == pytest.approx(expected)


@given(POINTS, st.integers(0, 4), st.integers(0, 4))
def test_goal_is_where_a_fine_grid_finds_it(points, goal, max_kl):
    """On steps of 1/60, where curves of slopes up to 4 between integers cross integers."""
    x = np.arange(len(points))
    y, kl = np.array(points, dtype=float).T
    grid = np.arange(60 * (len(points) - 1) + 1) / 60
    holds = (np.interp(grid, x, y) >= goal - 1e-9) & (np.interp(grid, x, kl) <= max_kl + 1e-9)
    expected = grid[holds][0] if holds.any() else math.inf
    found = learning_curves.episodes_to_goal(x, y, kl, goal=goal, max_kl=max_kl)
    assert found == pytest.approx(expected, abs=1e-6)


@given(POINTS, st.floats(-1, 5))
def test_goal_without_a_limit_is_the_threshold(points, goal):
    x, (y, kl) = np.arange(len(points)), np.array(points, dtype=float).T
    expected = learning_curves.episodes_to_reach(x, y, goal)
    found = learning_curves.episodes_to_goal(x, y, kl, goal=goal, max_kl=math.inf)
    assert found == pytest.approx(expected)


@given(POINTS, st.floats(0, 4), st.floats(0, 4), st.floats(0, 2))
def test_goal_comes_no_later_with_more_room(points, goal, max_kl, more):
    x, (y, kl) = np.arange(len(points)), np.array(points, dtype=float).T
    tight = learning_curves.episodes_to_goal(x, y, kl, goal=goal, max_kl=max_kl)
    loose = learning_curves.episodes_to_goal(x, y, kl, goal=goal, max_kl=max_kl + more)
    assert loose <= tight + 1e-9


@pytest.mark.parametrize(
    ("kls", "kl", "expected"),
    [
        ([0.0, 2.0, 4.0], 3.0, 0.6),
        ([0.0, 4.0, 1.0], 2.0, 0.25),  # the first of two crossings
        ([0.0, 2.0, 4.0], 2.0, 0.5),  # at a point
        ([0.0, 2.0, 4.0], 0.0, 0.0),  # at the start
        ([0.0, 2.0, 4.0], 4.5, None),  # never
        ([3.0, 1.0, 1.0], 2.0, 0.25),  # from above
        ([3.0, 3.0, 3.0], 2.0, None),  # always above
    ],
)
def test_value_is_read_where_the_kl_is_first_met(kls, kl, expected):
    found = learning_curves.value_at_kl(kls, [0.0, 0.5, 0.7], kl)
    assert found == (None if expected is None else pytest.approx(expected))


@given(POINTS, st.floats(0, 4))
def test_kl_read_at_a_kl_is_that_kl(points, kl):
    kls = [float(row[1]) for row in points]
    found = learning_curves.value_at_kl(kls, kls, kl)
    assert (found is None) == (not min(kls) <= kl <= max(kls))
    assert found is None or found == pytest.approx(kl)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: learning_curves.area_under_curve([1, 1], [0, 0]), "increasing"),
        (lambda: learning_curves.area_under_curve([1], [0]), "2 or more points .* got 1 episodes"),
        (lambda: learning_curves.area_under_curve([1, 2], [0, math.nan]), "values must be finite, got nan"),
        (lambda: learning_curves.episodes_to_reach([1, 2], [0], 1.0), "got 2 episodes and 1 values"),
        (
            lambda: learning_curves.episodes_to_goal([1, 2], [0, 1], [0], goal=1.0, max_kl=1.0),
            "got 2 episodes and 1 values",
        ),
        (
            lambda: learning_curves.episodes_to_goal([1], [0], [0], goal=math.nan, max_kl=1.0),
            "goal and max_kl must be numbers, got nan and 1.0",
        ),
        (lambda: learning_curves.value_at_kl([1, 2], [0], 1.0), "one length, got 2 and 1"),
        (lambda: learning_curves.value_at_kl([1], [0], math.inf), "kl must be a finite number, got inf"),
        (lambda: learning_curves.moving_average([1.0], 0), "window .* got 0"),
    ],
)
def test_wrong_input_is_named(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    assert "\n" not in str(error.value)

"""Scores to utilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym.objectives import OBJECTIVES, Objective, load_objective, register_objective

SCORES = np.array([-1.0, -0.25, 0.0, 0.5, 1.0])
VALUES = {
    "positive": [-1.0, -0.25, 0.0, 0.5, 1.0],
    "negative": [1.0, 0.25, 0.0, -0.5, -1.0],
    "strong": [1.0, 0.25, 0.0, 0.5, 1.0],
    "target": [-1.0, -0.25, 0.0, -0.5, -1.0],
}
SLOPES = {
    "positive": [1, 1, 1, 1, 1],
    "negative": [-1, -1, -1, -1, -1],
    "strong": [-1, -1, 0, 1, 1],
    "target": [1, 1, 0, -1, -1],
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_values_and_slopes(name):
    objective = load_objective(name)
    assert objective.name == name
    assert objective(SCORES).tolist() == VALUES[name]
    assert objective.slope(SCORES).tolist() == SLOPES[name]
    assert objective(SCORES.reshape(5, 1)).shape == (5, 1)


def test_the_target_is_an_argument():
    assert load_objective("target", target=0.5)(SCORES).tolist() == [-1.5, -0.75, -0.5, 0.0, -0.5]


@pytest.mark.parametrize("target", [-1.5, 2, float("nan")])
def test_a_target_that_no_score_can_reach_is_refused(target):
    with pytest.raises(ValueError, match=r"target must be in \[-1, 1\], got "):
        load_objective("target", target=target)


@given(st.sampled_from(sorted(OBJECTIVES)), st.floats(-1, 1), st.floats(-1, 1))
def test_a_gain_in_utility_is_at_most_the_change_in_score(name, before, after):
    objective = load_objective(name)
    gain = objective(np.array(after)) - objective(np.array(before))
    assert abs(gain) <= abs(after - before) + 1e-12


def test_a_plain_function_gets_its_slope_by_differences():
    objective = load_objective(np.tanh)
    assert objective.name == "tanh"
    np.testing.assert_allclose(objective.slope(SCORES), 1 - np.tanh(SCORES) ** 2, atol=1e-9)


def test_places_objects_and_factories_are_taken():
    assert load_objective("numpy:tanh")(0.0) == 0.0
    made = Objective("mine", np.square, lambda scores: 2 * scores)
    assert load_objective(made) is made
    assert load_objective("rlsf_gym.objectives:target", target=1.0)(np.array([0.0])).tolist() == [-1.0]


@pytest.mark.parametrize(
    ("spec", "kwargs", "message"),
    [
        ("postive", {}, "unknown objective 'postive' .did you mean 'positive'.*'strong'"),
        ("positive", {"target": 1}, "objective_kwargs must fit objective 'positive'"),
        (3, {}, "objective must be a name, an Objective or a function of scores, got 3"),
    ],
)
def test_what_is_no_objective_is_refused(spec, kwargs, message):
    with pytest.raises(ValueError, match=message):
        load_objective(spec, **kwargs)


def test_an_objective_must_return_finite_values_of_the_same_shape():
    with pytest.raises(ValueError, match="objective 'inverse' must return finite values"):
        Objective("inverse", lambda scores: scores * np.nan, np.ones_like)(SCORES)
    with pytest.raises(ValueError, match=r"must return finite values of shape \(5,\)"):
        Objective("total", np.sum, np.ones_like)(SCORES)


def test_a_registered_name_is_found_and_never_replaced(monkeypatch):
    monkeypatch.setattr("rlsf_gym.objectives.OBJECTIVES", table := OBJECTIVES.copy())
    register_objective("calm", lambda: load_objective("target"))
    assert load_objective("calm").name == "target"
    assert "calm" in table
    with pytest.raises(ValueError, match="objective 'calm' is registered already"):
        register_objective("calm", lambda: load_objective("strong"))

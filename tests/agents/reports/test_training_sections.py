"""What the primary contrast says in a sentence, and no more than its interval shows."""

import pytest

from agents.reports.effects import shows_difference
from agents.reports.training_sections import answer


def numbers_of(speed, *, standing="unknown", **changes):
    """The numbers of a study with one contrast about episodes to the goal."""
    speed = {"bound": None, "none_reached": False, "n": 6, **speed}
    told = {
        "name": "main",
        "treatment": ["a"],
        "control": ["b"],
        "primary": True,
        "n": speed["n"],
        "p": 0.0001,
    }
    told |= {"measure": "episodes_to_goal", "seeds": [0], "status": "complete", "differences": {}}
    plan = {"standing": standing, "cells": 12, "recorded": 12, "sha256": "0" * 64}
    plan["changes"] = [{"what": "the goal", "cells": 5}] if standing == "changed" else []
    return {"contrasts": [{**told, "speed_up": speed, **changes}], "plan": plan}


@pytest.mark.parametrize(("value", "bound"), [(2.0, None), (2.0, "lower"), (0.5, None), (0.5, "upper")])
def test_the_answer_turns_a_slow_down_round(value, bound):
    numbers = numbers_of({"value": value, "low": value / 1.25, "high": value * 1.25, "bound": bound})
    least = "at least " if bound else ""
    ends = "[1.60, 2.50] (6 paired seeds, p < 0.001)."
    wanted = f"a reaches the goal with {least}2.00 times fewer episodes than b {ends}"
    if value < 1:
        wanted = f"a needs {least}2.00 times more episodes to the goal than b {ends}"
    assert answer(numbers) == [wanted]


@pytest.mark.parametrize(
    ("value", "bound", "said"),
    [(2.0, "upper", "at most 2.00 [1.60, 2.50]"), (0.5, "lower", "at least 0.50 [0.40, 0.62]")],
)
def test_a_bound_that_leaves_1_open_shows_no_difference(value, bound, said):
    """Treatment was cut off: its full mean may well be that of the control, whatever the interval says."""
    numbers = numbers_of({"value": value, "low": value / 1.25, "high": value * 1.25, "bound": bound})
    (answered,) = answer(numbers)
    text = "No difference shown between a and b in episodes to the goal: a ratio of"
    assert answered == f"{text} {said} (6 paired seeds, p < 0.001)."
    assert not shows_difference(numbers["contrasts"][0])


@pytest.mark.parametrize(("low", "high"), [(0.9, 4.0), (1.0, 4.0), (0.5, 1.0)])
def test_an_interval_that_holds_1_shows_no_difference(low, high):
    numbers = numbers_of({"value": 1.0 if high == 1.0 else 2.0, "low": low, "high": high})
    (said,) = answer(numbers)
    assert said.startswith("No difference shown between a and b in episodes to the goal: a ratio of ")
    assert f"[{low:.2f}, {high:.2f}] (6 paired seeds, p < 0.001)." in said and "times" not in said
    assert not shows_difference(numbers["contrasts"][0])


def test_one_pair_of_runs_shows_no_difference():
    said = answer(numbers_of({"value": 2.0, "low": 2.0, "high": 2.0, "n": 1}))
    wanted = (
        "No difference shown between a and b in episodes to the goal: a ratio of 2.00 in one pair of runs."
    )
    assert said == [wanted]


def test_one_pair_is_no_plural():
    differences = {"judge": {"value": 0.1, "low": 0.1, "high": 0.1, "n": 1}}
    told = numbers_of({"value": 2.0, "n": 1}, measure="judge", differences=differences)
    assert answer(told)[0].endswith("(a against b; 1 paired seed, p < 0.001).")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.2, "judge: 0.100 [0.010, 0.200] (a against b; 6 paired seeds, p < 0.001)."),
        (
            *(-0.01, 0.2),
            "judge: no difference shown, 0.100 [−0.010, 0.200] (a against b; 6 paired seeds, p < 0.001).",
        ),
        (
            *(0.0, 0.2),
            "judge: no difference shown, 0.100 [0.000, 0.200] (a against b; 6 paired seeds, p < 0.001).",
        ),
    ],
)
def test_a_difference_whose_interval_holds_0_is_not_shown(low, high, said):
    differences = {"judge": {"value": 0.1, "low": low, "high": high, "n": 6}}
    numbers = numbers_of({"value": 2.0, "low": 1.5, "high": 3.0}, measure="judge", differences=differences)
    assert answer(numbers) == [said]


def test_a_plan_that_was_changed_is_said_beside_the_answer():
    said = answer(numbers_of({"value": 2.0, "low": 1.5, "high": 3.0}, standing="changed"))
    changed = "The plan was changed after cells had run (12 in all): the goal, after 5 cells."
    assert len(said) == 2 and said[1] == changed
    early = answer(numbers_of({"value": 1.0}, standing="changed", seeds=[], status="not yet run"))
    assert early == ["The primary contrast, a against b, is not yet run.", changed]

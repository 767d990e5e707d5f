"""agents/studies/checks.py: a study that could not answer is refused before its first cell."""

import pytest

from agents.studies.checks import OURS, check_before_runs
from agents.studies.read import parse_study
from agents.studies.run import load_function

MEASURES = ("episodes_to_goal", "tokens_to_goal", "area", "score", "judge")
DESIGN = "env_kwargs.reward_design"
CONTRAST = {
    **{"name": "main", "measure": "episodes_to_goal", "primary": True},
    **{"treatment": {DESIGN: "potential"}, "control": {DESIGN: "terminal"}},
}
TABLE = {
    "goal": {"share": 0.5, "kl_per_token": 1.0},
    "defaults": {"episodes": 64, "eval_episodes": 8, "env_kwargs": {"max_new_tokens": 8}},
    "cells": [{"group": "designs", "seeds": 2, "grid": {DESIGN: ["potential", "terminal"]}}],
    "contrasts": [CONTRAST],
}
TUNING = {"per": [DESIGN], "seeds": [100], "grid": {"config.lr": [0.1, 0.2]}}


def check(**changes):
    table = {**TABLE, **changes}
    check_before_runs(parse_study("s", {key: value for key, value in table.items() if value}), MEASURES)


def defaults(**changes):
    return {**TABLE["defaults"], **changes}


def cells(**changes):
    return [{"group": "designs", "seeds": 2, **changes, "grid": {DESIGN: ["potential", "terminal"]}}]


def test_studies_that_can_answer_are_accepted():
    check()
    check(tuning=TUNING)
    check(goal=None, contrasts=[{**CONTRAST, "measure": "area"}])
    check(defaults={"run": "my:cells", "episodes": 0}, goal=None, contrasts=None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"goal": None},
            r"contrast 'main': episodes_to_goal needs a goal.*; add \[goal\] with share",
        ),
        (
            {"contrasts": [{**CONTRAST, "measure": "aera"}]},
            r"contrast 'main': measure: expected one of .*area.*, got 'aera'; did you mean area\?",
        ),
        (
            {"contrasts": [{**CONTRAST, "control": CONTRAST["treatment"]}]},
            "contrast 'main': expected two arms, got the same settings",
        ),
        (
            {"goal": None, "contrasts": [{**CONTRAST, "measure": "tokens_to_goal"}]},
            "contrast 'main': tokens_to_goal needs a goal",
        ),
        (
            {"contrasts": [{**CONTRAST, "measure": "judge", "sensitivity": True}]},
            "contrast 'main': sensitivity: expected a measure of episodes_to_goal.*, got judge",
        ),
        (
            {"contrasts": [{**CONTRAST, "kind": "interaction", "against": {}}]},
            "contrast 'main': expected two places, got the same settings in `at` and in `against`",
        ),
        (
            {"tuning": {**TUNING, "criterion": "volume"}},
            "tuning.criterion: expected one of area, episodes, got 'volume'",
        ),
        (
            {"tuning": {**TUNING, "criterion": "episodes"}},
            "tuning: expected the key 'score', which the criterion 'episodes' counts up to",
        ),
        (
            {"tuning": {**TUNING, "per": ["env_kwargs.reward_desing"]}},
            r"tuning\.per: expected one of .*reward_desing'; did you mean env_kwargs\.reward_design\?",
        ),
        ({"tuning": {**TUNING, "settings": {"episodes": 0}}}, "tuning.settings: episodes: .* >= 1, got 0"),
        (
            {"defaults": defaults(episodes=0)},
            "cells 'designs': episodes: expected a whole number >= 1, got 0",
        ),
        ({"defaults": defaults(episodes="64")}, "cells 'designs': episodes: expected a whole number >= 1"),
        (
            {"defaults": defaults(eval_episodes=False)},
            "eval_episodes: expected a whole number >= 1, got False",
        ),
        ({"cells": cells(settings={"episodes": -8})}, "cells 'designs': episodes: .* got -8"),
        (
            {"defaults": defaults(env_kwargs={})},
            r"cells 'designs': env_kwargs\.max_new_tokens: expected a number of tokens .*goal\.kl_per_token",
        ),
        (
            {"defaults": defaults(env_kwargs={"max_new_tokens": 0})},
            r"env_kwargs\.max_new_tokens: expected tokens > 0, the goal's K is 0",
        ),
    ],
)
def test_what_could_not_answer_is_refused_in_one_line(changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        check(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", OURS)
def test_the_budgets_are_those_of_cell_functions_that_there_are(name):
    assert callable(load_function(name))

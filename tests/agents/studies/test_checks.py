"""agents/studies/checks.py: a study that could not answer is refused before its first cell."""

import pytest

from agents.studies.checks import OURS, check_before_runs
from agents.studies.read import parse_study
from agents.studies.run import load_function

MEASURES = ("episodes_to_goal", "tokens_to_goal", "area", "score", "judge", "other_solved", "pass_at_4")
DESIGN = "env_kwargs.reward_design"
CONTRAST = {
    **{"name": "main", "measure": "episodes_to_goal", "primary": True},
    **{"treatment": {DESIGN: "potential"}, "control": {DESIGN: "terminal"}},
}
TABLE = {
    "goal": {"share": 0.5, "kl_per_token": 1.0},
    "defaults": {
        **{"agent": "ppo", "policy": "bundled", "env": "Some-v0", "episodes": 64, "eval_episodes": 8},
        "env_kwargs": {"max_new_tokens": 8},
    },
    "cells": [{"group": "designs", "seeds": 2, "grid": {DESIGN: ["potential", "terminal"]}}],
    "contrasts": [CONTRAST],
}
TUNING = {"per": [DESIGN], "seeds": [100], "grid": {"config.lam": [0.5, 1.0]}}
STOP = {
    **{"most_episodes": 256, "stop_at": {"score": 0.5, "kl": 8.0, "window_episodes": 64}},
    "config": {"lr_schedule": "constant"},
}
AVERAGED = {"share": 0.5, "kl_per_token": 1.0, "window_episodes": 64}


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
    check(goal=AVERAGED, defaults=defaults(**STOP))
    check(goal=None, defaults=defaults(**STOP), contrasts=None)


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
        ({"tuning": {**TUNING, "settings": {"episodes": 0}}}, "tuning: episodes: .* >= 1, got 0"),
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"defaults": defaults(epsiodes=64)},
            "cells 'designs': settings: expected some of run, agent, config, policy, policy_kwargs, device, "
            "env, env_kwargs, eval_env_kwargs, episodes, extra_episodes, most_episodes, stop_at, "
            "eval_episodes, samples, other_env_kwargs, pass_at, got 'epsiodes'; did you mean episodes?",
        ),
        (
            {"cells": cells(settings={"agent": "pppo"})},
            "cells 'designs': agent: expected one of ppo, rloo, grpo or 'module:attribute', got 'pppo'; "
            "did you mean ppo?",
        ),
        (
            {"tuning": {**TUNING, "grid": {"config.learning_rate": [0.1, "x"]}}},
            "cells 'designs': config.learning_rate: expected a number > 0, got 'x'",
        ),
        (
            {"tuning": {**TUNING, "settings": {"samples": -1}}},
            "tuning: samples: expected a whole number >= 0, got -1",
        ),
        (
            {"defaults": defaults(**{**STOP, "stop_at": {"score": 0.5, "window_episodes": 64}})},
            "cells 'designs': stop_at.kl: expected at most the goal's K, 8 nats, beyond which no run reaches "
            "the goal, got none",
        ),
        (
            {
                "goal": AVERAGED,
                "defaults": defaults(**STOP),
                "cells": cells(settings={"env_kwargs.max_new_tokens": 4}),
            },
            "cells 'designs': stop_at.kl: expected at most the goal's K, 4 nats, beyond which no run reaches "
            "the goal, got 8.0",
        ),
        (
            {"defaults": defaults(**STOP)},
            "cells 'designs': stop_at.window_episodes: expected goal.window_episodes, which the report "
            "averages over (5 iterations), got 64",
        ),
        (
            {"goal": {**AVERAGED, "window_episodes": 32}, "defaults": defaults(**STOP)},
            "cells 'designs': stop_at.window_episodes: expected goal.window_episodes, which the report "
            "averages over (32), got 64",
        ),
    ],
)
def test_settings_that_no_cell_can_run_with_are_refused_word_for_word(changes, message):
    with pytest.raises(ValueError, match="expected") as caught:
        check(**changes)
    assert str(caught.value) == message


PASS_4, OTHERS = {"pass_at": {"n": 4, "prompts": 2}}, {"other_env_kwargs": {"level": 2}}


@pytest.mark.parametrize(
    ("measure", "more", "enough"),
    [
        ("pass_at_4", {}, False),
        ("pass_at_4", {"pass_at": {"n": 3, "prompts": 2}}, False),
        ("pass_at_4", PASS_4, True),
        ("pass_at_4", OTHERS, False),
        ("other_solved", PASS_4, False),
        ("other_solved", OTHERS, True),
        ("score", {}, True),
    ],
)
def test_a_measure_of_some_settings_wants_them_on_both_sides(measure, more, enough):
    contrasts = [{**CONTRAST, "measure": measure}]
    designs = [
        {"group": name, "seeds": 2, "settings": {DESIGN: name, **settings}}
        for name, settings in (("potential", {**PASS_4, **OTHERS}), ("terminal", more))
    ]
    if enough:
        check(contrasts=contrasts, cells=designs)
        return
    with pytest.raises(ValueError, match="contrast 'main'") as caught:
        check(contrasts=contrasts, cells=designs)
    assert str(caught.value) == (
        "contrast 'main': measure: expected cells whose pass_at or other_env_kwargs bring about "
        f"{measure}, got none for {{'env_kwargs.reward_design': 'terminal'}}"
    )


def test_cells_of_a_studys_own_may_leave_any_measure():
    run = {"run": "my:cells"}
    check(defaults=run, goal=None, contrasts=[{**CONTRAST, "measure": "pass_at_4"}])
    with pytest.raises(ValueError, match="got none for"):
        check(defaults={**run, "run": "best_of"}, goal=None, contrasts=[{**CONTRAST, "measure": "pass_at_4"}])


def test_settings_count_as_tuning_could_complete_them():
    """A minibatch of 256 goes with the batches that tuning tries, and not with the default of 128."""
    whole = {"tuning": {**TUNING, "grid": {"config.batch_size": [256, 512]}}}
    check(**whole, defaults=defaults(config={"minibatch_size": 256}))
    with pytest.raises(ValueError, match=r"config\.minibatch_size: expected a divisor of batch_size = 128"):
        check(
            tuning={**TUNING, "grid": {"config.batch_size": [256, 128]}},
            defaults=defaults(config={"minibatch_size": 256}),
        )


def test_a_limit_that_is_the_goals_but_for_rounding_is_the_goals():
    goal = {**AVERAGED, "kl_per_token": 0.3}
    env_kwargs = {"max_new_tokens": 3}
    assert 0.3 * 3 < 0.9
    stop = {**STOP, "stop_at": {**STOP["stop_at"], "kl": 0.9}}
    check(goal=goal, defaults=defaults(**stop, env_kwargs=env_kwargs))

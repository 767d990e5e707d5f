"""agents/studies/training_checks.py: settings that no training cell can run with are named, in one line."""

import subprocess
import sys

import pytest

from agents.studies.training_checks import check_training

GOOD = {
    **{"run": "train", "agent": "ppo", "policy": "bundled", "env": "Some-v0"},
    **{"episodes": 64, "eval_episodes": 8},
}
STOP = {
    **{"most_episodes": 256, "stop_at": {"score": 0.5, "kl": 8, "window_episodes": 64}},
    "config": {"lr_schedule": "constant"},
}
TOGETHER = "most_episodes: expected a number of at least `episodes`, and `stop_at` with it, got"


def stopping(**changes):
    return {**STOP, "stop_at": {**STOP["stop_at"], **changes}}


@pytest.mark.parametrize(
    "more",
    [
        {},
        STOP,
        {**STOP, "most_episodes": 64},
        {**STOP, "stop_at": {"score": 1, "window_episodes": 256}},
        {"samples": 0, "extra_episodes": 0, "device": "cpu"},
        {"pass_at": {"n": 1, "prompts": 1}, "other_env_kwargs": {"level": 2}},
        {"agent": "grpo", "config": {"group_size": 8, "scale": "batch", "batch_size": 64}},
        {"config": {"response_length": [2, 8], "critic_learning_rate": 1, "lam_critic": 0}},
        {"agent": "mine:Own", "config": {"anything": "at all"}},
    ],
)
def test_settings_that_cells_run_with_are_accepted(more):
    check_training({**GOOD, **more})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"agent": 3}, "agent: expected a text, got 3"),
        ({"agent": ""}, "agent: expected a text, got ''"),
        (
            {"agent": "grpoo"},
            "agent: expected one of ppo, rloo, grpo or 'module:attribute', got 'grpoo'; did you mean grpo?",
        ),
        ({"agent": "mine:"}, "agent: expected one of ppo, rloo, grpo or 'module:attribute', got 'mine:'"),
        ({"policy": ["bundled"]}, "policy: expected a text, got ['bundled']"),
        ({"env": {}}, "env: expected a text, got {}"),
        ({"device": 0}, "device: expected a text, got 0"),
        ({"config": 4}, "config: expected a table, got 4"),
        ({"policy_kwargs": [1]}, "policy_kwargs: expected a table, got [1]"),
        ({"env_kwargs": "x"}, "env_kwargs: expected a table, got 'x'"),
        ({"eval_env_kwargs": "eval"}, "eval_env_kwargs: expected a table, got 'eval'"),
        ({"other_env_kwargs": 4}, "other_env_kwargs: expected a table, got 4"),
        ({"episodes": True}, "episodes: expected a whole number >= 1, got True"),
        ({"episodes": 64.0}, "episodes: expected a whole number >= 1, got 64.0"),
        ({"eval_episodes": 0}, "eval_episodes: expected a whole number >= 1, got 0"),
        ({"extra_episodes": -10}, "extra_episodes: expected a whole number >= 0, got -10"),
        ({"samples": -1}, "samples: expected a whole number >= 0, got -1"),
        ({**STOP, "most_episodes": "many"}, "most_episodes: expected a whole number >= 1, got 'many'"),
        ({**STOP, "most_episodes": 1500.5}, "most_episodes: expected a whole number >= 1, got 1500.5"),
        ({"most_episodes": 256}, f"{TOGETHER} 256 and {{}}"),
        (
            {"stop_at": {"score": 0.5, "window_episodes": 8}},
            f"{TOGETHER} None and {{'score': 0.5, 'window_episodes': 8}}",
        ),
        (
            {"most_episodes": 32, "stop_at": {"score": 0.5, "window_episodes": 8}},
            f"{TOGETHER} 32 and {{'score': 0.5, 'window_episodes': 8}}",
        ),
        (
            {**STOP, "stop_at": 0.5},
            "stop_at: expected a table of score, window_episodes and perhaps kl, got 0.5",
        ),
        (
            {**STOP, "config": {}},
            "stop_at: expected config.lr_schedule = 'constant': another depends on how long a run is",
        ),
        (
            {**STOP, "stop_at": {"score": 0.5}},
            "stop_at: expected score, window_episodes and perhaps kl, got score",
        ),
        (
            stopping(scores=0.5),
            "stop_at: expected score, window_episodes and perhaps kl, got score, kl, window_episodes, scores",
        ),
        (stopping(score="x"), "stop_at.score: expected a finite number, got 'x'"),
        (stopping(score=float("nan")), "stop_at.score: expected a finite number, got nan"),
        (stopping(score=True), "stop_at.score: expected a finite number, got True"),
        (
            stopping(window_episodes=0),
            "stop_at.window_episodes: expected a whole number >= 1, at most most_episodes = 256, got 0",
        ),
        (
            stopping(window_episodes=257),
            "stop_at.window_episodes: expected a whole number >= 1, at most most_episodes = 256, got 257",
        ),
        (stopping(kl=-1), "stop_at.kl: expected a finite number > 0, got -1"),
        (stopping(kl=None), "stop_at.kl: expected a finite number > 0, got None"),
        ({"pass_at": 64}, "pass_at: expected n and prompts, whole numbers >= 1, got 64"),
        ({"pass_at": {"n": 4}}, "pass_at: expected n and prompts, whole numbers >= 1, got {'n': 4}"),
        (
            {"pass_at": {"n": -3, "prompts": 2}},
            "pass_at: expected n and prompts, whole numbers >= 1, got {'n': -3, 'prompts': 2}",
        ),
        (
            {"pass_at": {"n": True, "prompts": 2}},
            "pass_at: expected n and prompts, whole numbers >= 1, got {'n': True, 'prompts': 2}",
        ),
        (
            {"pass_at": {"n": 4, "prompts": 2, "env": "x"}},
            "pass_at: expected n and prompts, whole numbers >= 1, got {'n': 4, 'prompts': 2, 'env': 'x'}",
        ),
        ({"config": {"seed": 3}}, "config.seed: expected none, the seed is the cell's, got 3"),
        (
            {"config": {"batch_size": 32, "minibatch_size": 24}},
            "config.minibatch_size: expected a divisor of batch_size = 32, got 24",
        ),
        (
            {"config": {"critic_learning_rate": "x"}},
            "config.critic_learning_rate: expected a number > 0, or None, got 'x'",
        ),
        ({"config": {"gamma": True}}, "config.gamma: expected a number in [0, 1], got True"),
        ({"config": {"whiten_rewards": 1}}, "config.whiten_rewards: expected True or False, got 1"),
        ({"config": {"lr_schedule": 3}}, "config.lr_schedule: expected one of 'linear', 'constant', got 3"),
    ],
)
def test_what_is_wrong_is_said_word_for_word(more, message):
    with pytest.raises(ValueError, match="expected") as caught:
        check_training({**GOOD, **more})
    assert str(caught.value) == message


@pytest.mark.parametrize("key", ["agent", "policy", "env", "episodes", "eval_episodes"])
def test_what_every_run_needs_is_missed_by_name(key):
    rest = {name: value for name, value in GOOD.items() if name != key}
    with pytest.raises(ValueError, match="expected") as caught:
        check_training(rest)
    assert str(caught.value) == f"{key}: expected it among the settings, got {', '.join(rest)}"


@pytest.mark.parametrize(
    ("agent", "key", "guess"),
    [
        ("ppo", "learning_rat", "learning_rate"),
        ("grpo", "grop_size", "group_size"),
        ("rloo", "scale", None),
        ("grpo", "vf_coef", "kl_coef"),
    ],
)
def test_a_setting_that_the_learner_has_not_is_refused(agent, key, guess):
    with pytest.raises(ValueError, match="config: expected some of batch_size, ") as caught:
        check_training({**GOOD, "agent": agent, "config": {key: 1}})
    ending = f", got {key!r}" + (f"; did you mean {guess}?" if guess else "")
    assert str(caught.value).endswith(ending)


def test_they_are_checked_without_loading_torch():
    script = "import sys, agents.studies.checks; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

"""agents/rollouts/play.py: where a run stands in the prompts is a function of its counters."""

import contextlib

import pytest
import torch

from agents.learners.settings import TokenPPOConfig
from agents.rollouts import play as module
from agents.rollouts.play import environment_seed, group_options, play, repeat_openings
from agents.rollouts.player import Player

T = 6


def test_seeds_differ_by_every_counter():
    seeds = [environment_seed(s, i, k) for s in range(5) for i in range(5) for k in range(5)]
    assert len(set(seeds)) == 125
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert environment_seed(1, 2, 3) == environment_seed(1, 2, 3)


def test_rounds_follow_each_other(make_toy, make_policy):
    env, policy = make_toy(num_envs=4), make_policy()
    config = TokenPPOConfig(batch_size=12, minibatch_size=12, response_length=(1, 3), seed=7)
    played = play(
        Player(env, policy, policy), config, iteration=2, generator=torch.Generator().manual_seed(0)
    )
    assert env.seeds == [environment_seed(7, 2, index) for index in range(3)]
    assert played.rollout.scores.shape == (12, T)
    assert len(played.episodes) == 12
    rewards = [info["reward"] for info in played.episodes]
    assert played.rollout.scores.sum(-1).tolist() == pytest.approx(rewards)
    assert set(played.rollout.response_mask.sum(-1).tolist()) == {1, 2, 3}


def test_the_reset_that_tells_the_prompts_of_groups_is_watched(make_group_toy, monkeypatch):
    env, watched = make_group_toy(num_envs=8), []

    @contextlib.contextmanager
    def deadline(seconds, what):
        before = len(env.seeds)
        yield
        watched.append((seconds, what, len(env.seeds) - before))

    monkeypatch.setattr(module, "deadline", deadline)
    options = group_options(Player(env, None, None, step_timeout=2.0), 3, 4)
    assert watched == [(2.0, "env.reset", 1)]
    assert len(set(options["prompts"][:4])) == 1 and len(options["prompts"]) == 8


def test_episodes_are_repeated_by_what_they_are_about():
    openings = [
        {"instance": {"numbers": [3, 5]}, "prompt": "3 5"},
        {"instance": {"numbers": [7]}, "prompt": "7"},
    ]
    assert repeat_openings(openings, 2) == {
        "instances": [{"numbers": [3, 5]}, {"numbers": [3, 5]}, {"numbers": [7]}, {"numbers": [7]}]
    }
    assert repeat_openings([{"prompt": "a"}, {"prompt": "b"}], 1) == {"prompts": ["a", "b"]}
    with pytest.raises(ValueError, match=r"'instance' or 'prompt' .* 3 episodes alike, got \['seed'\]"):
        repeat_openings([{"seed": 1}], 3)

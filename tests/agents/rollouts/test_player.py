"""agents/rollouts/player.py: sizes come from the spaces, and one object carries all that collects."""

import gymnasium as gym
import pytest
from gymnasium import spaces

from agents import TokenPPO, TokenPPOConfig
from agents.parallel import ALONE
from agents.rollouts.player import Player, read_shapes

P, T, V = 5, 6, 12


def test_shapes_come_from_the_spaces(make_toy):
    assert read_shapes(make_toy(num_envs=3)) == (3, P, T, V)


def test_other_environments_are_refused(make_toy):
    with gym.make("CartPole-v1") as single, pytest.raises(ValueError, match=r"expected a VectorEnv, got "):
        read_shapes(single)
    env = make_toy()
    env.single_action_space = spaces.Discrete(3)
    with pytest.raises(
        ValueError, match=r"a whole response, with single_action_space MultiDiscrete\(\[V \+ 1\] \* T\)"
    ):
        read_shapes(env)
    env = make_toy()
    env.single_observation_space = spaces.Discrete(3)
    with pytest.raises(ValueError, match=r"expected observations Dict\(prompt_ids, prompt_mask\)"):
        read_shapes(env)


def test_a_learner_collects_with_all_that_it_has_at_the_time(make_toy, make_policy):
    env, policy = make_toy(num_envs=8), make_policy()
    agent = TokenPPO(policy, env, TokenPPOConfig(batch_size=8, minibatch_size=8))
    assert agent.player == Player(env, policy, agent.reference, ALONE, None)
    assert agent.player.shapes == read_shapes(env)
    agent.step_timeout = 3.0
    assert agent.player.step_timeout == 3.0

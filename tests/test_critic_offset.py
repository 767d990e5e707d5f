"""A critic that begins with an environment's prefix values makes rewards at the end those of `potential`."""

import gymnasium as gym
import pytest
import torch

from agents import TokenPPO, TokenPPOConfig
from agents.rollouts.play import play

ENV = "rlsf_gym:rlsf_gym/Sentiment-v0"


@pytest.mark.parametrize("boundary", ["open", "closed"])
@pytest.mark.parametrize("lam", [0.0, 0.5, 0.95, 1.0])
def test_terminal_with_an_offset_of_1_is_potential_on_the_same_rollouts(boundary, lam):
    ends, steps = (prepared(boundary, lam, design) for design in ("terminal", "potential"))
    (end, found), (dense, expected) = ends, steps
    assert torch.equal(end.tokens, dense.tokens) and torch.equal(end.response_mask, dense.response_mask)
    assert len(set(end.response_mask.sum(-1).tolist())) > 1
    assert (end.scores != dense.scores).any()
    torch.testing.assert_close(found.advantages, expected.advantages, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(found.returns - found.offsets, expected.returns, atol=1e-6, rtol=1e-6)


def prepared(boundary, lam, design):
    """Returns the rollout of a policy whose critic has learned a little, and its batch."""
    config = TokenPPOConfig(
        batch_size=16, minibatch_size=16, lam=lam, gamma=1.0, whiten_advantages=False,
        response_length=(2, 12), critic_offset=1.0 if design == "terminal" else 0.0,
    )  # fmt: skip
    env = gym.make_vec(
        ENV, num_envs=16, max_new_tokens=12, boundary=boundary, reward_design=design, prefix_values=True
    )
    agent = TokenPPO("bundled", env, config)
    with torch.no_grad():
        agent.policy.value_head.weight.fill_(0.01)
    rollout = play(agent.player, config, iteration=0, generator=agent.generator).rollout
    assert rollout.values.any()
    return rollout, agent.prepare(rollout)

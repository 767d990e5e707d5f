"""One update's advantages and gradient against the formulas, row by row, without padding, in float64."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
import pytest
import torch

from agents.learners.ppo import estimate_with_critic, ppo_loss
from agents.learners.prepare import RewardTerms, prepare, scales, shape_rewards
from agents.learners.settings import TokenPPOConfig
from agents.learners.update import accumulate_gradients
from agents.rollouts.collect import collect
from agents.rollouts.player import Player

V, P, T, END = 12, 5, 6, 11
ROWS, DENOMINATOR = 8, 20.0
LENGTHS = torch.tensor([1, 2, 3, 4, 5, 6, 6, 6])


def config_of(**settings):
    return TokenPPOConfig(**{"batch_size": ROWS, "minibatch_size": ROWS, "entropy_coef": 0.05, **settings})


@pytest.fixture(params=[1.0, 0.7])
def policy(request, make_policy):
    policy = make_policy(scale=2.0, temperature=request.param, model_vocab=V + 3)
    generator = torch.Generator().manual_seed(0)
    torch.nn.init.normal_(policy.value_head.weight, std=0.3, generator=generator)
    return policy


class Bonus:
    """Pays `amount` more on one token of one episode of an environment."""

    def __init__(self, env, row, token, amount):
        self._env, self._place, self._amount = env, (row, token), amount

    def __call__(self, actions):
        observation, rewards, ended, cut, infos = self._env(actions)
        ending = infos["final_info"]
        paid = ending["token_rewards"].copy()
        paid[self._place] += self._amount
        rewards = rewards + np.bincount([self._place[0]], [self._amount], len(rewards))
        return observation, rewards, ended, cut, {**infos, "final_info": {**ending, "token_rewards": paid}}


def play(make_toy, policy, place=None, amount=0.0):
    env = make_toy(num_envs=ROWS)
    if place is not None:
        env.step = Bonus(env.step, *place, amount)
    return collect(
        Player(env, policy, copy.deepcopy(policy)), seed=0, lengths=LENGTHS,
        generator=torch.Generator().manual_seed(0),
    ).rollout  # fmt: skip


def batch_of(rollout, config):
    return prepare(
        rollout,
        RewardTerms(kl_coef=0.1, eos_token_id=END),
        shape=partial(shape_rewards, config=config),
        estimate=partial(estimate_with_critic, config=config),
        scale=scales(config),
    )


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.5), (1.0, 1.0), (1.0, 0.0)])
def test_one_more_reward_in_the_environment_moves_what_gae_says(make_toy, policy, gamma, lam):
    """A_t by (gamma lam)^(changed - t) times the amount for t up to the changed token, in its row alone."""
    config, row = config_of(gamma=gamma, lam=lam, whiten_advantages=False), 6
    played = play(make_toy, policy)
    before = batch_of(played, config).advantages
    length = int(played.response_mask[row].sum())
    assert length >= 4
    for changed in range(length):
        after = batch_of(play(make_toy, policy, (row, changed), 2.0), config).advantages
        expected = torch.zeros(ROWS, T)
        for t in range(changed + 1):
            expected[row, t] = 2.0 * (gamma * lam) ** (changed - t)
        moved = after - before
        assert torch.allclose(moved, expected, rtol=0.0, atol=2e-6)
        assert not moved[expected == 0.0].any()  # to the bit


def slow_gradients(policy, rollout, batch, config):
    """Returns the gradient of the loss of the whole batch, each response scored alone on its own tokens."""
    slow = copy.deepcopy(policy).double()
    slow.zero_grad()
    for b in range(ROWS):
        prompt = rollout.tokens[b, :P][rollout.attention_mask[b, :P]]
        response = rollout.tokens[b, P:][rollout.response_mask[b]]
        outputs = slow.backbone.model(torch.cat([prompt, response])[None], output_hidden_states=True)
        states = slice(len(prompt) - 1, len(prompt) - 1 + len(response))
        log_p = (outputs.logits[0, states, :V] / policy.temperature).log_softmax(-1)
        values = outputs.hidden_states[-1][0, states] @ slow.value_head.weight[0] + slow.value_head.bias[0]
        loss = torch.zeros((), dtype=torch.float64)
        for t, token in enumerate(response.tolist()):
            old, value, advantage, target = (
                field[b, t].double()
                for field in (batch.logprobs, batch.values, batch.advantages, batch.returns)
            )
            ratio = (log_p[t, token] - old).exp()
            held = ratio.clamp(1.0 - config.cliprange, 1.0 + config.cliprange)
            loss = loss - torch.minimum(ratio * advantage, held * advantage)
            near = value + (values[t] - value).clamp(-config.cliprange_value, config.cliprange_value)
            errors = (values[t] - target) ** 2, (near - target) ** 2
            loss = loss + config.vf_coef * 0.5 * torch.maximum(*errors)
            loss = loss + config.entropy_coef * (log_p[t].exp() * log_p[t]).sum()
        (loss / DENOMINATOR).backward()
    return {name: p.grad for name, p in slow.named_parameters()}


@pytest.mark.parametrize("accumulation_steps", [1, 4])
def test_the_gradient_is_that_of_the_formula(make_toy, policy, accumulation_steps):
    """With old log-probs and values off by up to 0.4: on either side of both clip ranges."""
    config = config_of(accumulation_steps=accumulation_steps, vf_coef=0.5)
    rollout = play(make_toy, policy)
    shift = 0.8 * torch.rand(2, ROWS, T, generator=torch.Generator().manual_seed(1)) - 0.4
    rollout = rollout._replace(logprobs=rollout.logprobs + shift[0], values=rollout.values + shift[1])
    batch = batch_of(rollout, config)
    policy.zero_grad()
    stats = accumulate_gradients(
        policy, batch, torch.arange(ROWS), config, loss=partial(ppo_loss, config=config),
        denominator=DENOMINATOR,
    )  # fmt: skip
    assert 0.2 < stats.terms["policy/clipfrac"] < 0.8 * rollout.response_mask.sum() / DENOMINATOR
    expected = slow_gradients(policy, rollout, batch, config)
    for name, parameter in policy.named_parameters():
        assert expected[name].abs().max() > 1e-4, name
        assert torch.allclose(parameter.grad.double(), expected[name], rtol=0.0, atol=5e-6), name


def test_wider_padding_moves_no_gradient(make_toy, policy):
    """The same episodes behind three more columns of padding."""
    config = config_of()
    rollout = play(make_toy, policy)
    wide = rollout._replace(
        tokens=torch.nn.functional.pad(rollout.tokens, (3, 0), value=7),
        attention_mask=torch.nn.functional.pad(rollout.attention_mask, (3, 0)),
    )
    found = []
    for played in (rollout, wide):
        policy.zero_grad()
        accumulate_gradients(
            policy, batch_of(played, config), torch.arange(ROWS), config,
            loss=partial(ppo_loss, config=config), denominator=DENOMINATOR,
        )  # fmt: skip
        found.append([p.grad.clone() for p in policy.parameters()])
    assert max((a - b).abs().max().item() for a, b in zip(*found, strict=True)) < 1e-6

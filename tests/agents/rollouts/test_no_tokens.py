"""Responses without a token: a few of them change nothing, a batch of nothing else is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from agents import GRPO, RLOO, GRPOConfig, RLOOConfig, TokenPPO, TokenPPOConfig
from agents.maths.advantages import group_advantages
from agents.maths.returns import entropy_share
from agents.maths.tensors import whiten, whitening_factor
from agents.rollouts.evaluation import evaluate, summarise
from agents.stats.diversity import distinct_ngrams, repetition, self_bleu


def silence(env, monkeypatch, rows):
    """Makes the environment count no token of some responses."""
    step = env.step

    def quiet(actions):
        *rest, infos = step(actions)
        ending = infos.get("final_info", infos)
        rest[1] = rest[1].copy()
        for key in ("token_rewards", "response_mask"):
            ending[key] = ending[key].copy()
            ending[key][rows] = 0
        rest[1][rows] = 0.0
        return (*rest, infos)

    monkeypatch.setattr(env, "step", quiet)
    return env


SMALL = {"batch_size": 8, "minibatch_size": 4, "num_ppo_epochs": 2}
LEARNERS = [
    (TokenPPO, TokenPPOConfig(**SMALL)),
    (TokenPPO, TokenPPOConfig(**SMALL, accumulation_steps=4, entropy_coef=0.1, reward_share="entropy")),
    (TokenPPO, TokenPPOConfig(**SMALL, missing_eos_penalty=1.0, kl_estimator="k3")),
    (RLOO, RLOOConfig(**SMALL, group_size=4)),
    (GRPO, GRPOConfig(**SMALL, group_size=4)),
]


@pytest.mark.parametrize(("agent_class", "config"), LEARNERS)
def test_a_batch_without_a_token_is_refused(make_group_toy, make_policy, monkeypatch, agent_class, config):
    env = silence(make_group_toy(), monkeypatch, slice(None))
    agent = agent_class(make_policy(), env, config)
    with pytest.raises(
        ValueError, match=r"expected at least one token in the 8 episodes of a batch, got none"
    ):
        agent.learn(8)
    assert agent.is_whole
    assert agent.iteration == 0


class Numbers:
    def __init__(self):
        self.rows = []

    def on_iteration(self, metrics, timings, episodes):
        self.rows.append(metrics)


@pytest.mark.parametrize(("agent_class", "config"), LEARNERS)
@pytest.mark.parametrize("rows", [[0, 1, 2, 3], [0, 2, 4, 5, 6, 7], [*range(7)]])
def test_some_responses_without_a_token(make_group_toy, make_policy, monkeypatch, agent_class, config, rows):
    env = silence(make_group_toy(), monkeypatch, rows)
    numbers = Numbers()
    agent = agent_class(make_policy(), env, config, callbacks=[numbers])
    agent.learn(24)
    assert all(math.isfinite(value) for row in numbers.rows for value in row.values())
    assert all(bool(p.isfinite().all()) for p in agent.policy.parameters())


def test_one_token_in_all(make_toy, make_policy, monkeypatch):
    env = silence(make_toy(), monkeypatch, [*range(1, 8)])
    numbers = Numbers()
    config = TokenPPOConfig(**SMALL, response_length=1, whiten_rewards=True)
    TokenPPO(make_policy(), env, config, callbacks=[numbers]).learn(16)
    assert [row["objective/length"] for row in numbers.rows] == [0.125, 0.125]
    assert all(row["policy/steps"] == 2.0 for row in numbers.rows)  # a minibatch without tokens is no step
    assert all(math.isfinite(value) for row in numbers.rows for value in row.values())


def test_gradients_of_nothing_are_zeros_of_the_same_parameters(make_policy):
    """Several processes add up gradients parameter by parameter: each must have them all."""
    policy = make_policy()
    tokens = torch.tensor([[3, 4, 5, 0, 0]])
    prompt = torch.tensor([[True, True, True, False, False]])
    scored = policy.score(tokens, prompt, 2, with_entropy=True)
    assert scored.logprobs.tolist() == scored.values.tolist() == scored.entropy.tolist() == [[0.0, 0.0]]
    (scored.logprobs.sum() + scored.values.sum() + scored.entropy.sum()).backward()
    empty = {name: p.grad.clone() for name, p in policy.named_parameters() if p.grad is not None}
    assert all((gradient == 0.0).all() for gradient in empty.values())
    policy.zero_grad()
    scored = policy.score(tokens, torch.ones(1, 5, dtype=torch.bool), 2, with_entropy=True)
    (scored.logprobs.sum() + scored.values.sum() + scored.entropy.sum()).backward()
    assert empty.keys() == {name for name, p in policy.named_parameters() if p.grad is not None}


def test_responses_without_a_token_can_be_evaluated(make_toy, make_policy, monkeypatch):
    policy = make_policy()
    rows = evaluate(
        policy, silence(make_toy(), monkeypatch, slice(None)), episodes=8, reference=policy, seed=0
    )
    assert [(row["length"], row["tokens"], row["kl"], row["nll"]) for row in rows] == [(0, [], 0.0, 0.0)] * 8
    summary = summarise(rows)
    assert summary["perplexity"] is None  # there is no token to be perplexed by
    assert [summary[key] for key in ("kl", "length", "distinct_1", "repetition")] == [0.0] * 4
    some = evaluate(policy, silence(make_toy(), monkeypatch, [0]), episodes=8, reference=policy, seed=0)
    assert some[0]["tokens"] == []
    assert summarise(some)["perplexity"] > 1.0


def test_diversity_of_nothing():
    assert distinct_ngrams([], 1) == distinct_ngrams([[], []], 2) == 0.0
    assert repetition([]) == repetition([[]]) == 0.0
    assert self_bleu([[], []]) == 1.0


def test_whitening_one_number():
    x, mask = torch.tensor([[7.0, 3.0]]), torch.tensor([[True, False]])
    assert whiten(x, mask, floor=0.02).tolist() == [[0.0, 0.0]]
    assert bool((x * whitening_factor(x, mask, floor=0.02)).isfinite().all())


def test_a_group_with_an_empty_response():
    rewards = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    mask = torch.tensor([[True, True], [False, False]])
    for baseline in ("share", "return"):
        found = group_advantages(rewards, mask, group_size=2, gamma=1.0, baseline=baseline)
        assert found.tolist() == [[2.0, 0.0], [0.0, 0.0]]  # the other earned 0


def test_shares_of_an_empty_response():
    found = entropy_share(torch.tensor([0.0]), torch.tensor([[1.0, 2.0]]), torch.tensor([[False, False]]))
    assert np.array_equal(found.numpy(), [[0.0, 0.0]])

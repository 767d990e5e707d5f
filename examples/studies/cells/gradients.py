"""A cell of the study `gradients`: where a learner's gradient points under a design, and how noisy it is.

A learner of GPT-2 stops after some iterations and plays batches that it does not learn from. Of each batch
comes the gradient of the surrogate before the first step, as the learner takes it, with lambdas of its own:
over batches, its expectation E g and its mean square E |g|^2. What is wanted is E h, the expected gradient at
lambda 1, where no error of the critic biases it; every conserving and causal design has the same.

Squares and products of expectations are estimated without bias from products of different batches, which
are independent: (sum g . sum h - sum g . h) / (N (N - 1)) over N batches.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from agents.learners.ppo import TokenPPO, estimate_with_critic, ppo_loss
from agents.learners.prepare import RewardTerms, prepare, scales
from agents.learners.update import accumulate_gradients
from agents.maths.losses import explained_variance
from agents.maths.returns import kl_shaped_rewards
from agents.maths.tensors import Rollout
from agents.rollouts.play import play
from agents.studies.training import make_agent

PLAYED_APART = 1 << 20
"""Added to the number of an iteration: prompts of measured batches are not those of learning."""

Record = dict[str, Any]
Settings = Mapping[str, Any]


class Moments(NamedTuple):
    """What N batches say of a gradient g beside the true one h, without bias."""

    square: float
    """E |g|^2, of a batch."""
    signal: float
    """|E g|^2."""
    along: float
    """E g . E h."""
    true_signal: float
    """|E h|^2."""


def measure(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields the moments of the gradient for each lambda, after each number of iterations.

    Args:
        settings: Those of `agents.studies.training.train` that a learner is made from; `iterations`, rising
            counts to measure after; `lambdas`, 1 among them; `batches`, N.
        seed: Of everything that is drawn.

    Raises:
        FloatingPointError: If a reward, loss or gradient was not finite.
    """
    agent = make_agent(settings, seed)
    if not isinstance(agent, TokenPPO):
        raise ValueError(f"agent: expected 'ppo', which has a critic, got {settings['agent']!r}")
    for count in settings["iterations"]:
        if count > agent.iteration:
            agent.learn(count * agent.config.batch_size)
        rollouts = list(play_batches(agent, int(settings["batches"]), seed + count))
        scores = torch.cat([rollout.scores.sum(-1) for rollout in rollouts])
        shared = {
            "record": "gradient",
            "iterations": count,
            "warmup": agent.config.critic_warmup_iterations,
            "score": float(scores.mean()),
            "kl": float(torch.cat([rollout.kl.sum(-1) for rollout in rollouts]).mean()),
            "explained": explained_by_critic(agent, rollouts),
        }
        for lam, moments in measure_moments(agent, rollouts, settings["lambdas"]).items():
            yield {**shared, "lam": lam, **moments._asdict()}


def measure_moments(
    agent: TokenPPO, rollouts: Sequence[Rollout], lambdas: Sequence[float]
) -> dict[float, Moments]:
    """Returns the moments of the gradient for each lambda.

    Args:
        agent: Made the rollouts; is left as it was.
        rollouts: N independent batches, at least two.
        lambdas: Of the learner's advantages, 1 among them.

    Raises:
        ValueError: If there are too few batches, or no lambda of 1.
    """
    if len(rollouts) < 2 or 1.0 not in lambdas:
        raise ValueError(f"expected two batches and lambda 1, got {len(rollouts)} batches, lambdas {lambdas}")
    gradients = ([gradient_of(agent, rollout, lam) for lam in lambdas] for rollout in rollouts)
    sums: Tensor | float = 0.0  # (lambdas, parameters) float32
    products: Tensor | float = 0.0  # (lambdas, lambdas) float64
    for batch in gradients:
        stacked = torch.stack(batch)
        sums, products = sums + stacked, products + (stacked @ stacked.T).double()
    total, own = torch.as_tensor(sums), torch.as_tensor(products)
    count = len(rollouts)
    crossed = ((total @ total.T).double() - own) / (count * (count - 1))
    true = list(lambdas).index(1.0)
    return {
        lam: Moments(
            square=float(own[i, i]) / count,
            signal=float(crossed[i, i]),
            along=float(crossed[i, true]),
            true_signal=float(crossed[true, true]),
        )
        for i, lam in enumerate(lambdas)
    }


def gradient_of(agent: TokenPPO, rollout: Rollout, lam: float) -> Tensor:
    """Returns the gradient of the policy's loss on a batch before any step, (parameters,) float32.

    Args:
        agent: Whose trunk the gradient is of; its gradients are cleared, and nothing else is changed.
        rollout: Its batch.
        lam: Lambda of the advantages.
    """
    config = dataclasses.replace(agent.config, lam=lam, vf_coef=0.0)
    batch = prepare(
        rollout,
        terms_of(agent),
        shape=kl_penalised,
        estimate=partial(estimate_with_critic, config=config),
        scale=scales(config),
    )
    rows, tokens = torch.arange(len(rollout.tokens)), float(rollout.response_mask.sum())
    parameters = [p.requires_grad_() for p in agent.policy.backbone.parameters()]  # frozen in warm-ups
    agent.policy.zero_grad()
    loss = partial(ppo_loss, config=config)
    accumulate_gradients(agent.policy, batch, rows, config, loss=loss, denominator=tokens)
    found = torch.cat([p.grad.reshape(-1) for p in parameters if p.grad is not None])
    agent.policy.zero_grad()
    return found


def explained_by_critic(agent: TokenPPO, rollouts: Sequence[Rollout]) -> float:
    """Returns the share of the variance of returns, at lambda 1, that the critic explains."""
    config = dataclasses.replace(agent.config, lam=1.0, lam_critic=None)
    returns = [estimate_with_critic(x, kl_penalised(x, terms_of(agent)), config).returns for x in rollouts]
    values, mask = (torch.cat([getattr(x, name) for x in rollouts]) for name in ("values", "response_mask"))
    return explained_variance(values, torch.cat([x for x in returns if x is not None]), mask)


def kl_penalised(rollout: Rollout, terms: RewardTerms) -> Tensor:
    """Returns the scores of tokens less their KL penalty, and no other, (B, T) float32."""
    return kl_shaped_rewards(
        rollout.scores, rollout.logprobs, rollout.ref_logprobs, rollout.response_mask, terms.kl_coef
    )


def terms_of(agent: TokenPPO) -> RewardTerms:
    """Returns the KL coefficient of a learner; scores are left as they are."""
    return RewardTerms(agent.kl_coef, agent.eos_token_id)


def play_batches(agent: TokenPPO, batches: int, seed: int) -> Iterator[Rollout]:
    """Yields batches of the policy as it is, with prompts and draws of their own."""
    generator = torch.Generator().manual_seed(seed)
    for number in range(batches):
        iteration = PLAYED_APART + number
        yield play(agent.player, agent.config, iteration=iteration, generator=generator).rollout

"""A value head trained alone on kept states, as a learner's warm-up trains it, and what a critic can know.

While the head alone is trained the policy stays as it is, so that its states can be kept, and the warm-ups of
many arms be run on the same rollouts without the trunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from agents.learners.loss import value_term
from agents.learners.ppo import TokenPPO
from agents.maths.losses import explained_variance
from agents.maths.tensors import Batch, Rollout, Scored, split_rows, take_rows
from agents.rollouts.play import play

RIDGE = 0.1
"""Of least squares on states, over the mean square of a hidden unit: little matters between 1e-3 and it."""


class Played(NamedTuple):
    """A batch with the hidden states that its values are read from."""

    rollout: Rollout
    states: Tensor
    """(B, T, H) float32, before each token; 0 outside the mask."""


Prepare = Callable[[Rollout], Batch]
"""From a rollout, with values, to an arm's batch."""


def play_batches(agent: TokenPPO, count: int, apart: int) -> list[Played]:
    """Returns batches of the policy as it is, with prompts and draws of their own.

    Args:
        agent: Plays; is left as it was.
        count: Number of batches.
        apart: Number of the first iteration that they are played as.
    """
    generator = torch.Generator().manual_seed(apart + agent.config.seed)
    seen: list[Tensor] = []
    hook = agent.policy.value_head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    found: list[Played] = []
    for number in range(count):
        rollout = play(agent.player, agent.config, iteration=apart + number, generator=generator).rollout
        seen.clear()
        with torch.no_grad():
            agent.policy.score(rollout.tokens, rollout.attention_mask, rollout.scores.shape[1])
        states = torch.zeros(*rollout.response_mask.shape, seen[0].shape[-1])
        states[rollout.response_mask] = torch.cat(seen)
        found.append(Played(rollout, states))
    hook.remove()
    return found


def with_values(played: Played, head: nn.Linear) -> Rollout:
    """Returns the rollout with a head's values."""
    with torch.no_grad():
        values = head(played.states)[..., 0] * played.rollout.response_mask
    return played.rollout._replace(values=values)


def warm_up(learner: TokenPPO, prepare: Prepare, batches: Sequence[Played], head: nn.Linear) -> None:
    """Trains a value head as a warm-up of the learner does, a batch an iteration, in place.

    Args:
        learner: Its settings count: rate, epochs, minibatches, weight and clipping of the critic's loss.
        prepare: From a rollout to a batch with the critic's targets.
        batches: With states, in order.
        head: Is trained.
    """
    config = learner.config
    rate = config.learning_rate if config.critic_learning_rate is None else config.critic_learning_rate
    optimizer = torch.optim.Adam(head.parameters(), lr=rate, eps=config.adam_eps)
    generator = torch.Generator().manual_seed(config.seed)
    for played in batches:
        batch = prepare(with_values(played, head))
        denominator = float(batch.response_mask.sum()) / config.minibatches
        for _ in range(config.num_ppo_epochs):
            order = torch.randperm(config.batch_size, generator=generator)
            for rows in split_rows(order, config.minibatch_size):
                taken = take_rows(batch, rows)
                values = head(played.states[rows])[..., 0] * taken.response_mask
                scored = Scored(taken.logprobs, values, None, None)
                optimizer.zero_grad()
                found = value_term(
                    scored, taken, denominator,
                    vf_coef=config.vf_coef, cliprange_value=config.cliprange_value,
                )  # fmt: skip
                found.loss.backward()  # pyright: ignore[reportUnknownMemberType]
                nn.utils.clip_grad_norm_(head.parameters(), config.max_grad_norm)
                optimizer.step()  # pyright: ignore[reportUnknownMemberType]


def explained(prepare: Prepare, batches: Sequence[Played], head: nn.Linear) -> float:
    """Returns the share of the variance of returns at lambda 1 that a critic explains.

    Args:
        prepare: From a rollout to a batch whose targets are returns at lambda 1.
        batches: That the head was not trained on.
        head: The value head.
    """
    prepared = [prepare(with_values(played, head)) for played in batches]
    targets = [batch.returns for batch in prepared if batch.returns is not None]
    values, mask = (torch.cat([getattr(x, name) for x in prepared]) for name in ("values", "response_mask"))
    return explained_variance(values, torch.cat(targets), mask)


def best_head(prepare: Prepare, batches: Sequence[Played]) -> nn.Linear:
    """Returns the head that fits returns at lambda 1 best, by least squares: what a warm-up can come to.

    Args:
        prepare: From a rollout to a batch whose targets are returns at lambda 1.
        batches: Whose states and returns are fitted.
    """
    masks = [played.rollout.response_mask for played in batches]
    targets = [prepare(played.rollout).returns for played in batches]
    states = torch.cat([played.states[mask] for played, mask in zip(batches, masks, strict=True)]).double()
    y = torch.cat([x[mask] for x, mask in zip(targets, masks, strict=True) if x is not None]).double()
    centre, mean = states.mean(0), y.mean()
    x = states - centre
    moments = x.T @ x / len(x)  # (H, H) float64
    ridge = RIDGE * moments.diagonal().mean() * torch.eye(len(moments), dtype=x.dtype)
    weights = torch.linalg.solve(moments + ridge, x.T @ (y - mean) / len(x))
    head = nn.Linear(len(weights), 1)
    with torch.no_grad():
        head.weight.copy_(weights[None])
        head.bias.fill_(float(mean - centre @ weights))
    return head


def explained_by_prefixes(prepare: Prepare, fitted: Sequence[Played], batches: Sequence[Played]) -> float:
    """Returns the share of the variance of returns at lambda 1 that the values of prefixes explain.

    At each position a straight line of its own in the value of the prefix, by least squares.

    Args:
        prepare: From a rollout to a batch whose targets are returns at lambda 1.
        fitted: Batches that the lines are fitted to.
        batches: Others.
    """
    mask, known, y = _returns(prepare, fitted)
    measured = _returns(prepare, batches)
    values = torch.zeros_like(measured[2])
    for t in range(mask.shape[1]):
        there, here = mask[:, t], measured[0][:, t]
        if int(there.sum()) < 3:
            continue
        x, target = known[there, t].double(), y[there, t].double()
        spread = x.var(correction=0)
        slope = ((x - x.mean()) * (target - target.mean())).mean() / spread if spread > 0 else 0.0
        values[here, t] = (target.mean() + slope * (measured[1][here, t] - x.mean())).float()
    return explained_variance(values, measured[2], measured[0])


def _returns(prepare: Prepare, batches: Sequence[Played]) -> tuple[Tensor, Tensor, Tensor]:
    """Returns mask, values of prefixes and returns at lambda 1, (B, T) each."""
    prepared = [prepare(played.rollout) for played in batches]
    known = [x.rollout.prefix_values for x in batches if x.rollout.prefix_values is not None]
    targets = [batch.returns for batch in prepared if batch.returns is not None]
    mask = torch.cat([batch.response_mask for batch in prepared])
    return mask, torch.cat(known), torch.cat(targets)

"""Gradients of the arms of the study `law`, as their learners take them before the first step.

Advantages are whitened over the batch, and the critic's loss and `max_grad_norm` count; the clipping of PPO
does not, as every ratio is 1.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from agents.learners.ppo import TokenPPO
from agents.learners.update import accumulate_gradients, score_batch
from agents.maths.tensors import Batch, Rollout, split_rows

from .adam_progress import Groups
from .law_arms import REWARDS, Arm
from .law_critics import Played, Prepare, with_values

DRAWN_APART = 1 << 22
"""Seed of the draws of `shuffled` and `delayed`, the same for every state of the critic."""


def view(agent: TokenPPO, arm: Arm, **settings: Any) -> TokenPPO:
    """Returns the learner with an arm's settings, and the same policy."""
    other = copy.copy(agent)
    candidates = "exact" if arm.candidates else "off"
    other.config = dataclasses.replace(
        agent.config, lam=arm.lam, candidates=candidates, critic_offset=arm.offset, **settings
    )
    return other


def moments_of(learner: TokenPPO, arm: Arm, measured: Sequence[Sequence[Played]], head: nn.Linear) -> Groups:
    """Returns the moments of an arm's gradient over the minibatches of each group.

    Args:
        learner: Its policy is scored, with the given value head; both are left as they were.
        arm: How rewards are assigned.
        measured: Batches, by group.
        head: The value head.
    """
    own = learner.policy.value_head
    learner.policy.value_head = head
    prepare = preparing(learner, arm)
    try:
        moments = [
            group_moments(learner, [prepare(with_values(played, head)) for played in group])
            for group in measured
        ]
    finally:
        learner.policy.value_head = own
    return Groups(*(torch.stack(column) for column in zip(*moments, strict=True)))


def group_moments(learner: TokenPPO, batches: Sequence[Batch]) -> tuple[Tensor, Tensor]:
    """Returns means of g and of g^2 over the minibatches of some batches, (parameters,) float32 each."""
    total: Tensor | float = 0.0
    squares: Tensor | float = 0.0
    count = 0
    for batch in batches:
        for rows in split_rows(torch.arange(learner.config.batch_size), learner.config.minibatch_size):
            gradient = gradient_of(learner, batch, rows)
            total, squares, count = total + gradient, squares + gradient.square(), count + 1
    return torch.as_tensor(total) / count, torch.as_tensor(squares) / count


def gradient_of(learner: TokenPPO, batch: Batch, rows: Tensor) -> Tensor:
    """Returns the trunk's gradient of a minibatch, scaled down to `max_grad_norm`, (parameters,) float32."""
    policy, config = learner.policy, learner.config
    policy.zero_grad()
    accumulate_gradients(
        policy,
        batch,
        rows,
        config,
        score=partial(score_batch, reference=learner.reference),
        loss=learner.loss,
        denominator=float(batch.response_mask.sum()) / config.minibatches,
    )
    trunk = [p.grad.reshape(-1) for p in policy.backbone.parameters() if p.grad is not None]
    norm = torch.nn.utils.get_total_norm([p.grad for p in policy.parameters() if p.grad is not None])
    found = torch.cat(trunk) * min(1.0, config.max_grad_norm / float(norm))
    policy.zero_grad()
    return found


def preparing(learner: TokenPPO, arm: Arm) -> Prepare:
    """Returns the function from a rollout of `potential` to the batch of an arm's learner.

    Draws of a design depend on the rollout alone, so that all states of the critic have the same.
    """

    def prepare(rollout: Rollout) -> Batch:
        generator = torch.Generator().manual_seed(DRAWN_APART + int(rollout.tokens.sum()))
        scores = REWARDS[arm.design](rollout.scores, rollout.response_mask, generator)
        kinds = rollout.kinds if arm.candidates else None
        return learner.prepare(rollout._replace(scores=scores, kinds=kinds))

    return prepare


def silent(learner: TokenPPO) -> nn.Linear:
    """Returns a value head that has learned nothing: it says 0."""
    head = nn.Linear(learner.policy.backbone.hidden_size, 1)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head

"""The terms that a learner's loss is made of, from a policy's scores of a batch; they add up.

A loss is any function of scores, batch and a constant that its sums over tokens are divided by; it returns a
`LossTerm`. A term of one's own is added to those here by `add_terms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor

from agents.config import LearnerConfig
from agents.maths.losses import clipped_surrogate, masked_sum, value_loss
from agents.maths.tensors import Batch, Scored


class LossTerm(NamedTuple):
    """A loss, or a part of one."""

    loss: Tensor
    """Scalar float32 with gradient, to be minimised: a sum over real tokens, over the denominator."""
    statistics: Mapping[str, Tensor]
    """Scalars by log key, such as `loss/policy`, of the same form; those of the parts of a minibatch add up,
    and an iteration reports the mean over its minibatches.
    """


Loss = Callable[[Scored, Batch, float], LossTerm]
"""From a policy's scores of some responses, with gradient, their rows of the batch, and the denominator, to
the loss. `Scored.entropy` is there where `entropy_coef` is above 0.
"""


def add_terms(*terms: LossTerm) -> LossTerm:
    """Returns the sum of losses, with the statistics of all."""
    first, *others = terms
    loss, statistics = first.loss, dict(first.statistics)
    for term in others:
        loss, statistics = loss + term.loss, {**statistics, **term.statistics}
    return LossTerm(loss, statistics)


def policy_term(scored: Scored, batch: Batch, denominator: float, config: LearnerConfig) -> LossTerm:
    """Returns PPO's clipped surrogate, `cliprange` and `cliprange_high` as the settings have them."""
    found = clipped_surrogate(
        scored.logprobs,
        batch.logprobs,
        batch.advantages,
        batch.response_mask,
        cliprange=config.cliprange,
        cliprange_high=config.cliprange_high,
        denominator=denominator,
    )
    return LossTerm(found.loss, {"loss/policy": found.loss.detach(), "policy/clipfrac": found.clip_fraction})


def value_term(
    scored: Scored, batch: Batch, denominator: float, *, vf_coef: float, cliprange_value: float | None
) -> LossTerm:
    """Returns `vf_coef` times the critic's loss; 0 for a batch without targets.

    Args:
        scored: With the values of the value head.
        batch: With the critic's targets, and what it adds to the head's values.
        denominator: Sums over tokens are divided by it.
        vf_coef: Weight, >= 0.
        cliprange_value: Distance that values are clipped to, in units of reward; None: they are not.
    """
    if batch.returns is None:
        return LossTerm(scored.values.new_zeros(()), {})
    values = scored.values if batch.offsets is None else scored.values + batch.offsets
    found = value_loss(
        values,
        batch.values,
        batch.returns,
        batch.response_mask,
        cliprange_value=cliprange_value,
        denominator=denominator,
    )
    return LossTerm(vf_coef * found, {"loss/value": found.detach()})


def entropy_term(scored: Scored, batch: Batch, denominator: float, *, entropy_coef: float) -> LossTerm:
    """Returns minus `entropy_coef` times the policy's entropy; 0 where the entropy was not computed."""
    if scored.entropy is None:
        return LossTerm(scored.logprobs.new_zeros(()), {})
    return LossTerm(-entropy_coef * masked_sum(scored.entropy, batch.response_mask, denominator), {})


def clipped_loss(scored: Scored, batch: Batch, denominator: float, config: LearnerConfig) -> LossTerm:
    """Returns the loss of a learner without a critic: the clipped surrogate less the entropy bonus."""
    return add_terms(
        policy_term(scored, batch, denominator, config),
        entropy_term(scored, batch, denominator, entropy_coef=config.entropy_coef),
    )

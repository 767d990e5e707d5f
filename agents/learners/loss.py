"""The terms that a learner's loss is made of, from a policy's scores of a batch; they add up.

A loss is any function of scores, batch and a constant that its sums over tokens are divided by; it returns a
`LossTerm`. A term of one's own is added to those here by `add_terms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor

from agents.config import LearnerConfig
from agents.maths.expected import clipped_expectation, good_set_loss
from agents.maths.kinds import KindTargets
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


def expected_term(scored: Scored, batch: Batch, denominator: float, config: LearnerConfig) -> LossTerm:
    """Returns minus the clipped expected reward of the next token, with the exact KL penalty."""
    targets, probabilities = _asked(scored, batch)
    found = clipped_expectation(
        probabilities,
        targets.probabilities,
        targets.values,
        batch.response_mask,
        cliprange=config.cliprange,
        cliprange_high=config.cliprange_high,
        denominator=denominator,
    )
    statistics = {"loss/expected": found.loss.detach(), "policy/kind_clipfrac": found.clip_fraction}
    return LossTerm(found.loss + _kl_penalty(scored, targets, batch.response_mask, denominator), statistics)


def good_set_term(scored: Scored, batch: Batch, denominator: float, config: LearnerConfig) -> LossTerm:
    """Returns minus the log-probability of the tokens that keep the value, with the exact KL penalty."""
    del config
    targets, probabilities = _asked(scored, batch)
    found = good_set_loss(probabilities, targets.values, batch.response_mask, denominator=denominator)
    penalty = _kl_penalty(scored, targets, batch.response_mask, denominator)
    return LossTerm(found + penalty, {"loss/good_set": found.detach()})


def no_term(scored: Scored, batch: Batch, denominator: float, config: LearnerConfig) -> LossTerm:
    """Returns 0: sampled tokens alone are learned from."""
    del batch, denominator, config
    return LossTerm(scored.logprobs.new_zeros(()), {})


def found_term(scored: Scored, batch: Batch, denominator: float, config: LearnerConfig) -> LossTerm:
    """Returns the term of `expected_term` for a batch with kinds of next tokens, else 0."""
    chosen = no_term if batch.kinds is None else expected_term
    return chosen(scored, batch, denominator, config)


CANDIDATE_TERMS: dict[str, Callable[[Scored, Batch, float, LearnerConfig], LossTerm]] = {
    "auto": found_term,
    "exact": expected_term,
    "good-set": good_set_term,
    "off": no_term,
}
"""What candidates add to a loss, by the setting `candidates`."""


def candidate_term(scored: Scored, batch: Batch, denominator: float, config: LearnerConfig) -> LossTerm:
    """Returns what every next token would have earned as a term of the loss; 0 with candidates off."""
    return CANDIDATE_TERMS[config.candidates](scored, batch, denominator, config)


def _asked(scored: Scored, batch: Batch) -> tuple[KindTargets, Tensor]:
    """Returns the targets of the kinds of next tokens, and their probabilities.

    Raises:
        ValueError: If there are none.
    """
    if batch.kinds is None or scored.kinds is None:
        raise ValueError(
            "batch: expected kinds of next tokens, got none; prepare it with the same setting of candidates"
        )
    return batch.kinds, scored.kinds


def _kl_penalty(scored: Scored, targets: KindTargets, mask: Tensor, denominator: float) -> Tensor:
    """Returns the exact KL, weighed and summed; 0 where it was not asked for, as it has no weight."""
    if scored.kl is None:
        return scored.logprobs.new_zeros(())
    return masked_sum(targets.kl_weight * scored.kl, mask, denominator)


def clipped_loss(scored: Scored, batch: Batch, denominator: float, config: LearnerConfig) -> LossTerm:
    """Returns the loss without a critic: the clipped surrogate with candidates, less the entropy bonus."""
    return add_terms(
        policy_term(scored, batch, denominator, config),
        candidate_term(scored, batch, denominator, config),
        entropy_term(scored, batch, denominator, entropy_coef=config.entropy_coef),
    )

"""From a rollout to the batch that an update reads: shaped rewards, advantages, whitening.

Rewards are scaled without shifting their mean, which would pay or charge length; advantages are centred and
scaled over all real tokens of the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import Tensor

from agents.config import LearnerConfig
from agents.maths.returns import charge_missing_end, entropy_share, kl_shaped_rewards
from agents.maths.tensors import Batch, Estimates, Rollout, whiten


class RewardTerms(NamedTuple):
    """The numbers that shaping reads beside a rollout."""

    kl_coef: float
    """KL coefficient of the iteration."""
    eos_token_id: int
    """Id of the end token."""
    score_scale: float = 1.0
    """Scores are divided by it, > 0."""


Shaping = Callable[[Rollout, RewardTerms], Tensor]
"""From a rollout to its shaped rewards, (B, T) float32."""
Estimate = Callable[[Rollout, Tensor], Estimates]
"""From a rollout and its shaped and scaled rewards (B, T) float32 to advantages and the critic's targets."""
Scale = Callable[[Tensor, Tensor], Tensor]
"""From numbers (B, T) float32 and the mask (B, T) bool to the numbers scaled."""


def unscaled(x: Tensor, mask: Tensor) -> Tensor:
    """Returns numbers as they are."""
    del mask
    return x


class Scales(NamedTuple):
    """Scaling of the rewards before advantages are estimated, and of the advantages afterwards."""

    rewards: Scale = unscaled
    advantages: Scale = unscaled


def prepare(
    rollout: Rollout, terms: RewardTerms, *, shape: Shaping, estimate: Estimate, scale: Scales
) -> Batch:
    """Returns the batch that an update reads; the rollout is left as it is.

    Args:
        rollout: As collected.
        terms: For `shape`.
        shape: From scores to rewards.
        estimate: From rewards to advantages.
        scale: Of the rewards that `estimate` is given, and of the advantages that it returns.
    """
    mask = rollout.response_mask
    rewards = shape(rollout, terms)
    advantages, returns = estimate(rollout, scale.rewards(rewards, mask))
    return Batch(
        tokens=rollout.tokens,
        attention_mask=rollout.attention_mask,
        response_mask=mask,
        logprobs=rollout.logprobs,
        ref_logprobs=rollout.ref_logprobs,
        values=rollout.values,
        rewards=rewards,
        advantages=scale.advantages(advantages, mask),
        returns=returns,
    )


def scales(config: LearnerConfig) -> Scales:
    """Returns the scales that the settings `whiten_rewards` and `whiten_advantages` stand for."""
    return Scales(
        rewards=partial(whiten, shift_mean=False) if config.whiten_rewards else unscaled,
        advantages=partial(whiten, shift_mean=True) if config.whiten_advantages else unscaled,
    )


def paid_by_environment(scores: Tensor, rollout: Rollout) -> Tensor:
    """Returns the scores (B, T) float32 as the environment assigned them to tokens."""
    del rollout
    return scores


def shared_by_entropy(scores: Tensor, rollout: Rollout) -> Tensor:
    """Returns the scores of each response assigned to its tokens in proportion to the policy's entropies."""
    return entropy_share(scores.sum(-1), rollout.entropy, rollout.response_mask)


SHARES: dict[str, Callable[[Tensor, Rollout], Tensor]] = {
    "environment": paid_by_environment,
    "entropy": shared_by_entropy,
}
"""From the environment's scores (B, T) float32 to those of the tokens, by `reward_share`."""


def shape_rewards(rollout: Rollout, terms: RewardTerms, config: LearnerConfig) -> Tensor:
    """Returns scores over their scale, less the KL penalty and that of a missing end, (B, T) float32.

    Args:
        rollout: As collected.
        terms: KL coefficient, scale and end token.
        config: `reward_share` and `missing_eos_penalty` are read.
    """
    mask = rollout.response_mask
    scores = SHARES[config.reward_share](rollout.scores / terms.score_scale, rollout)
    rewards = kl_shaped_rewards(scores, rollout.logprobs, rollout.ref_logprobs, mask, terms.kl_coef)
    return charge_missing_end(
        rewards,
        rollout.tokens[:, rollout.prompt_length :],
        mask,
        eos_token_id=terms.eos_token_id,
        penalty=config.missing_eos_penalty,
    )

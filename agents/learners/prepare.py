"""From a rollout to the batch that an update reads: shaped rewards, advantages, whitening.

Rewards are scaled without shifting their mean, which would pay or charge length; advantages are centred and
scaled over all real tokens of the batch. Neither blows up a batch that earned nothing: deviations have a
floor in units of the rewards as they are shaped, which holds for the advantages of scaled rewards as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from agents.config import LearnerConfig
from agents.maths.returns import charge_missing_end, entropy_share, kl_shaped_rewards
from agents.maths.tensors import Batch, Estimates, Rollout, centred, whiten, whitening_factor


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
RewardFactor = Callable[[Tensor, Tensor], Tensor]
"""From shaped rewards (B, T) float32 and the mask (B, T) bool to what they are multiplied by, a scalar."""
AdvantageScale = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From advantages (B, T) float32, the mask (B, T) bool and the factor of the rewards to advantages scaled."""
Centre = Callable[[Tensor, Tensor], Tensor]
"""From advantages (B, T) float32 and the mask (B, T) bool to advantages shifted."""


def one(rewards: Tensor, mask: Tensor) -> Tensor:
    """Returns 1: rewards stay as they are."""
    del mask
    return torch.ones((), dtype=rewards.dtype, device=rewards.device)


def unscaled(advantages: Tensor, mask: Tensor, factor: Tensor) -> Tensor:
    """Returns advantages as they are."""
    del mask, factor
    return advantages


def uncentred(advantages: Tensor, mask: Tensor) -> Tensor:
    """Returns advantages as they are."""
    del mask
    return advantages


class Scales(NamedTuple):
    """Scaling of the rewards before advantages are estimated, and of the advantages afterwards."""

    rewards: RewardFactor = one
    advantages: AdvantageScale = unscaled
    centre: Centre = uncentred
    """What `advantages` shifts, without its factor."""
    factor: RewardFactor = one
    """What `advantages` multiplies differences by, a scalar or (B, 1) float32, for rewards of factor 1."""


class Steps(NamedTuple):
    """The steps from a rollout to a batch, each a function."""

    shape: Shaping
    """Function from the scores of a rollout to the rewards of its tokens."""
    estimate: Estimate
    """Function from the rewards of tokens to their advantages."""
    scale: Scales
    """Of the rewards that `estimate` is given, and of the advantages that it returns."""


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
    factor = scale.rewards(rewards, mask)
    advantages, returns = estimate(rollout, rewards * factor)
    return Batch(
        tokens=rollout.tokens,
        attention_mask=rollout.attention_mask,
        response_mask=mask,
        logprobs=rollout.logprobs,
        ref_logprobs=rollout.ref_logprobs,
        values=rollout.values,
        rewards=rewards,
        advantages=scale.advantages(advantages, mask, factor),
        returns=returns,
    )


def scales(config: LearnerConfig) -> Scales:
    """Returns the scales that `whiten_rewards`, `whiten_advantages` and `whitening_floor` stand for."""
    floor = config.whitening_floor

    def whitened(advantages: Tensor, mask: Tensor, factor: Tensor) -> Tensor:
        return whiten(advantages, mask, floor=floor * factor)

    return Scales(
        rewards=partial(whitening_factor, floor=floor) if config.whiten_rewards else one,
        advantages=whitened if config.whiten_advantages else unscaled,
        centre=centred if config.whiten_advantages else uncentred,
        factor=partial(whitening_factor, floor=floor) if config.whiten_advantages else one,
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

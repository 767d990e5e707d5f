"""From a rollout to the batch of a learner that takes what every next token would have earned.

`agents.maths.expected` has the equations, `agents.learners.loss` the terms of the loss.

"exact": with P_c the probability of the tokens that earn R_c at a state, R over the scale of scores,

    loss = - sum_t sum_c P_old min(rho_c A_c, clip(rho_c) A_c) / sigma + beta sum_t KL_t / sigma     expected
           - sum_t min(rho_t A_t, clip(rho_t) A_t),       A_t = future * F_t / sigma                  sampled

where A_c = R_c - sum_c P_c R_c, KL_t is exact, with gradient and not clipped, and F_t is the learner's own
estimate from the rewards x of what comes after the next token. Before the first step, with gamma and lambda
of 1 and `future` of 1, it has the gradient of the ordinary loss in expectation; `future` below 1 takes that
share off the gradient of all later rewards, lambda below 1 what the critic does not know of them. sigma is
one constant for both parts, that by which the learner's settings divide the advantages

    R of the sampled token - beta log ratio - (sum_c P_c R_c - beta KL_t) + future * F_t

of the sampled tokens. What shaping adds to the score and the KL penalty, such as the charge for a missing end
token, is known for the sampled token alone: it is part of x.

"good-set": the loss is `good_set_loss` with beta KL_t, also exact; no reward is estimated, no critic trained.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from agents.config import LearnerConfig
from agents.learners.prepare import RewardTerms, Steps, prepare
from agents.maths.expected import expected_rewards, good_kinds, rewards_to_come
from agents.maths.kinds import Kinds, KindTargets
from agents.maths.returns import kl_shaped_rewards
from agents.maths.tensors import Batch, Estimates, Rollout


def prepare_sampled(rollout: Rollout, terms: RewardTerms, steps: Steps, config: LearnerConfig) -> Batch:
    """Returns the batch that holds the sampled tokens' rewards alone."""
    del config
    return prepare(rollout, terms, **steps._asdict())


def prepare_expected(rollout: Rollout, terms: RewardTerms, steps: Steps, config: LearnerConfig) -> Batch:
    """Returns the batch whose advantages are of the future, with the advantages of the kinds of next tokens.

    Args:
        rollout: As collected, with kinds.
        terms: KL coefficient and scale.
        steps: How the learner shapes, estimates and scales.
        config: `gamma` and `future` are read.
    """
    kinds, mask = _kinds_of(rollout), rollout.response_mask
    scores = rollout.scores / terms.score_scale
    sampled = kl_shaped_rewards(scores, rollout.logprobs, rollout.ref_logprobs, mask, terms.kl_coef)
    means = expected_rewards(kinds.probabilities, kinds.rewards) / terms.score_scale  # (B, T) float32
    expected = (means - terms.kl_coef * rollout.kl) * mask
    extras = steps.shape(rollout, terms) - sampled  # what shaping adds beside score and KL penalty
    to_come = rewards_to_come(expected, mask, gamma=config.gamma) + extras
    future, returns = steps.estimate(rollout, to_come)
    future = config.future * future
    factor = steps.scale.factor(sampled - expected + future, mask)  # scalar or (B, 1) float32
    batch = _batch(rollout, sampled + extras, Estimates(steps.scale.centre(future, mask) * factor, returns))
    advantages = kinds.rewards / terms.score_scale - means[..., None]
    kl_weight = (terms.kl_coef * factor).expand(mask.shape)
    return batch._replace(kinds=_targets(kinds, advantages * factor[..., None], kl_weight, terms))


def prepare_good_set(rollout: Rollout, terms: RewardTerms, steps: Steps, config: LearnerConfig) -> Batch:
    """Returns the batch that says which kinds of next tokens keep the value, without advantages."""
    del config
    kinds, rewards = _kinds_of(rollout), steps.shape(rollout, terms)
    nothing = Estimates(torch.zeros_like(rewards), returns=None)
    kl_weight = torch.full_like(rewards, terms.kl_coef)
    targets = _targets(kinds, good_kinds(kinds.rewards), kl_weight, terms)
    return _batch(rollout, rewards, nothing)._replace(kinds=targets)


def prepare_found(rollout: Rollout, terms: RewardTerms, steps: Steps, config: LearnerConfig) -> Batch:
    """Returns the batch of `prepare_expected` where the environment sent candidates, else that without."""
    chosen = prepare_sampled if rollout.kinds is None else prepare_expected
    return chosen(rollout, terms, steps, config)


PREPARE: dict[str, Callable[[Rollout, RewardTerms, Steps, LearnerConfig], Batch]] = {
    "auto": prepare_found,
    "exact": prepare_expected,
    "good-set": prepare_good_set,
    "off": prepare_sampled,
}
"""From a rollout to the batch that an update reads, by the setting `candidates`."""


def _kinds_of(rollout: Rollout) -> Kinds:
    if rollout.kinds is None:
        raise ValueError("rollout: expected kinds of next tokens, got none; collect it with candidates")
    return rollout.kinds


def _targets(kinds: Kinds, values: Tensor, kl_weight: Tensor, terms: RewardTerms) -> KindTargets:
    ref_states = kinds.ref_states if terms.kl_coef > 0.0 else None
    return KindTargets(kinds.kind_of, values, kinds.probabilities, kl_weight, ref_states)


def _batch(rollout: Rollout, rewards: Tensor, estimates: Estimates) -> Batch:
    fields = {name: getattr(rollout, name) for name in Rollout._fields if name in Batch._fields}
    del fields["kinds"]
    return Batch(**fields, rewards=rewards, **estimates._asdict())

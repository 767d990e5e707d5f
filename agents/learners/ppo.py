"""Token-level proximal policy optimisation: a critic's values are the baseline of each token's advantage.

A symbolic scorer knows something of the value of a state before anything is learned: Phi(s_t), the utility of
the text before token t less that of the prompt. With `critic_offset` a the critic is

    V(s_t) = a Phi(s_t) + head(s_t),

and the value head learns the residual. At a = 1, gamma = 1 and a reward u(xy) - u(x) at the last token alone,

    delta_t = r_t + V(s_{t+1}) - V(s_t) = (Phi(s_{t+1}) - Phi(s_t)) + head(s_{t+1}) - head(s_t),

with Phi after the end being the utility of the whole: the differences that rewards per token,
Phi(s_{t+1}) - Phi(s_t), have with the critic `head`. So advantages are equal at every lambda: potential-based
shaping is an initial value (Wiewiora 2003). Between 0 and 1 it is a dial from one to the other.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from agents.learners.learner import Learner
from agents.learners.loss import (
    LossTerm,
    add_terms,
    candidate_term,
    entropy_term,
    policy_term,
    value_term,
)
from agents.learners.settings import TokenPPOConfig
from agents.maths.returns import gae
from agents.maths.tensors import Batch, Estimates, Rollout, Scored


class TokenPPO(Learner[TokenPPOConfig]):
    """Learns from one reward per token, with a critic; made as `Learner` says."""

    name = "ppo"
    config_class = TokenPPOConfig

    def prepare(self, rollout: Rollout) -> Batch:
        """Returns the batch that the next update reads of a rollout, with values of the whole critic."""
        if rollout.prefix_values is None or self.config.critic_offset == 0.0:
            return super().prepare(rollout)
        offsets = rollout.prefix_values * (self.config.critic_offset / self.score_scale)  # (B, T) float32
        batch = super().prepare(rollout._replace(values=rollout.values + offsets))
        return batch._replace(offsets=offsets)

    def estimate(self, rollout: Rollout, rewards: Tensor) -> Estimates:
        """Returns generalised advantages and the critic's targets."""
        return estimate_with_critic(rollout, rewards, self.config)

    def loss(self, scored: Scored, batch: Batch, denominator: float) -> LossTerm:
        """Returns the clipped surrogate with the critic's loss, less the entropy bonus."""
        return ppo_loss(scored, batch, denominator, self.config)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Returns Adam's groups of parameters; the value head is one of its own where it has a rate."""
        rate = self.config.critic_learning_rate
        if rate is None:
            return super().parameter_groups()
        head = list(self.policy.value_head.parameters())
        kept = {id(parameter) for parameter in head}
        others = [parameter for parameter in self.policy.parameters() if id(parameter) not in kept]
        return [
            {"params": others, "factor": 1.0},
            {"params": head, "factor": rate / self.config.learning_rate},
        ]

    def trains_policy(self) -> bool:
        """Returns whether the next iteration trains more than the value head."""
        return self.iteration >= self.config.critic_warmup_iterations


def estimate_with_critic(rollout: Rollout, rewards: Tensor, config: TokenPPOConfig) -> Estimates:
    """Returns advantages with the critic's values as their baseline, and the critic's next targets.

    With `lam_critic` the targets have a lambda of their own (VC-PPO, 2025, arXiv 2503.01491): 1
    gives the return itself, which no error of the critic enters, whatever variance the policy's lambda saves.
    """
    mask = rollout.response_mask
    advantages, returns = gae(rewards, rollout.values, mask, gamma=config.gamma, lam=config.lam)
    if config.lam_critic is not None:
        _, returns = gae(rewards, rollout.values, mask, gamma=config.gamma, lam=config.lam_critic)
    return Estimates(advantages, returns)


def ppo_loss(scored: Scored, batch: Batch, denominator: float, config: TokenPPOConfig) -> LossTerm:
    """Returns the clipped surrogate with candidates and the critic's loss, less the entropy bonus."""
    return add_terms(
        policy_term(scored, batch, denominator, config),
        candidate_term(scored, batch, denominator, config),
        value_term(
            scored, batch, denominator, vf_coef=config.vf_coef, cliprange_value=config.cliprange_value
        ),
        entropy_term(scored, batch, denominator, entropy_coef=config.entropy_coef),
    )

"""Token-level proximal policy optimisation: a critic's values are the baseline of each token's advantage."""

from __future__ import annotations

from torch import Tensor

from agents.learners.learner import Learner
from agents.learners.loss import LossTerm, add_terms, entropy_term, policy_term, value_term
from agents.learners.settings import TokenPPOConfig
from agents.maths.returns import gae
from agents.maths.tensors import Batch, Estimates, Rollout, Scored


class TokenPPO(Learner[TokenPPOConfig]):
    """Learns from one reward per token, with a critic; made as `Learner` says."""

    name = "ppo"
    config_class = TokenPPOConfig

    def estimate(self, rollout: Rollout, rewards: Tensor) -> Estimates:
        """Returns generalised advantages and the critic's targets."""
        return estimate_with_critic(rollout, rewards, self.config)

    def loss(self, scored: Scored, batch: Batch, denominator: float) -> LossTerm:
        """Returns the clipped surrogate with the critic's loss, less the entropy bonus."""
        return ppo_loss(scored, batch, denominator, self.config)

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
    """Returns the clipped surrogate with the critic's loss, less the entropy bonus."""
    return add_terms(
        policy_term(scored, batch, denominator, config),
        value_term(
            scored, batch, denominator, vf_coef=config.vf_coef, cliprange_value=config.cliprange_value
        ),
        entropy_term(scored, batch, denominator, entropy_coef=config.entropy_coef),
    )

"""Token-level proximal policy optimisation: a critic's values are the baseline of each token's advantage."""

from __future__ import annotations

from torch import Tensor

from agents.config import TokenPPOConfig
from agents.learners.learner import Learner
from agents.maths.returns import gae
from agents.maths.tensors import Estimates, Rollout


class TokenPPO(Learner[TokenPPOConfig]):
    """Learns from one reward per token, with a critic; made as `Learner` says."""

    name = "ppo"
    config_class = TokenPPOConfig

    def estimate(self, rollout: Rollout, rewards: Tensor) -> Estimates:
        """Returns generalised advantages and the critic's targets."""
        return estimate_with_critic(rollout, rewards, self.config)


def estimate_with_critic(rollout: Rollout, rewards: Tensor, config: TokenPPOConfig) -> Estimates:
    """Returns advantages that the critic's values are the baseline of, and the critic's next targets.

    With `lam_critic` the targets have a lambda of their own (VC-PPO, 2025, arXiv 2503.01491): 1
    gives the return itself, which no error of the critic enters, whatever variance the policy's lambda saves.
    """
    mask = rollout.response_mask
    advantages, returns = gae(rewards, rollout.values, mask, gamma=config.gamma, lam=config.lam)
    if config.lam_critic is not None:
        _, returns = gae(rewards, rollout.values, mask, gamma=config.gamma, lam=config.lam_critic)
    return Estimates(advantages, returns)

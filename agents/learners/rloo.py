"""REINFORCE with a leave-one-out baseline over token rewards: groups of responses, no critic.

Where this departs from Ahmadian et al. (2024, arXiv 2402.14740):

1. A response earns one reward per token, less the KL penalty of that token, so a token's advantage
   is its reward to go less what the others would still earn (`agents.maths.advantages` has the equation and
   why it is unbiased). With `baseline="return"` and a reward at the last token alone it is theirs, but for
   the divergence of the tokens before, which a token cannot change.
2. The update is PPO's clipped surrogate over `num_ppo_epochs` passes. The gradient of its first step is
   REINFORCE's, up to the constant that sums are divided by; one pass of one minibatch takes no other.
"""

from __future__ import annotations

from torch import Tensor

from agents.learners.learner import Learner
from agents.learners.settings import RLOOConfig
from agents.maths.advantages import group_advantages
from agents.maths.tensors import Estimates, Rollout


class RLOO(Learner[RLOOConfig]):
    """Learns from token rewards, with other responses to a prompt as baseline; made as `Learner` says."""

    name = "rloo"
    config_class = RLOOConfig

    def estimate(self, rollout: Rollout, rewards: Tensor) -> Estimates:
        """Returns rewards to go less what the others of the group are expected to earn."""
        advantages = group_advantages(
            rewards,
            rollout.response_mask,
            group_size=self.config.group_size,
            gamma=self.config.gamma,
            baseline=self.config.baseline,
        )
        return Estimates(advantages, returns=None)

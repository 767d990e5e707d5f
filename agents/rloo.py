"""REINFORCE with a leave-one-out baseline over token rewards: groups of responses, no critic.

Where this departs from Ahmadian et al. (2024, arXiv 2402.14740):

1. A response earns one reward per token, less the price of divergence of that token, so a token's advantage
   is its reward to go less what the others would still earn (`agents.groups` has the equation and why it is
   unbiased). With `baseline="return"` and a reward at the last token alone it is theirs, but for the
   divergence of the tokens before, which a token cannot change.
2. The update is PPO's clipped surrogate over `num_ppo_epochs` passes. The gradient of its first step is
   REINFORCE's, up to the constant that sums are divided by; one pass of one minibatch takes no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from agents.groups import BASELINE_HELP, BASELINES, group_advantages
from agents.learner import Learner
from agents.ppo_config import LearnerConfig
from agents.tensors import Estimates, Rollout


@dataclass(frozen=True)
class RLOOConfig(LearnerConfig):
    """Settings of `RLOO`: the common ones, with groups.

    Raises:
        ValueError: A setting is out of range, or two do not go together.
    """

    group_size: int = field(default=4, metadata={"help": "responses per prompt, at least 2"})
    baseline: str = field(default="share", metadata={"help": BASELINE_HELP})
    whiten_advantages: bool = field(
        default=False, metadata={"help": "centre and scale advantages over the batch; no longer unbiased"}
    )

    def __post_init__(self) -> None:
        """Checks the settings of groups as well."""
        super().__post_init__()
        self._check("group_size", self.group_size >= 2, "a whole number >= 2")
        self._check("baseline", self.baseline in BASELINES, f"one of {', '.join(map(repr, BASELINES))}")


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

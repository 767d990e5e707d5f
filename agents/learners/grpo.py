"""Group-relative policy optimisation over token rewards: standardised within groups, no critic.

    A_{i,t} = (1 - 1/k) (G_{i,t} - b_{i,t}) / sigma

with G and the leave-one-out b of `agents.maths.advantages`, and sigma the root mean square of the numerator
over the tokens of the group (`scale="group"`), over those of the batch ("batch"), or 1 ("none"); below
`whitening_floor` it is that of `agents.maths.tensors.floored_deviation`.

Where this departs from Shao et al. (2024, arXiv 2402.03300):

1. Their A_i = (R_i - mean R) / std R has one reward per response. R_i - mean R is (1 - 1/k) times R_i less
   the mean of the others, so for responses of one token this is their formula, with the population's
   deviation. With more tokens the mean of all would hold the response's own reward to go.
2. sigma is taken of what it divides. The deviation of returns may be 0 in a group whose tokens earned
   differently, and would blow their advantages up.
3. The KL penalty is inside the reward, where its gradient is right; k3 in the loss is biased.
4. Sums over tokens are divided by one constant, not by each response's length. Together with `scale="none"`
   this is Dr. GRPO (Liu et al. 2025, arXiv 2503.20783): dividing by a group's own deviation weighs prompts by
   how little their responses differ.
"""

from __future__ import annotations

from torch import Tensor

from agents.learners.learner import Learner
from agents.learners.prepare import Scales
from agents.learners.settings import GRPOConfig
from agents.maths.advantages import group_advantages, group_sizes, scale_groups
from agents.maths.tensors import Estimates, Rollout


class GRPO(Learner[GRPOConfig]):
    """Learns from token rewards standardised among the responses to a prompt; made as `Learner` says."""

    name = "grpo"
    config_class = GRPOConfig

    def estimate(self, rollout: Rollout, rewards: Tensor) -> Estimates:
        """Returns rewards to go less those of the others in the group, G - b, which `scales` standardises."""
        advantages = group_advantages(
            rewards,
            rollout.response_mask,
            group_size=self.config.group_size,
            gamma=self.config.gamma,
            baseline=self.config.baseline,
        )
        return Estimates(advantages, returns=None)

    def scales(self) -> Scales:
        """Returns the scales of the settings, applied to advantages that are standardised in their groups."""
        rest, config = super().scales(), self.config

        def advantages(relative: Tensor, mask: Tensor, reward_factor: Tensor) -> Tensor:
            return rest.advantages(standardise(relative, mask, config), mask, reward_factor)

        def factor(relative: Tensor, mask: Tensor) -> Tensor:
            whole = rest.factor(standardise(relative, mask, config), mask)
            return group_factor(relative, mask, config) * whole

        return rest._replace(advantages=advantages, factor=factor)


def standardise(advantages: Tensor, mask: Tensor, config: GRPOConfig) -> Tensor:
    """Returns A of the module docstring, (B, T) float32, from G - b."""
    relative = (1.0 - 1.0 / config.group_size) * advantages
    if config.scale == "none":
        return relative
    return scale_groups(relative, mask, group_size=_among(mask, config), floor=config.whitening_floor)


def group_factor(advantages: Tensor, mask: Tensor, config: GRPOConfig) -> Tensor:
    """Returns (1 - 1/k) / sigma, a scalar or (B, 1) float32: what `standardise` multiplies G - b by."""
    share = 1.0 - 1.0 / config.group_size
    if config.scale == "none":
        return advantages.new_tensor(share)
    among, floor = _among(mask, config), config.whitening_floor
    return share / group_sizes(share * advantages, mask, group_size=among, floor=floor)


def _among(mask: Tensor, config: GRPOConfig) -> int:
    """Returns the number of responses that sigma is taken over."""
    return config.group_size if config.scale == "group" else len(mask)

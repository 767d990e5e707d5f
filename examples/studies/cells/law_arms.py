"""The arms of the study `law`, and how each assigns the same responses' rewards to their tokens.

All are measured on the rollouts of one policy, whose rewards are those of `potential`: the other designs
follow from them, as their totals are equal. `rlsf_gym.designs` says what each is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from agents.maths.returns import last_token_mask

Rewards = Callable[[Tensor, Tensor, torch.Generator], Tensor]
"""From the rewards of `potential` (B, T) float32, the mask (B, T) bool and draws to those of a design."""


def as_paid(rewards: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Returns the rewards of `potential` as they are."""
    del mask, generator
    return rewards


def at_end(rewards: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Returns the rewards of `terminal`: each response's total at its last token."""
    del generator
    return last_token_mask(mask) * rewards.sum(-1, keepdim=True)


def in_equal_parts(rewards: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Returns the rewards of `uniform`: each response's total in equal parts."""
    del generator
    return mask * rewards.sum(-1, keepdim=True) / mask.sum(-1, keepdim=True).clamp(min=1)


def in_random_order(rewards: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Returns the rewards of `shuffled`: those of each response in a random order over its tokens."""
    drawn = torch.rand(rewards.shape, generator=generator).masked_fill(~mask, 2.0)  # padding stays behind
    return rewards.gather(-1, drawn.argsort(-1)) * mask


def at_later_tokens(rewards: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Returns the rewards of `delayed`: each at a later token of all T, the last real one at most."""
    width = rewards.shape[1]
    at = torch.arange(width)
    steps = (torch.rand(rewards.shape, generator=generator) * (width - 1 - at)).long()
    last = (mask.sum(-1, keepdim=True) - 1).clamp(min=0)
    return torch.zeros_like(rewards).scatter_add_(-1, torch.minimum(at + 1 + steps, last), rewards)


REWARDS: dict[str, Rewards] = {
    "potential": as_paid,
    "terminal": at_end,
    "uniform": in_equal_parts,
    "shuffled": in_random_order,
    "delayed": at_later_tokens,
}
"""Reward design to how it assigns the rewards of `potential`."""
IDENTITY = (
    *("env_kwargs.reward_design", "env_kwargs.candidates", "config.lam", "config.critic_offset"),
    "config.critic_warmup_iterations",
)
"""Dotted keys of the settings that tell the arms of a domain from each other."""


class Arm(NamedTuple):
    """A design with a lambda and a critic."""

    design: str
    lam: float
    candidates: bool = False
    """Whether what every next token would have earned is learned from, in exact expectation."""
    offset: float = 0.0
    """Share of the values of prefixes that the critic begins with."""
    warm: bool = False
    """Whether the value head is trained alone before the policy, at a rate of its own."""

    def where(self, warmup: int) -> dict[str, Any]:
        """Returns the arm's values of `IDENTITY`, None for what its cells leave out.

        Args:
            warmup: Iterations that a warm critic is trained for.
        """
        values = (
            self.design,
            self.candidates or None,
            self.lam,
            self.offset or None,
            warmup * self.warm or None,
        )
        return dict(zip(IDENTITY, values, strict=True))


ARMS: Mapping[str, Arm] = {
    "terminal, λ 1": Arm("terminal", 1.0),
    "terminal, λ 0.95": Arm("terminal", 0.95),
    "terminal, λ 0.95, half of the critic known": Arm("terminal", 0.95, offset=0.5),
    "terminal, λ 0.95, critic exact": Arm("terminal", 0.95, offset=1.0),
    "terminal, λ 1, head warm": Arm("terminal", 1.0, warm=True),
    "terminal, λ 0.95, head warm": Arm("terminal", 0.95, warm=True),
    **{f"potential, λ {lam:g}": Arm("potential", lam) for lam in (1.0, 0.95, 0.5, 0.0)},
    **{f"every next token, λ {lam:g}": Arm("potential", lam, candidates=True) for lam in (0.95, 0.5, 0.0)},
    **{f"{design}, λ 0.95": Arm(design, 0.95) for design in ("uniform", "delayed", "shuffled")},
}
"""Name to arm; the first is the control."""
CONTROL, EXACT, EQUAL = "terminal, λ 1", "terminal, λ 0.95, critic exact", "potential, λ 0.95"
"""The control; an exact critic, and what it has to equal."""
RIGHT = Arm("potential", 1.0, candidates=True)
"""What the true gradient is measured by: at lambda 1 no critic biases it, and it is the least noisy."""

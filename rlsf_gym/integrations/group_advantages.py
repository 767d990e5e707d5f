"""Advantages of tokens within the responses to one prompt, for trainers whose estimators add a row up.

In verl and SkyRL, `grpo`, `rloo` and their kin give every token of a response the same advantage, made from
the row's sum. `token_rloo` keeps the tokens apart. With G_{i,t} = sum over s >= t of r_{i,s}, response i of a
group of k gets

    A_{i,t} = G_{i,t} - mean over j != i of G_{j,0} max(0, 1 - t / |y_j|)

where t counts the tokens before, and |y_j| those of response j. What is taken off is what the others would
still earn at t, had each spread its return evenly over its tokens. It depends on the others and on t alone,
so that the expected gradient is the one without it. At t = 0 this is RLOO (Ahmadian et al. 2024, arXiv
2402.14740), and so it is for responses of one token. Nothing is divided by a deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["token_rloo"]


def token_rloo(
    token_level_rewards: Any,
    response_mask: Any,
    index: Sequence[Any],
    *,
    gamma: float | None = None,
    config: Any = None,
    **_: Any,
) -> tuple[Any, Any]:
    """Returns advantages and returns of each token, two float32 tensors (B, T), 0 outside the mask.

    Args:
        token_level_rewards: Tensor (B, T) of any float type.
        response_mask: Tensor (B, T), 1 on tokens of the response and 0 on padding of either side.
        index: Name of each row's prompt, B of them; rows of one name are a group, wherever they lie. A row
            that is alone has no baseline.
        gamma: Discount factor, as SkyRL passes it; must be 1.
        config: Settings that have it instead, as verl passes them.

    Raises:
        ValueError: If the discount factor is not 1.

    Example:
        >>> import torch
        >>> rewards = torch.tensor([[0.0, 0.5, 0.5], [0.5, -0.25, 0.0]])
        >>> mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
        >>> advantages, returns = token_rloo(rewards, mask, ["a", "a"])
        >>> returns.tolist()
        [[1.0, 1.0, 0.5], [0.25, -0.25, 0.0]]
        >>> [[round(one, 3) for one in row] for row in (advantages + 0.0).tolist()]
        [[0.75, 0.875, 0.5], [-0.75, -0.917, 0.0]]
    """
    gamma = getattr(config, "gamma", 1.0) if gamma is None else gamma
    if gamma != 1.0:
        raise ValueError(f"gamma must be 1 for token_rloo, whose baseline is not discounted, got {gamma!r}")
    mask = response_mask.float()
    rewards = token_level_rewards.float() * mask
    returns = rewards.flip(1).cumsum(1).flip(1) * mask  # (B, T) float32
    before = mask.cumsum(1) - mask  # (B, T) float32, number of the response's tokens before each
    totals, lengths = rewards.sum(1), mask.sum(1).clamp(min=1.0)  # (B,) float32
    advantages = returns.clone()
    for rows in _groups(index):
        for row in rows:
            others = [other for other in rows if other != row]
            if others:
                to_come = (1.0 - before[row] / lengths[others][:, None]).clamp(min=0.0)  # (k - 1, T)
                advantages[row] -= (totals[others][:, None] * to_come).mean(0)
    return advantages * mask, returns


def _groups(index: Sequence[Any]) -> list[list[int]]:
    """Returns the rows of each name."""
    groups: dict[Any, list[int]] = {}
    for row, name in enumerate(index):
        groups.setdefault(name, []).append(row)
    return list(groups.values())

"""Advantages of token rewards without a critic: the responses of a group are each other's baseline.

A group is `group_size` responses i to one prompt, drawn independently, next to each other on the first axis.
With G_{i,t} = sum over s >= t of gamma^(s-t) r_{i,s}, the reward to go of token t, the advantage is

    A_{i,t} = G_{i,t} - b_{i,t},    b_{i,t} = mean over j != i of G_{j,0} w_{j,t},

where w_{j,t} says how much of a return is still to come at position t:

- "share": D_{j,t} / D_{j,0} with D the reward to go of a response that pays 1 for each token; for gamma = 1,
  (|y_j| - t) / |y_j|, and 0 past the end. b is what the others would still earn at t, had each spread its
  return evenly over its tokens.
- "return": 1. For a reward at the last token alone this is RLOO (Ahmadian et al. 2024, arXiv 2402.14740).

Why this is sound: given the prompt, the other responses are independent of response i, and b_{i,t} depends on
them and on t alone. So E[grad log pi(a_{i,t} | s_{i,t}) b_{i,t}] = 0, whatever w is: the expected gradient is
that without a baseline, for responses of any length. What was not taken, and why:

1. The mean of the others' rewards to go at position t, G_{j,t}: unbiased too, but it compares different
   states by their position, and where in a response the others' rewards happened to fall is noise.
2. Leave-one-out on the mean process reward (PRIME, 2025, arXiv 2502.01456), which takes the others' mean
   reward per token off every token of response i: its baseline, (|y_i| - t) times that mean, counts the
   tokens that response i is still to write. That number depends on a_{i,t} (the end token makes it 1), so the
   gradient is biased: where the mean is positive, each further token is charged for.
3. A mean over all of the group: it holds response i itself. For one reward per response that only scales the
   gradient by 1 - 1/k; with shares to go it would not.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from agents.maths.returns import gae
from agents.maths.tensors import floored_deviation


def reward_to_go(rewards: Tensor, mask: Tensor, *, gamma: float) -> Tensor:
    """Returns G_t = sum over s >= t of gamma^(s-t) r_s, (B, T) float32, 0 outside the mask.

    Args:
        rewards: (B, T) float32.
        mask: (B, T) bool, a prefix of each row.
        gamma: Discount in [0, 1].
    """
    return gae(rewards, torch.zeros_like(rewards), mask, gamma=gamma, lam=1.0)[0]


def leave_one_out(x: Tensor, group_size: int) -> Tensor:
    """Returns for each row the mean of the other rows of its group, (B, T) float32.

    A row weighs exactly 0 in its own mean: a sum less the row itself would keep its rounding.

    Args:
        x: (B, T) float32, the rows of a group next to each other.
        group_size: A divisor of B, >= 2.
    """
    weights = (1.0 - torch.eye(group_size, dtype=x.dtype, device=x.device)) / (group_size - 1)
    return (weights @ x.reshape(-1, group_size, x.shape[1])).reshape(x.shape)


def share_to_come(real: Tensor, gamma: float) -> Tensor:
    """Returns w of the baseline "share", D_{j,t} / D_{j,0}, (B, T) float; 0 for a response without tokens.

    Args:
        real: (B, T) float, 1 on the real tokens, a prefix of each row, and 0 after them.
        gamma: Discount in [0, 1].
    """
    tokens_to_go = reward_to_go(real, real.bool(), gamma=gamma)
    return tokens_to_go / tokens_to_go[:, :1].clamp(min=1.0)


def whole_return(real: Tensor, gamma: float) -> Tensor:
    """Returns w of the baseline "return", 1 everywhere, (B, T) float."""
    del gamma
    return torch.ones_like(real)


BASELINES: dict[str, Callable[[Tensor, float], Tensor]] = {"share": share_to_come, "return": whole_return}
"""w of the module docstring by name, a function of the real tokens and the discount."""


def group_advantages(
    rewards: Tensor, mask: Tensor, *, group_size: int, gamma: float, baseline: str
) -> Tensor:
    """Returns A_{i,t} of the module docstring, (B, T) float32, 0 outside the mask.

    Args:
        rewards: (B, T) float32, shaped.
        mask: (B, T) bool, a prefix of each row.
        group_size: A divisor of B, >= 2.
        gamma: Discount in [0, 1].
        baseline: A name of `BASELINES`.
    """
    to_go = reward_to_go(rewards, mask, gamma=gamma)
    expected = to_go[:, :1] * BASELINES[baseline](
        mask.to(rewards.dtype), gamma
    )  # (B, T) float32, G_{j,0} w_{j,t}
    return (to_go - leave_one_out(expected, group_size)) * mask


def scale_groups(advantages: Tensor, mask: Tensor, *, group_size: int, floor: float) -> Tensor:
    """Returns advantages (B, T) float32 over the root of their mean square in each group.

    Nothing is shifted. A group whose responses earned alike is not blown up.

    Args:
        advantages: (B, T) float32, 0 outside the mask.
        mask: (B, T) bool.
        group_size: A divisor of B; B makes the whole batch one group.
        floor: Smaller roots count as `agents.maths.tensors.floored_deviation` has it.
    """
    return advantages / group_sizes(advantages, mask, group_size=group_size, floor=floor)


def group_sizes(advantages: Tensor, mask: Tensor, *, group_size: int, floor: float) -> Tensor:
    """Returns what `scale_groups` divides each row by, (B, 1) float32.

    Args:
        advantages: (B, T) float32, 0 outside the mask.
        mask: (B, T) bool.
        group_size: A divisor of B; B makes the whole batch one group.
        floor: As in `scale_groups`.
    """
    grouped = advantages.reshape(-1, group_size, advantages.shape[1])  # (groups, group_size, T) float32
    tokens = mask.reshape(grouped.shape).sum((1, 2), keepdim=True).clamp(min=1)
    size = (grouped.square().sum((1, 2), keepdim=True) / tokens).sqrt()  # (groups, 1, 1) float32
    return floored_deviation(size, floor).expand(-1, group_size, 1).reshape(-1, 1)

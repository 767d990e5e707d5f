"""KL and explained variance by quarter of the response.

Token t (0, 1, ...) of a response of L tokens lies in quarter floor(4 t / L) + 1, so a quarter is a quarter of
each response, however long it is; a response of fewer than four tokens leaves some quarters out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from agents.maths.losses import explained_variance

QUARTERS = 4


def quarter_masks(mask: Tensor) -> list[Tensor]:
    """Returns for each quarter (B, T) bool, True on its tokens; together they are the mask.

    Args:
        mask: (B, T) bool, a prefix of each row.
    """
    lengths = mask.sum(-1, keepdim=True).clamp(min=1)  # (B, 1) int64
    positions = torch.arange(mask.shape[1], device=mask.device)  # (T,) int64
    quarters = QUARTERS * positions // lengths  # (B, T) int64
    return [mask & (quarters == q) for q in range(QUARTERS)]


def kl_by_quarter(kl: Tensor, mask: Tensor) -> dict[str, float]:
    """Returns the part of `objective/kl` in each quarter, nats per response; they add up to the whole.

    Args:
        kl: (B, T) float32, KL at each token.
        mask: (B, T) bool, a prefix of each row.
    """
    return {
        f"objective/kl_q{q}": (kl.double() * part).sum().item() / len(kl)
        for q, part in enumerate(quarter_masks(mask), start=1)
    }


def explained_variance_by_quarter(values: Tensor, returns: Tensor, mask: Tensor) -> dict[str, float]:
    """Returns the share of the returns' variance within each quarter that the critic explains.

    A quarter that no response reaches is left out.

    Args:
        values: (B, T) float32.
        returns: (B, T) float32.
        mask: (B, T) bool, a prefix of each row.
    """
    return {
        f"val/explained_variance_q{q}": explained_variance(values, returns, part)
        for q, part in enumerate(quarter_masks(mask), start=1)
        if bool(part.any())
    }

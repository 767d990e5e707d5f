"""Draws token ids from distributions, given uniform numbers.

Inverse-CDF sampling: one uniform number per token, drawn before generation starts, so that what a row
receives depends neither on the other rows nor on when they end, and is the same on every device.
"""

from __future__ import annotations

import torch
from torch import Tensor


def draw_tokens(probabilities: Tensor, uniforms: Tensor) -> Tensor:
    """Returns the token at which the cumulative probability first exceeds the uniform number, (N,) int64.

    Sums run in float64; a token of probability 0 is never drawn, whatever the rounding.

    Args:
        probabilities: (N, V) float, rows that sum to about 1.
        uniforms: (N,) float64 in [0, 1).
    """
    cumulative = probabilities.double().cumsum(-1)  # (N, V) float64
    total = cumulative[:, -1]
    target = torch.minimum(uniforms * total, torch.nextafter(total, torch.zeros_like(total)))
    return torch.searchsorted(cumulative, target[:, None], right=True).squeeze(-1)


def draw_uniforms(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Returns (rows, columns) float64 in [0, 1), from a generator on the CPU."""
    return torch.rand(rows, columns, generator=generator, dtype=torch.float64)

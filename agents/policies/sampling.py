"""Draws token ids from distributions, given uniform numbers.

Inverse-CDF sampling: one uniform number per token, drawn before generation starts, so that what a row
receives depends neither on the other rows nor on when they end, and is the same on every device.
"""

from __future__ import annotations

import math
from typing import Self

import torch
from torch import Tensor


class RowsOfDraw(torch.Generator):
    """A generator whose one draw is a part of a larger one: of B rows those of one process.

    The larger draw is made whole, so that every process leaves its generator in the same state.

    Args:
        whole: On the CPU; makes the larger draw.
        rows: B, rows of the larger draw.
        columns: T, columns of the larger draw.
        first: The first row that is this one's.
    """

    def __new__(cls, whole: torch.Generator, rows: int, columns: int, *, first: int) -> Self:
        """Returns one; torch makes its generators here and takes no other arguments."""
        del whole, rows, columns, first
        return super().__new__(cls)

    def __init__(self, whole: torch.Generator, rows: int, columns: int, *, first: int) -> None:
        self._whole, self._shape, self._first = whole, (rows, columns), first

    def draw(self, rows: int, columns: int) -> Tensor:
        """Returns (rows, columns) float64 in [0, 1)."""
        drawn = torch.rand(*self._shape, generator=self._whole, dtype=torch.float64)
        return drawn[self._first : self._first + rows, :columns]


def draw_tokens(weights: Tensor, uniforms: Tensor) -> Tensor:
    """Returns the token at which the cumulative weight first exceeds its share of the total, (N,) int64.

    A block of tokens is drawn first and a token of that block next, so that the long sums need not be
    cumulative. A token of weight 0 is never drawn, whatever the rounding.

    Args:
        weights: (V, N) float, in proportion to probabilities: a column for each draw.
        uniforms: (N,) float64 in [0, 1).
    """
    count, size = len(weights), math.isqrt(len(weights))
    whole = count - count % size
    sums = weights[:whole].view(-1, size, weights.shape[1]).sum(1)  # (blocks, N) float32
    if whole < count:
        sums = torch.cat([sums, weights[whole:].sum(0, keepdim=True)])
    block, rest = _first_above(sums.double().cumsum(0), uniforms)
    tokens = block * size + torch.arange(size, device=weights.device)[:, None]  # (size, N) int64
    inside = weights.gather(0, tokens.clamp(max=count - 1)).double() * (tokens < count)
    return block * size + _first_above(inside.cumsum(0), rest)[0]


def _first_above(cumulative: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Returns where sums (K, N) first exceed a share of the last, and how far through that step it is.

    Args:
        cumulative: (K, N) float64, ascending, the last > 0.
        share: (N,) float64 in [0, 1).
    """
    total = cumulative[-1]
    target = torch.minimum(share * total, torch.nextafter(total, torch.zeros_like(total)))
    first = (cumulative <= target).sum(0)  # (N,) int64
    end = cumulative.gather(0, first[None])[0]
    start = cumulative.gather(0, (first - 1).clamp(min=0)[None])[0] * (first > 0)
    return first, (target - start) / (end - start)


def draw_uniforms(rows: int, columns: int, generator: torch.Generator | None) -> Tensor:
    """Returns (rows, columns) float64 in [0, 1), from a generator on the CPU.

    Raises:
        ValueError: If there is no generator.
    """
    if generator is None:
        raise ValueError(
            "generator: expected a torch.Generator on the CPU, got None; pass one, or deterministic=True"
        )
    if isinstance(generator, RowsOfDraw):
        return generator.draw(rows, columns)
    return torch.rand(rows, columns, generator=generator, dtype=torch.float64)

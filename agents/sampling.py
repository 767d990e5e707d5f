"""Draws token ids from distributions, given uniform numbers.

Inverse-CDF sampling: one uniform number per token, drawn before generation starts, so that what a row
receives depends neither on the other rows nor on when they end, and is the same on every device.
"""

from __future__ import annotations

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
    if isinstance(generator, RowsOfDraw):
        return generator.draw(rows, columns)
    return torch.rand(rows, columns, generator=generator, dtype=torch.float64)

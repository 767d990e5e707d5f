"""Packed layout: the texts of a batch end to end, and the same in rows of equal width.

Whatever works on tokens one by one (norms, matrices, activations) reads them end to end, without padding.
Attention reads rows: texts begin at the left, so that what follows the shorter ones is never looked at under
a causal mask, and needs no other.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor


class Layout(NamedTuple):
    """N tokens of B texts, the longest of which has S; text after text."""

    read: Tensor
    """(B, W) bool: the tokens, in the columns where they were given."""
    positions: Tensor
    """(N,) int64: place of each token in its text, from 0."""
    slots: Tensor
    """(N,) int64: place of each token in B rows of S."""
    rows: int
    """Number of rows, B."""
    width: int
    """Number of columns of the rows, S."""
    wanted: Tensor
    """(M,) int64: the tokens after which something is asked, by their place end to end; none twice."""


def lay_out(attention_mask: Tensor, rows: Tensor, columns: Tensor) -> Layout:
    """Returns the layout of the tokens that matter to positions (rows[m], columns[m]).

    What follows the last of them in a row is left out.

    Args:
        attention_mask: (B, W) bool, True on the tokens that there are.
        rows: (M,) int64.
        columns: (M,) int64.
    """
    read = needed(attention_mask, rows, columns)
    places = read.flatten().long().cumsum(0).view(read.shape) - 1  # (B, W) int64, end to end
    steps = read.long().cumsum(-1) - 1  # (B, W) int64, in each text
    positions = steps[read]
    texts = read.nonzero()[:, 0]  # (N,) int64
    width = int(positions.max()) + 1 if len(positions) else 0
    return Layout(read, positions, texts * width + positions, len(read), width, places[rows, columns])


def needed(attention_mask: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Returns the mask (B, W) bool without what follows the last position (rows[m], columns[m]) of a row."""
    count, width = attention_mask.shape
    last = torch.full((count,), -1, device=rows.device).scatter_reduce(0, rows, columns, "amax")
    return attention_mask & (torch.arange(width, device=rows.device) <= last[:, None])


def to_rows(x: Tensor, layout: Layout) -> Tensor:
    """Returns tokens (N, C) as rows (B, S, C), 0 after the end of a text."""
    size = layout.rows * layout.width
    if len(x) < size:
        x = cast(Tensor, cast(Any, _Place).apply(x, layout.slots, size))
    return x.view(layout.rows, layout.width, -1)


def from_rows(rows: Tensor, layout: Layout) -> Tensor:
    """Returns rows (B, S, ...) as tokens (N, C)."""
    flat = rows.reshape(layout.rows * layout.width, -1)
    return flat if len(layout.slots) == len(flat) else take(flat, layout.slots)


def take(x: Tensor, index: Tensor) -> Tensor:
    """Returns x[index], (M, C) of (N, C), for an index without repetitions."""
    return cast(Tensor, cast(Any, _Take).apply(x, index))


class _Place(torch.autograd.Function):
    """Rows laid into zeros, without the copy of the zeros that autograd's own would keep them by."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor, size: int) -> Tensor:
        ctx.save_for_backward(index)
        return x.new_zeros(size, x.shape[1]).index_copy_(0, index, x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (grad,), (index,) = grads, ctx.saved_tensors
        return grad.index_select(0, index), None, None


class _Take(torch.autograd.Function):
    """Indexing whose backward copies: autograd's own adds up, row by row, in case an index came twice."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(index)
        ctx.size = len(x)
        return x.index_select(0, index)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (grad,), (index,) = grads, ctx.saved_tensors
        return grad.new_zeros(ctx.size, grad.shape[1]).index_copy_(0, index, grad), None

"""Teaches a language model what an interpolated Kneser-Ney n-gram of its own training text expects.

The one id that follows in a text is a noisy sample of what could have followed, and at small batch sizes that
noise is most of a gradient. Training towards `(1 - share) onehot + share q`, where q is the n-gram's
distribution after the same context, takes much of it away (A. K. Menon et al., "A statistical perspective on
distillation", 2021; L. Malagutti et al., "The role of n-gram smoothing in the age of neural networks", 2024).

The n-gram was counted on the very text that is taught, so that its counts are left-one-out: without the
occurrence that the distribution is asked for. Otherwise a context seen once would tell its only follower.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from examples.workshop.ngram_baseline import BITS, SIZE, Keys, Order, Values, count_orders

DENSE = 2
"""Orders up to this one are one table of all pairs of ids, in which one occurrence hardly counts."""


class Share(NamedTuple):
    """What one order adds to distributions, before the orders above it scale it."""

    rows: NDArray[np.int64]
    """(M,) which distribution an amount belongs to."""
    columns: NDArray[np.int64]
    """(M,) the id that gets it; a pair of row and column comes once."""
    amounts: Values
    """(M,)"""
    spread: Values
    """(K,) weight of the lower orders in each distribution."""
    is_last: NDArray[np.bool_]
    """(K,) whether the order below counts one n-gram less without the occurrence that is left out."""


class Followers:
    """One order's counts, asked for all followers of a context at once.

    Args:
        order: Its counts.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._ids = (order.grams & (SIZE - 1)).astype(np.int64)
        self._starts = np.concatenate([[0], np.cumsum(order.followers)]).astype(np.int64)

    def share(self, keys: Keys, left_out: NDArray[np.bool_]) -> Share:
        """Returns what this order adds to the distributions over the last id of n-grams of the text.

        Args:
            keys: (K,) int64, n-grams of the training text.
            left_out: (K,) whether one occurrence of the n-gram itself does not count.
        """
        order = self._order
        contexts = np.searchsorted(order.contexts, keys >> BITS)
        grams = np.searchsorted(order.grams, keys)
        is_last = left_out & (order.counts[grams] == 1)
        totals = order.totals[contexts] - left_out
        followers = order.followers[contexts] - is_last
        first, number = self._starts[contexts], order.followers[contexts].astype(np.int64)
        ends = np.cumsum(number)
        rows = np.repeat(np.arange(len(keys)), number)
        places = np.arange(ends[-1]) + np.repeat(first - (ends - number), number)
        counts = order.counts[places]
        counts[ends - number + grams - first] -= left_out
        known = np.maximum(totals, 1.0)  # of a context that is left out altogether, no amount is above 0
        amounts = np.maximum(counts - order.discount, 0.0) / known[rows]
        spread = np.where(totals > 0, order.discount * followers / known, 1.0)
        return Share(rows, self._ids[places], amounts, spread, is_last)


class NgramTeacher:
    """Distributions of an interpolated Kneser-Ney n-gram at positions of the text that it was counted on.

    Args:
        ids: (N,) uint16 training ids.
        highest: Order of the n-gram, 3 to 5.
    """

    def __init__(self, ids: NDArray[np.uint16], highest: int = 5) -> None:
        self._ids = ids
        self._highest = highest
        orders = count_orders(ids, highest)
        unigram = orders[0].refine(np.arange(SIZE, dtype=np.int64), np.full(SIZE, 1.0 / SIZE))
        pairs = np.arange(SIZE * SIZE, dtype=np.int64)
        table = orders[1].refine(pairs, np.tile(unigram, SIZE)).astype(np.float32)
        self._pairs = torch.from_numpy(table.reshape(SIZE, SIZE))
        self._orders = [Followers(order) for order in orders[DENSE:]]

    def targets(self, positions: NDArray[np.int64]) -> Tensor:
        """Returns what is expected at positions of the training ids.

        Args:
            positions: (K,) int64, of the ids to be predicted, each at least `highest` from the start.

        Returns:
            (K, 4096) float32, rows that sum to 1.
        """
        keys = [self._keys(positions, order) for order in range(DENSE + 1, self._highest + 1)]
        scale = np.ones(len(positions))  # of what an order adds, by the orders above it
        left_out = np.ones(len(positions), dtype=np.bool_)
        places: list[NDArray[np.int64]] = []
        amounts: list[Values] = []
        for order, key in zip(self._orders[::-1], keys[::-1], strict=True):
            share = order.share(key, left_out)
            places.append(share.rows * SIZE + share.columns)
            amounts.append(share.amounts * scale[share.rows])
            scale *= share.spread
            left_out = share.is_last
        last = torch.from_numpy(self._ids[positions - 1].astype(np.int64))
        dense = self._pairs[last] * torch.from_numpy(scale.astype(np.float32))[:, None]
        dense.view(-1).index_add_(
            0,
            torch.from_numpy(np.concatenate(places)),
            torch.from_numpy(np.concatenate(amounts).astype(np.float32)),
        )
        return dense

    def _keys(self, positions: NDArray[np.int64], order: int) -> Keys:
        """Returns the n-grams that end at positions; (K,) int64."""
        keys = np.zeros(len(positions), dtype=np.int64)
        for offset in range(order - 1, -1, -1):
            keys = keys << BITS | self._ids[positions - offset].astype(np.int64)
        return keys

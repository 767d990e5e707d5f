"""Lays the rewards of kinds of tokens out by token: the arrays that infos hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.evidence import BoolArray, IntArray
from rlsf_gym.scorers.protocol import Exceptions

__all__ = ["Columns", "Part", "Rewards", "lay_out"]

Columns = dict[str, npt.NDArray[Any]]
Rewards = npt.NDArray[np.float32]

_MOST_CODES = 2**22  # of pairs of kinds that are told apart by a table rather than by sorting


class Part(NamedTuple):
    """Rewards of candidates at N of the positions of a batch, before which the same bytes wait."""

    places: IntArray
    """Positions in the flattened (B, T), int64 (N,)."""
    ids: IntArray
    """Tokens that have a score of their own, int64 (K,)."""
    rows: IntArray
    """The row of `rewards` that holds those of each of them, int64 (K,)."""
    ends: IntArray
    """Tokens with which the response is over and that are paid otherwise for it, int64 (E,)."""
    rewards: Rewards
    """Rewards of C kinds of tokens, of all other tokens, and of the end tokens, (C + 1 + E, N)."""
    exceptions: Exceptions | None
    """Rewards of single tokens at single positions."""


def lay_out(parts: Sequence[Part], mask: BoolArray, vocab_size: int) -> Columns:
    """Returns the rewards of all parts, by token: those that have rewards of their own, and all others."""
    is_own = np.zeros(vocab_size, np.bool_)
    for part in parts:
        is_own[part.ids] = is_own[part.ends] = True
    ids = np.flatnonzero(is_own)  # (K,)
    rows = [_rows_of(part, ids, vocab_size) for part in parts]
    firsts, joint = _join(rows, [len(part.rewards) for part in parts])
    width = sum(len(part.places) for part in parts)
    inverse = np.full(mask.size, width)  # where in the blocks each position is; behind them there is nothing
    inverse[np.concatenate([part.places for part in parts])] = np.arange(width)
    inverse[~mask.reshape(-1)] = width
    kinds = np.zeros((len(firsts), width + 1), np.float32)  # (J, N + 1)
    start = 0
    for part, own in zip(parts, rows, strict=True):
        kinds[:, start : start + len(part.places)] = part.rewards.take(own[firsts], axis=0)
        start += len(part.places)
    kinds = kinds.take(inverse, axis=1)  # (J, B * T)
    rewards = kinds.take(joint[:-1], axis=0)  # (K, B * T)
    numbers = np.zeros(vocab_size, np.int64)
    numbers[ids] = np.arange(len(ids))
    for part in parts:
        if part.exceptions is not None:
            at = part.places[part.exceptions.rows]
            real = mask.reshape(-1)[at]
            tokens = numbers[part.ids][part.exceptions.columns]
            rewards[tokens[real], at[real]] = part.exceptions.scores[real]
    return {
        "candidate_ids": np.broadcast_to(ids, (len(mask), len(ids))),
        "candidate_rewards": rewards.reshape(len(ids), *mask.shape).transpose(1, 2, 0),
        "other_rewards": kinds[joint[-1]].reshape(mask.shape),
    }


def _rows_of(part: Part, ids: IntArray, vocab_size: int) -> IntArray:
    """Returns the row of the part's rewards for each of K tokens, and for all others, int64 (K + 1,)."""
    others = len(part.rewards) - 1 - len(part.ends)
    rows = np.full(vocab_size + 1, others)
    rows[part.ids] = part.rows
    rows[part.ends] = others + 1 + np.arange(len(part.ends))
    return rows[np.append(ids, vocab_size)]


def _join(rows: Sequence[IntArray], sizes: Sequence[int]) -> tuple[IntArray, IntArray]:
    """Returns kinds of tokens that are of one kind in each part.

    Args:
        rows: Kinds of N tokens in each part, int64 (N,) each.
        sizes: Number of kinds in each part.

    Returns:
        The first token of each of J joint kinds, int64 (J,), and the number of each token's, int64 (N,).
    """
    joint, firsts = np.zeros(len(rows[0]), np.int64), np.zeros(1, np.int64)
    for row, size in zip(rows, sizes, strict=True):
        codes, most = joint * size + row, len(firsts) * size
        if most > _MOST_CODES:
            _, firsts, joint = np.unique(codes, return_index=True, return_inverse=True)
            continue
        first = np.full(most, -1)
        first[codes[::-1]] = np.arange(len(codes))[::-1]  # the first one is written last
        found = np.flatnonzero(first >= 0)
        firsts = first[found]
        first[found] = np.arange(len(found))
        joint = first[codes]
    return firsts, joint

"""Ranks sampled tokens among all that could have been sampled, by what each of them would have earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from agents.runs.strict_json import show

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

NAMES = ("candidate_ids", "candidate_rewards", "other_rewards")
KEYS = frozenset(NAMES)
"""Keys of an episode's info that say what every next token would have earned."""
BEST = 3
"""Number of best tokens that are kept at each position; of the worst it is one."""
DIGITS = 6
"""Decimals to which rewards are compared: those of one kind of tokens may differ in the last bits."""


class Standing(TypedDict):
    """Sampled token among all V that could have been sampled."""

    best: list[list[Any]]
    """Pairs of id and reward of the best tokens, the best first; of equal ones those with the lowest ids."""
    worst: list[list[Any]]
    """Pair of id and reward of the worst token."""
    rank: int
    """1 plus the number of tokens that would have earned more."""
    shared: int
    """Number of tokens that would have earned the same, this one included."""
    of: int
    """Size of the vocabulary, V."""


def rank_tokens(info: Mapping[str, Any], tokens: Sequence[int], vocab_size: int) -> list[Standing]:
    """Returns the standing of each token of a response.

    Rewards are compared to six decimals; tokens that earn the same share a rank.

    Args:
        info: Info of the episode: `candidate_ids` (K,) increasing, `candidate_rewards` (T, K), and
            `other_rewards` (T,), the reward of each of the other V - K tokens.
        tokens: The N tokens of the response.
        vocab_size: V.

    Raises:
        ValueError: If the arrays are of other shapes, or the ids are not increasing ids of the vocabulary.

    Example:
        >>> candidates = {"candidate_ids": np.array([1, 4]), "candidate_rewards": np.array([[0.5, -0.25]])}
        >>> found = rank_tokens({**candidates, "other_rewards": np.zeros(1)}, [0], vocab_size=6)
        >>> found[0]["best"], found[0]["rank"], found[0]["shared"]
        ([[1, 0.5], [0, 0.0], [2, 0.0]], 2, 4)
    """
    ids, rewards, others = _read(info, len(tokens), vocab_size)
    spare = _first_others(ids, vocab_size)
    listed = np.concatenate([ids, spare])  # (M,): all others stand behind these, whatever they earn
    order = np.argsort(listed)
    table = np.concatenate(
        [np.ascontiguousarray(rewards), np.repeat(others[:, None], len(spare), axis=1)], axis=1
    )  # (N, M)
    rest = vocab_size - len(listed)
    return _rank(listed[order], _round(table[:, order]), _round(others), np.array(tokens, np.int64), rest)


def _rank(
    listed: IntArray, earned: FloatArray, others: FloatArray, tokens: IntArray, rest: int
) -> list[Standing]:
    """Returns the standings of N tokens.

    Args:
        listed: M increasing ids, (M,).
        earned: Their rewards, (N, M).
        others: The reward of each other token, (N,).
        tokens: The tokens, (N,).
        rest: Number of other tokens, V - M.
    """
    rows, places = np.arange(len(tokens)), np.searchsorted(listed, tokens).clip(max=len(listed) - 1)
    paid = np.where(listed[places] == tokens, earned[rows, places], others)  # (N,)
    ranks = 1 + (earned > paid[:, None]).sum(axis=1) + rest * (others > paid)
    shared = (earned == paid[:, None]).sum(axis=1) + rest * (others == paid)
    worst, left = earned.argmin(axis=1), earned.copy()
    best: list[IntArray] = []
    for _ in range(min(BEST, len(listed))):
        best.append(left.argmax(axis=1))  # the first of equal ones, which has the lowest id
        left[rows, best[-1]] = -np.inf
    return [
        Standing(
            best=[[int(listed[at[row]]), float(earned[row, at[row]])] for at in best],
            worst=[[int(listed[worst[row]]), float(earned[row, worst[row]])]],
            rank=int(ranks[row]),
            shared=int(shared[row]),
            of=len(listed) + rest,
        )
        for row in rows.tolist()
    ]


def _first_others(ids: IntArray, vocab_size: int) -> IntArray:
    """Returns the lowest ids that are not among K others, as many as can be among the best."""
    free = np.ones(min(vocab_size, len(ids) + BEST), np.bool_)
    free[ids[ids < len(free)]] = False
    return np.flatnonzero(free)[:BEST]


def _round(rewards: FloatArray) -> FloatArray:
    return np.round(rewards.astype(np.float64), DIGITS) + 0.0  # no zero has a sign


def _read(info: Mapping[str, Any], count: int, vocab_size: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Returns ids (K,), and the rewards of N positions, (N, K) and (N,)."""
    ids, rewards, others = (np.asarray(info.get(key)) for key in NAMES)
    width, length = (len(one) if one.ndim else 0 for one in (ids, others))
    if length < count or (ids.shape, rewards.shape, others.shape) != ((width,), (length, width), (length,)):
        raise ValueError(
            f"info: expected {', '.join(NAMES)} of shapes (K,), (T, K), (T,) with T >= {count}, "
            f"got {', '.join(str(one.shape) for one in (ids, rewards, others))}"
        )
    if ids.dtype.kind not in "iu" or (np.diff(ids) <= 0).any() or _lie_outside(ids, vocab_size):
        raise ValueError(
            f"info['candidate_ids']: expected increasing token ids from 0 to V - 1 = {vocab_size - 1}, "
            f"got {show(ids.tolist())}"
        )
    for key, values in zip(NAMES[1:], (rewards, others), strict=True):
        if values.dtype.kind not in "fiu" or not np.isfinite(values[:count]).all():
            raise ValueError(f"info[{key!r}]: expected finite numbers, got others among {values.dtype}")
    return ids.astype(np.int64), rewards[:count], others[:count]


def _lie_outside(ids: IntArray, vocab_size: int) -> bool:
    """Returns whether some of increasing ids are none of the vocabulary."""
    return len(ids) > 0 and not 0 <= ids[0] <= ids[-1] < vocab_size

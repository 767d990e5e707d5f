"""Ranks sampled tokens among all that could have been sampled, by what each of them would have earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from agents.runs.strict_json import show

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

KEYS = ("candidate_ids", "candidate_rewards", "other_rewards")
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
    """V."""


def without_candidates(info: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the info of an episode without what every next token would have earned, which is large."""
    return {key: value for key, value in info.items() if key not in KEYS}


def rank_tokens(info: Mapping[str, Any], tokens: Sequence[int], vocab_size: int) -> list[Standing] | None:
    """Returns the standing of each token of a response, None where info holds no candidates.

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
    if not any(key in info for key in KEYS):
        return None
    ids, rewards, others = _read(info, len(tokens), vocab_size)
    spare = np.setdiff1d(np.arange(min(vocab_size, len(ids) + BEST)), ids)[:BEST]
    table = np.concatenate([ids, spare])  # (M,): all others stand behind these, whatever they earn
    order = np.argsort(table)
    standings: list[Standing] = []
    for token, row, other in zip(tokens, rewards, others, strict=True):
        earned = np.append(row, np.full(len(spare), other))[order]  # (M,)
        standings.append(_rank(table[order], _round(earned), float(_round(other)), token, vocab_size))
    return standings


def _rank(tokens: IntArray, earned: FloatArray, other: float, sampled: int, vocab_size: int) -> Standing:
    """Returns the standing of a token, by the rewards of M increasing tokens and that of each other one."""
    place = int(np.searchsorted(tokens, sampled))
    is_listed = place < len(tokens) and int(tokens[place]) == sampled
    paid, rest = float(earned[place]) if is_listed else other, vocab_size - len(tokens)
    left, best = earned.copy(), list[int]()
    for _ in range(min(BEST, len(tokens))):
        best.append(int(left.argmax()))  # the first of equal ones, which has the lowest id
        left[best[-1]] = -np.inf
    return Standing(
        best=[[int(tokens[at]), float(earned[at])] for at in best],
        worst=[[int(tokens[at]), float(earned[at])] for at in [int(earned.argmin())]],
        rank=1 + int(np.count_nonzero(earned > paid)) + rest * (other > paid),
        shared=int(np.count_nonzero(earned == paid)) + rest * (other == paid),
        of=vocab_size,
    )


def _round(rewards: Any) -> FloatArray:
    return np.round(np.asarray(rewards, np.float64), DIGITS) + 0.0  # no zero has a sign


def _read(info: Mapping[str, Any], count: int, vocab_size: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Returns ids (K,), and the rewards of N positions, (N, K) and (N,)."""
    ids, rewards, others = (np.asarray(info.get(key)) for key in KEYS)
    width, length = (len(one) if one.ndim else 0 for one in (ids, others))
    if length < count or (ids.shape, rewards.shape, others.shape) != ((width,), (length, width), (length,)):
        raise ValueError(
            f"info: expected {', '.join(KEYS)} of shapes (K,), (T, K), (T,) with T >= {count}, "
            f"got {', '.join(str(one.shape) for one in (ids, rewards, others))}"
        )
    if ids.dtype.kind not in "iu" or (np.diff(ids) <= 0).any() or _lie_outside(ids, vocab_size):
        raise ValueError(
            f"info['candidate_ids']: expected increasing token ids from 0 to V - 1 = {vocab_size - 1}, "
            f"got {show(ids.tolist())}"
        )
    for key, values in zip(KEYS[1:], (rewards, others), strict=True):
        if values.dtype.kind not in "fiu" or not np.isfinite(values[:count]).all():
            raise ValueError(f"info[{key!r}]: expected finite numbers, got others among {values.dtype}")
    return ids.astype(np.int64), rewards[:count], others[:count]


def _lie_outside(ids: IntArray, vocab_size: int) -> bool:
    """Returns whether some of increasing ids are none of the vocabulary."""
    return len(ids) > 0 and not 0 <= ids[0] <= ids[-1] < vocab_size

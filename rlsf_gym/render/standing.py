"""Compares a token with those that could have stood in its place: the best, the worst, and its rank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from rlsf_gym.render.numbers import show_number
from rlsf_gym.render.visible import show_controls, show_token
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = [
    "Choice",
    "Ranking",
    "Standing",
    "make_standings",
    "rank_candidates",
    "rankings_from_info",
]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.floating[Any]]

BEST = 3
"""Number of best candidates that are kept of each token; of the worst it is one."""
DIGITS = 6
"""Decimals to which rewards are compared: those of one kind of tokens may differ in the last bits."""
PIECE = 128
"""Positions that are ranked at once, so that a long response needs no more memory than this many."""
EVEN = "any token would have earned the same"
"""Stands for the best, the worst and the rank where all are equal."""


class Ranking(TypedDict):
    """Numbers of a token among all V that could have stood in its place."""

    best: list[tuple[int, float]]
    """Ids and rewards of the best, the best first; of equal ones those with the lowest ids."""
    worst: list[tuple[int, float]]
    """Id and reward of the worst."""
    rank: int
    """1 plus the number of tokens that would have earned more."""
    shared: int
    """Number of tokens that would have earned the same, this one included."""
    of: int
    """V."""


class Choice(NamedTuple):
    """Token that could have been chosen, and what it would have earned."""

    text: str
    """Its text, control characters made visible."""
    reward: float


@dataclass(frozen=True)
class Standing:
    """Token among those that could have stood in its place."""

    best: tuple[Choice, ...] = ()
    """The best of them, the best first."""
    worst: tuple[Choice, ...] = ()
    """The worst of them, the worst first."""
    rank: int | None = None
    """1 plus the number of tokens that would have earned more; None: unknown."""
    shared: int = 1
    """Number of tokens that would have earned the same, this one included."""
    of: int | None = None
    """Number of all tokens; None: unknown."""

    @property
    def is_even(self) -> bool:
        """Whether every token would have earned the same."""
        return self.of is not None and self.shared == self.of

    @property
    def place(self) -> str:
        """The rank in words, empty if it is unknown."""
        if self.rank is None:
            return ""
        whole = "" if self.of is None else f" of {self.of:,}"
        return f"rank {self.rank:,}{whole}" + (f", shared by {self.shared:,}" if self.shared > 1 else "")

    def describe(self) -> str:
        """Returns the best, the worst and the rank in one line, with control characters made visible.

        Example:
            >>> Standing((Choice(" wonderful", 0.61),), (Choice(" awful", -0.58),), 214, 12, 4096).describe()
            "best here ' wonderful' +0.61, worst ' awful' -0.58; rank 214 of 4,096, shared by 12"
        """
        if self.is_even:
            return EVEN
        ends = [("best here", self.best[:1]), ("worst", self.worst[:1])]
        told = ", ".join(
            f"{name} {one.text!r} {show_number(one.reward, 2)}" for name, some in ends for one in some
        )
        return show_controls("; ".join(filter(None, (told, self.place))))


def rank_candidates(
    ids: IntArray,
    rewards: FloatArray,
    others: FloatArray,
    *,
    chosen: Sequence[int] | IntArray,
    vocab_size: int,
) -> list[Ranking]:
    """Returns the ranking of each chosen token, by rewards to six decimals.

    Args:
        ids: Tokens with a reward of their own, increasing, int64 (K,).
        rewards: Their rewards at each position, (N, K).
        others: The reward of each of the other V - K tokens, (N,).
        chosen: The tokens that were chosen, (N,).
        vocab_size: V.

    Example:
        >>> ids, rewards = np.array([1, 4]), np.array([[0.5, -0.25]])
        >>> rank_candidates(ids, rewards, np.zeros(1), chosen=[0], vocab_size=6)[0]["best"]
        [(1, 0.5), (0, 0.0), (2, 0.0)]
    """
    spare = _first_others(ids, vocab_size)
    tokens = np.concatenate([ids, spare])  # (M,): all others stand behind these, whatever they earn
    order, rest, taken = np.argsort(tokens), vocab_size - len(tokens), np.asarray(chosen, np.int64)
    rankings: list[Ranking] = []
    for start in range(0, len(taken), PIECE):
        rows = slice(start, start + PIECE)
        same = np.repeat(others[rows, None], len(spare), axis=1)
        earned = np.concatenate([rewards[rows], same], axis=1)[:, order]  # (n, M)
        rankings += _rank(tokens[order], _round(earned), _round(others[rows]), taken[rows], rest)
    return rankings


def rankings_from_info(
    info: Mapping[str, Any], *, chosen: Sequence[int] | IntArray, vocab_size: int
) -> list[Ranking]:
    """Returns the ranking of each token of a response, none where info holds no candidates.

    Args:
        info: Info of the step that ended the response, with `candidate_ids` (K,), `candidate_rewards` (T, K)
            and `other_rewards` (T,) where the environment was asked for candidates.
        chosen: The N tokens of the response.
        vocab_size: V.
    """
    rewards = info.get("candidate_rewards")
    if rewards is None or rewards.ndim < 2:  # of one token that was to come
        return []
    count = len(chosen)
    return rank_candidates(
        info["candidate_ids"], rewards[:count], info["other_rewards"][:count],
        chosen=chosen, vocab_size=vocab_size,
    )  # fmt: skip


def make_standings(rankings: Iterable[Ranking], tokenizer: Tokenizer) -> list[Standing]:
    """Returns rankings with the texts of their tokens."""

    def choices(pairs: Iterable[tuple[int, float]]) -> tuple[Choice, ...]:
        return tuple(Choice(show_token(tokenizer.token_bytes(token)), reward) for token, reward in pairs)

    return [
        Standing(choices(one["best"]), choices(one["worst"]), one["rank"], one["shared"], one["of"])
        for one in rankings
    ]


def _rank(
    tokens: IntArray, earned: FloatArray, others: FloatArray, chosen: IntArray, rest: int
) -> list[Ranking]:
    """Returns the rankings of N tokens.

    Args:
        tokens: M increasing ids, (M,).
        earned: Their rewards, (N, M).
        others: The reward of each other token, (N,).
        chosen: The tokens that are ranked, (N,).
        rest: Number of other tokens, V - M.
    """
    rows, places = np.arange(len(chosen)), np.searchsorted(tokens, chosen).clip(max=len(tokens) - 1)
    paid = np.where(tokens[places] == chosen, earned[rows, places], others)  # (N,)
    ranks = 1 + (earned > paid[:, None]).sum(axis=1) + rest * (others > paid)
    shared = (earned == paid[:, None]).sum(axis=1) + rest * (others == paid)
    worst, left = earned.argmin(axis=1), earned.copy()
    best: list[IntArray] = []
    for _ in range(min(BEST, len(tokens))):
        best.append(left.argmax(axis=1))  # the first of equal ones, which has the lowest id
        left[rows, best[-1]] = -np.inf
    return [
        Ranking(
            best=[(int(tokens[at[row]]), float(earned[row, at[row]])) for at in best],
            worst=[(int(tokens[worst[row]]), float(earned[row, worst[row]]))],
            rank=int(ranks[row]),
            shared=int(shared[row]),
            of=len(tokens) + rest,
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

"""Lazily built automaton over characters, for scorers that know the value of every prefix exactly.

A state is what matters of the text so far. It is asked for its successor once per character, so that a text
that was seen before is read by look-ups, and so are the tokens of a vocabulary that lead on from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rlsf_gym.text.following import Following

__all__ = ["State", "Vocabulary", "look_ahead"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Self = TypeVar("Self", bound="State")


class State:
    """State of an automaton: all that the rest of a text depends on.

    A subclass sets `value` and `verdict`, by attributes or properties, and has `advance`. It does not refer
    to the text that led to it: texts that leave the same possibilities share a state.
    """

    value: float
    """Value of a prefix that ends here, in [0, 1]."""
    verdict: float
    """Score of a whole response that ends here."""
    is_dead: bool = False
    """Whether nothing that follows can be right: value and verdict are 0 here and ever after."""

    def __init__(self) -> None:
        self._after: dict[str, State] = {}
        self._ahead: dict[Vocabulary, tuple[IntArray, FloatArray]] = {}

    def advance(self: Self, character: str) -> Self:
        """Returns the state behind one more character."""
        raise NotImplementedError(f"{type(self).__name__} must have advance(character)")

    def after(self: Self, character: str) -> Self:
        """Returns the state behind one more character, remembered; a dead one stays what it is."""
        if self.is_dead:
            return self
        found = self._after.get(character)
        if found is None:
            found = self._after[character] = self.advance(character)
        return found  # pyright: ignore[reportReturnType] # what `advance` returned

    def follow(self: Self, text: str) -> list[Self]:
        """Returns the states before, between and behind the C characters of a text, C + 1 of them.

        Takes O(C) time; behind a dead state nothing is read.
        """
        state, states = self, [self]
        for position, character in enumerate(text):
            if state.is_dead:
                states += [state] * (len(text) - position)
                break
            state = state.after(character)
            states.append(state)
        return states


class _Branch:
    """Place in the trie of a vocabulary's texts."""

    __slots__ = ("branches", "ending", "going_on")

    def __init__(self) -> None:
        self.branches: dict[str, _Branch] = {}
        self.going_on: list[int] = []  # columns of tokens whose text ends here, and which end no response
        self.ending: list[int] = []  # and of those that do


class Vocabulary:
    """Tokens of a vocabulary that are made of some characters alone, as a trie of their texts.

    Args:
        following: Text that each next token adds, and whether the response is over with it.
        alphabet: The characters that lead from a state to one that is not dead.
    """

    def __init__(self, following: Following, alphabet: Iterable[str]) -> None:
        known = frozenset(alphabet)
        chosen = [token for token, text in enumerate(following.texts) if known.issuperset(text)]
        self.ids: IntArray = np.array(chosen, np.int64)
        """Tokens whose texts are made of these characters, int64 (K,), increasing."""
        self._root = _Branch()
        for column, token in enumerate(chosen):
            branch = self._root
            for character in following.texts[token]:
                branch = branch.branches.setdefault(character, _Branch())
            (branch.ending if following.ends[token] else branch.going_on).append(column)

    def ahead(self, state: State) -> tuple[IntArray, FloatArray]:
        """Returns the columns of `ids` that lead to a score other than 0, and these scores; remembered.

        Takes time in the number of characters of the texts that lead to a state which is not dead.
        """
        found = state._ahead.get(self)  # pyright: ignore[reportPrivateUsage] # one module
        if found is None:
            found = state._ahead[self] = self._walk(state)  # pyright: ignore[reportPrivateUsage]
        return found

    def _walk(self, state: State) -> tuple[IntArray, FloatArray]:
        columns, scores = list[int](), list[float]()
        waiting = [(state, self._root)]
        while waiting:
            here, branch = waiting.pop()
            if here.is_dead:
                continue
            if branch.going_on and here.value:
                columns += branch.going_on
                scores += [here.value] * len(branch.going_on)
            if branch.ending and here.verdict:
                columns += branch.ending
                scores += [here.verdict] * len(branch.ending)
            waiting += [(here.after(character), deeper) for character, deeper in branch.branches.items()]
        return np.array(columns, np.int64), np.array(scores, np.float64)


def look_ahead(
    states: Sequence[State], following: Following, alphabet: Iterable[str]
) -> tuple[IntArray, FloatArray]:
    """Returns the scores that each next token would make behind N states; 0 for every token that is left out.

    Args:
        states: N states.
        following: Text that each next token adds, and whether the response is over with it.
        alphabet: The characters that lead from a state to one that is not dead.

    Returns:
        The K tokens that are made of these characters alone, int64 (K,), and their scores, float64 (N, K).
    """
    vocabulary = _read_vocabulary(following, frozenset(alphabet))
    scores = np.zeros((len(states), len(vocabulary.ids)))
    for row, state in zip(scores, states, strict=True):
        columns, found = vocabulary.ahead(state)
        row[columns] = found
    return vocabulary.ids, scores


_read_vocabulary = lru_cache(maxsize=16)(Vocabulary)

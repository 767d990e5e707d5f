"""Tokens that make another word of an open one: "love" of "lov" and "e"."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from string import punctuation
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains.sentiment.vader.candidates.classes import CAPITALS, WordClasses
from rlsf_gym.domains.sentiment.vader.candidates.tokens import TokenKinds, fold
from rlsf_gym.domains.sentiment.vader.long import LONGEST

__all__ = ["Continuation", "Continuations", "find_capitals"]

IntArray = npt.NDArray[np.int64]

MAX_REMEMBERED: Final = 16_384  # open words, of a few hundred bytes each


class Continuation(NamedTuple):
    """What tokens make of an open word.

    Attributes:
        is_fresh: the word is but punctuation, if any, so that most tokens say what they say alone.
        keeps: punctuation behind the word leaves it as it is.
        columns: tokens that do otherwise than their kind, int64 (M,).
        classes: of the words that they make, int64 (M,).
    """

    is_fresh: bool
    keeps: bool
    columns: IntArray
    classes: IntArray


class Continuations:
    """What the tokens of a vocabulary make of open words, worked out once for each of these.

    Args:
        kinds: kinds of the tokens.
        classes: classes of words.
    """

    def __init__(self, kinds: TokenKinds, classes: WordClasses) -> None:
        self._kinds = kinds
        self._heads = kinds.heads
        self._classes = classes
        active = {fold(word) for word in classes.active()}
        self._active = sorted(active)
        self._emoticons = sorted(word for word in active if len(word.strip(punctuation)) <= 2)
        self._found: dict[str, Continuation] = {}

    def find(self, word: str) -> Continuation:
        """What tokens make of an open word, "" for none."""
        found = self._found.get(word)
        if found is None:
            found = self._search(word)
            if len(word) <= LONGEST:
                if len(self._found) >= MAX_REMEMBERED:
                    self._found.clear()
                self._found[word] = found
        return found

    def _search(self, word: str) -> Continuation:
        is_fresh = not word.strip(punctuation)
        keeps = len(word.strip(punctuation)) > 2
        pairs = list(self._exceptions(word, is_fresh)) if word else []
        columns = np.array([column for column, _ in pairs], np.int64)
        classes = np.array([number for _, number in pairs], np.int64)
        return Continuation(is_fresh, keeps, columns, classes)

    def _exceptions(self, word: str, is_fresh: bool) -> Iterator[tuple[int, int]]:
        """Columns and classes of the tokens that do otherwise than their kind."""
        kinds, heads = self._kinds, self._heads
        usual = kinds.alone if is_fresh else kinds.behind
        for column in sorted(self._suspects(word, is_fresh)):
            made = self._classes.vocabulary.read(word + heads.texts[column])
            number = self._classes.number((made,))
            # Whether a word that says nothing is in capitals matters seldom, and is asked for then.
            if number != usual[kinds.kinds[column]] and (is_fresh or number != CAPITALS):
                yield column, number
        for head, columns in heads.with_tail.items():
            made = self._classes.vocabulary.read(word + head)
            if not is_fresh and self._classes.is_plain(made):
                continue
            for column in columns:
                number = self._classes.number((made, *heads.tails[column]))
                if number != usual[kinds.kinds[column]]:
                    yield column, number

    def _suspects(self, word: str, is_fresh: bool) -> set[int]:
        """Tokens that may make a word of the open one that says something."""
        heads = self._heads
        found = set(heads.short) if is_fresh else set[int]()
        if not is_fresh:
            rest = fold(word.lstrip(punctuation))
            for core in _remainders(self._active, rest):
                found.update(heads.by_core.get(core, ()))
        for whole in _remainders(self._emoticons, fold(word)):
            found.update(heads.by_whole.get(whole, ()))
        return found


def _remainders(words: Sequence[str], start: str) -> Iterator[str]:
    """What is behind a beginning in each of some sorted words."""
    at = bisect_left(words, start)
    while at < len(words) and words[at].startswith(start):
        if len(words[at]) > len(start):
            yield words[at][len(start) :]
        at += 1


def find_capitals(word: str, kinds: TokenKinds) -> IntArray:
    """Columns of the tokens with which an open word is in capitals, int64 (M,)."""
    texts = kinds.heads.texts
    return np.array([column for column, text in texts.items() if (word + text).isupper()], np.int64)

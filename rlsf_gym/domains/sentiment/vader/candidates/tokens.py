"""Tokens of a vocabulary by what they do to a text: words that they begin, words that they go on with."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from string import punctuation
from typing import Final

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains.sentiment.vader.candidates.classes import PLAIN, WordClasses, Words, as_words
from rlsf_gym.domains.sentiment.vader.emoji import spell
from rlsf_gym.domains.sentiment.vader.long import LONGEST
from rlsf_gym.text.following import Following

__all__ = ["Marks", "TokenKinds", "fold", "read_tokens"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

Marks = tuple[int, int]
"""Numbers of ! and ?, of which no more than four count."""
MOST_MARKS: Final = 4


def fold(text: str) -> str:
    """A text in lower case, in which a letter looks the same wherever it stands."""
    return text.lower().replace("ς", "σ")


def count_marks(text: str) -> Marks:
    """Numbers of ! and ? in a text, as far as they count."""
    return min(text.count("!"), MOST_MARKS), min(text.count("?"), MOST_MARKS)


@dataclass(eq=False)
class Heads:
    """Tokens that go on with an open word.

    Attributes:
        texts: by column, the characters up to the first white space.
        tails: by column, the words behind that, where there are any.
        by_core: columns by what is left without punctuation behind it, folded.
        by_whole: columns by the whole, folded.
        short: columns of those that say something alone, but are too short to do so behind punctuation.
        with_tail: columns by the text of those with words behind them.
    """

    texts: dict[int, str] = field(default_factory=dict[int, str])
    tails: dict[int, Words] = field(default_factory=dict[int, Words])
    by_core: dict[str, list[int]] = field(default_factory=lambda: defaultdict[str, list[int]](list))
    by_whole: dict[str, list[int]] = field(default_factory=lambda: defaultdict[str, list[int]](list))
    short: list[int] = field(default_factory=list[int])
    with_tail: dict[str, list[int]] = field(default_factory=lambda: defaultdict[str, list[int]](list))


@dataclass(frozen=True, eq=False)
class TokenKinds:
    """Kinds of the tokens of a vocabulary, and the tokens that go on with an open word.

    The first O kinds begin a word, or none. The H others go on with the open one.

    Attributes:
        ids: tokens that are of a kind, int64 (K,); the others begin a word that says nothing.
        kinds: kind of each, int64 (K,).
        openers: number O of kinds that begin a word.
        alone: class of the words of each kind, where no word is open, int64 (O + H,).
        behind: class of the words of each kind, where it makes nothing of the open word, int64 (O + H,).
        marks: number of the kind's marks in `all_marks`, int64 (O + H,).
        is_punctuation: the kind is nothing but punctuation, bool (O + H,).
        all_marks: different marks of kinds, the first being none.
        heads: tokens that go on with the open word.
    """

    ids: IntArray
    kinds: IntArray
    openers: int
    alone: IntArray
    behind: IntArray
    marks: IntArray
    is_punctuation: BoolArray
    all_marks: tuple[Marks, ...]
    heads: Heads


# Whether a token goes on with a word, the classes of its words alone, and behind a word that it makes nothing
# of, its marks, and whether it is nothing but punctuation.
_Kind = tuple[bool, int, int, Marks, bool]


def read_tokens(following: Following, classes: WordClasses) -> TokenKinds:
    """The kinds of the tokens of a vocabulary, in O(V) time."""
    heads = Heads()
    reader = _Reader(classes, heads)
    ids: list[int] = []
    found: list[_Kind] = []
    for token, text in enumerate(following.texts):
        kind = reader.read(text, len(ids))
        if kind != (False, PLAIN, PLAIN, (0, 0), False):
            ids.append(token)
            found.append(kind)
    different = sorted(set(found))
    numbers = {kind: number for number, kind in enumerate(different)}
    all_marks = tuple(sorted({(0, 0), *(kind[3] for kind in different)}))
    return TokenKinds(
        ids=np.array(ids, np.int64),
        kinds=np.array([numbers[kind] for kind in found], np.int64),
        openers=sum(not kind[0] for kind in different),
        alone=np.array([kind[1] for kind in different], np.int64),
        behind=np.array([kind[2] for kind in different], np.int64),
        marks=np.array([all_marks.index(kind[3]) for kind in different], np.int64),
        is_punctuation=np.array([kind[4] for kind in different], np.bool_),
        all_marks=all_marks,
        heads=heads,
    )


class _Reader:
    """Reads tokens one by one, and files those that go on with a word."""

    def __init__(self, classes: WordClasses, heads: Heads) -> None:
        self._classes = classes
        self._heads = heads
        self._active = classes.active()

    def read(self, text: str, column: int) -> _Kind:
        """The kind of a token, which gets a column if it is of one."""
        spelled = spell("a" + text).text[1:]  # behind a word, where emoji begin another one
        tokens = spelled.split()
        marks = count_marks(spelled)
        if not tokens or spelled[0].isspace():
            number = self._number(tokens)
            return False, number, number, marks, False
        head, *rest = tokens
        tail = as_words(rest, self._classes.vocabulary)
        number = self._number(tokens)
        core = head.rstrip(punctuation)
        self._heads.texts[column] = head
        if tail:
            self._heads.tails[column] = tail
            self._heads.with_tail[head].append(column)
            behind = self._classes.number((self._classes.plain, *tail))
            return True, number, behind, marks, False
        self._file(head, core, number, column)
        return True, number, PLAIN, marks, not core

    def _file(self, head: str, core: str, number: int, column: int) -> None:
        if len(head) <= LONGEST:
            self._heads.by_core[fold(core)].append(column)
            self._heads.by_whole[fold(head)].append(column)
        if number > PLAIN and len(core.lstrip(punctuation)) <= 2:
            self._heads.short.append(column)

    def _number(self, tokens: list[str]) -> int:
        if len(tokens) == 1 and tokens[0].isalpha() and tokens[0].islower() and tokens[0] not in self._active:
            return PLAIN
        return self._classes.number(as_words(tokens, self._classes.vocabulary))

"""Tokenises a text as VADER does: emoji to words, then words by white space."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from string import punctuation
from typing import Any, NamedTuple

from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

_RUN = re.compile(r"\S+")
_PUNCTUATION = frozenset(punctuation)
# Runs up to this length are remembered, the last ones that were read.
_SHORT = 32
_REMEMBERED = 16_384

Run = tuple[int, int]


class Spelling(NamedTuple):
    """Text with each emoji spelled out, and the map to the raw text.

    Attributes:
        text: the text as the rules see it.
        raws: of each of its characters, the offset of the raw character that it stems from.
    """

    text: str
    raws: Sequence[int]


class Token(NamedTuple):
    """Word as the rules see it, with its lower-cased form.

    `start` and `end` are raw offsets; `ends` says that one of . ! ? stands behind its last letter or digit.
    """

    text: str
    low: str
    start: int
    end: int
    ends: bool


class Premise(NamedTuple):
    """Valence of a word before any rule: from the lexicon, or from a graph of domain knowledge.

    Attributes:
        rule: "base" or "knowledge".
        trigger: position of the word that gives it.
        value: the valence; 0 where a graph takes it away.
        path: of the graph that gives the valence; empty for the lexicon.
    """

    rule: str
    trigger: int
    value: float
    path: tuple[str, ...] = ()


@cache
def load_tables() -> tuple[dict[str, float], dict[str, str]]:
    """The lexicon and the names of the emoji."""
    analyzer: Any = SentimentIntensityAnalyzer()
    return analyzer.lexicon, analyzer.emojis


@cache
def longest_known() -> int:
    """Length of the longest word that the lexicon or a rule has."""
    return max(map(len, (*load_tables()[0], *BOOSTER_DICT, *SPECIAL_CASES, *NEGATE)))


@cache
def _are_foreign() -> bool:
    """Whether no emoji is an ASCII character."""
    return not any(map(str.isascii, load_tables()[1]))


def spell(text: str) -> Spelling:
    """The text with each emoji spelled out, and a space before it where the text has no space there."""
    text = str.__str__(text)  # of a subclass, the characters that it holds
    names = load_tables()[1]
    if (text.isascii() and _are_foreign()) or names.keys().isdisjoint(text):
        return Spelling(text, range(len(text)))
    pieces: list[str] = []
    raws: list[int] = []
    for raw, character in enumerate(text):
        piece = names.get(character, character)
        if character in names and raw > 0 and text[raw - 1] != " ":
            piece = " " + piece
        pieces.append(piece)
        raws.extend([raw] * len(piece))
    return Spelling("".join(pieces), raws)


def read_runs(spelling: Spelling, start: int = 0) -> list[Run]:
    """Start and end of each run of non-space characters, in the spelled text from `start` on."""
    return [match.span() for match in _RUN.finditer(spelling.text, start)]


def read_token(spelling: Spelling, run: Run) -> Token:
    """A run of characters, less its outer punctuation if three characters remain."""
    start, end = run
    text, raws = spelling
    strip = _strip if end - start <= _SHORT else _strip.__wrapped__
    word, low, first, last, ends = strip(text[start:end])
    return Token(word, low, raws[start + first], raws[start + last - 1] + 1, ends)


@lru_cache(maxsize=_REMEMBERED)
def _strip(run: str) -> tuple[str, str, int, int, bool]:
    """The word of a run, in lower case too, its start and end in the run, and whether it ends a sentence."""
    first, last = 0, len(run)
    while first < last and run[first] in _PUNCTUATION:
        first += 1
    while first < last and run[last - 1] in _PUNCTUATION:
        last -= 1
    if last - first < 3:
        first, last = 0, len(run)
    word = run[first:last]
    return word, word.lower(), first, last, _ends_sentence(run)


def read_tokens(spelling: Spelling, runs: Sequence[Run] | None = None) -> list[Token]:
    """All words of a text, or those that these runs hold."""
    return [read_token(spelling, run) for run in (read_runs(spelling) if runs is None else runs)]


def read_premise(tokens: Sequence[Token], at: int) -> Premise | None:
    """The lexicon's valence of a word, None for a word outside the lexicon."""
    value = load_tables()[0].get(tokens[at].low)
    return None if value is None else Premise("base", at, value)


def _ends_sentence(run: str) -> bool:
    for character in reversed(run):
        if character.isalnum():
            return False
        if character in ".!?":
            return True
    return False


class CutWord:
    """Last word of a growing text, read incrementally: each character is looked at once.

    Of a word that is longer than any that the rules know, they ask whether it is in capitals, whether it has
    "n't" in it and whether it ends a sentence. Another one that is as long stands in for it.

    Args:
        spelling: the whole text.
        start: where the word begins in it.
        longest: length of the longest word that the rules know.
    """

    def __init__(self, spelling: Spelling, start: int, longest: int) -> None:
        self._text, self._raws = spelling
        self._start = self._stop = start
        self._longest = longest
        self._first = self._last = -1  # of what is no punctuation
        self._upper = self._lower = self._negates = self._ends = False

    def read(self, stop: int) -> Token:
        """The word as far as `stop`."""
        for at in range(self._stop, stop):
            self._see(at)
        self._stop = stop
        first, last = self._first, self._last + 1
        if last - first < 3:
            first, last = self._start, stop
        word = self._text[first:last] if last - first <= self._longest else self._stand_in()
        return Token(word, word.lower(), self._raws[first], self._raws[last - 1] + 1, self._ends)

    def _see(self, at: int) -> None:
        text = self._text
        character = text[at]
        if character not in _PUNCTUATION:
            self._first = at if self._first < 0 else self._first
            self._last = at
        self._upper = self._upper or character.isupper()
        self._lower = self._lower or (character.istitle() and not character.isupper()) or character.islower()
        self._negates = self._negates or (
            at - 2 >= self._start and character in "tT" and text[at - 1] == "'" and text[at - 2] in "nN"
        )
        self._ends = not character.isalnum() and (self._ends or character in ".!?")

    def _stand_in(self) -> str:
        word = "x" * (self._longest + 1) + ("n't" if self._negates else "")
        return word.upper() if self._upper and not self._lower else word

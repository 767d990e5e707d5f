"""Reads a text as VADER does: characters, then words."""

from collections.abc import Sequence
from functools import cache
from string import punctuation
from typing import Any, NamedTuple

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


class Cell(NamedTuple):
    """A character as the rules see it, and the offset of the raw character that it stems from."""

    character: str
    raw: int


class Token(NamedTuple):
    """A word as the rules see it, in lower case too.

    `start` and `end` are raw offsets; `ends` says that one of . ! ? stands behind its last letter or digit.
    """

    text: str
    low: str
    start: int
    end: int
    ends: bool


class Premise(NamedTuple):
    """What a word's valence is before any rule: from the lexicon, or from a graph of domain knowledge.

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


def read_cells(text: str) -> list[Cell]:
    """The text with each emoji spelled out, and a space before it where there is none."""
    names = load_tables()[1]
    cells: list[Cell] = []
    for raw, character in enumerate(text):
        if character in names and raw > 0 and text[raw - 1] != " ":
            cells.append(Cell(" ", raw))
        cells.extend(Cell(letter, raw) for letter in names.get(character, character))
    return cells


def read_tokens(cells: list[Cell]) -> list[Token]:
    """Runs of cells that are not white space, less their outer punctuation if three characters remain."""
    tokens: list[Token] = []
    start = 0
    for at in range(len(cells) + 1):
        if at < len(cells) and not cells[at].character.isspace():
            continue
        if at > start:
            tokens.append(_read_token(cells[start:at]))
        start = at + 1
    return tokens


def read_premise(tokens: Sequence[Token], at: int) -> Premise | None:
    """The lexicon's valence of a word, None for a word outside the lexicon."""
    value = load_tables()[0].get(tokens[at].low)
    return None if value is None else Premise("base", at, value)


def _read_token(run: list[Cell]) -> Token:
    ends = _ends_sentence(run)
    first, last = 0, len(run)
    while first < last and run[first].character in punctuation:
        first += 1
    while first < last and run[last - 1].character in punctuation:
        last -= 1
    if last - first > 2:
        run = run[first:last]
    text = "".join(cell.character for cell in run)
    return Token(text, text.lower(), run[0].raw, run[-1].raw + 1, ends)


def _ends_sentence(run: list[Cell]) -> bool:
    for cell in reversed(run):
        if cell.character.isalnum():
            return False
        if cell.character in ".!?":
            return True
    return False

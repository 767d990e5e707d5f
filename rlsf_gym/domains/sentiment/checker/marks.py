"""Proves the records of ! and ?, which move a sum of valences away from zero."""

from collections.abc import Sequence

from rlsf_gym.domains.sentiment.checker.lifetimes import Entry, Line
from rlsf_gym.domains.sentiment.checker.words import Spelling


def prove_marks(spelling: Spelling, total: float) -> list[Entry]:
    """The records of ! and ?, which move a sum of valences away from zero."""
    sign = (total > 0) - (total < 0)
    each = weigh_queries(spelling.text.count("?"))
    marks = [(raw, 0.292) for raw in _find_marks(spelling, "!")]
    marks += [(raw, each) for raw in _find_marks(spelling, "?")]
    return [
        Entry(raw, raw + 1, "punctuation", raw, raw + 1, sign * amount, since=raw + 1)
        for raw, amount in marks
        if sign * amount
    ]


def weigh_queries(count: int) -> float:
    """Weight of each of the first four ?, for a text with `count` of them."""
    return 0.0 if count < 2 else 0.18 if count < 4 else 0.24


def _find_marks(spelling: Spelling, mark: str) -> list[int]:
    """Offsets in the raw text of the first four of these marks."""
    found: list[int] = []
    at = spelling.text.find(mark)
    while at >= 0 and len(found) < 4:
        found.append(spelling.raws[at])
        at = spelling.text.find(mark, at + 1)
    return found


def compare_marks(old: Sequence[Entry], new: Sequence[Entry], length: int) -> list[Entry]:
    """The records of the punctuation in both texts, which begin at their marks whenever they count."""
    line = Line()
    line.become(old, 0)
    line.become(new, length)
    names = {(0, -1): "kept", (0, length): "withdrawn", (length, -1): "added"}
    return [
        entry._replace(since=entry.char_end, status=names[entry.since, entry.until]) for entry in line.entries
    ]

"""Writes what VADER's rules did to a text down as records."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rlsf_gym.certificate import Record
from rlsf_gym.scorers.vader_reading import Reading
from rlsf_gym.scorers.vader_rules import Changes
from rlsf_gym.scorers.vader_stream import (
    EXCLAMATION,
    MANY_QUESTIONS,
    MAX_EXCLAMATIONS,
    MAX_QUESTIONS,
    QUESTION,
    emphasize,
    measure_emphasis,
    normalize,
)
from rlsf_gym.scorers.vader_text import SpelledText

# Amounts that differ by less come from another order of the same additions.
_SAME_AMOUNT = 1e-12


# A word's position, what the rules made of it, and its valence in the end.
_Scored = tuple[int, Changes, float]


class Account(NamedTuple):
    """What the rules did to a text.

    Attributes:
        words: by position in ascending order, the records of each word that may have some, all as if added.
        marks: those of the punctuation, likewise.
        score: the score.
    """

    words: dict[int, list[Record]]
    marks: list[Record]
    score: float


class Premise(NamedTuple):
    """Why a word has a valence that is not the lexicon's.

    Attributes:
        at: position of the word that made it so.
        valence: the valence.
        path: of the graph that has the valence.
    """

    at: int
    valence: float
    path: tuple[str, ...]


def account_for(reading: Reading, premises: Mapping[int, Premise]) -> Account:
    """The account of a text that has been read.

    Args:
        reading: the text.
        premises: by position, those of the words whose valence is not the lexicon's.
    """
    total = reading.stream.exact_total()
    text = reading.spelled.text
    exclamations, questions = text.count("!"), text.count("?")
    score = normalize(emphasize(total, measure_emphasis(exclamations, questions)))
    marks = _mark_records(reading.spelled, total) if exclamations or questions > 1 else []
    scored: Iterable[_Scored] = reading.stream.scored()
    if premises:
        scored = _with_premises(scored, premises)
    words = {at: _word_records(reading, at, changes, value, premises) for at, changes, value in scored}
    return Account(words, marks, score)


def list_records(before: Account, after: Account) -> list[Record]:
    """The records that make up the scores of a prompt and of the text that a response makes of it."""
    records: list[Record] = []
    is_longer = before.words.keys() <= after.words.keys()  # mostly so
    for at in after.words if is_longer else sorted(before.words.keys() | after.words.keys()):
        records += _compare(before.words.get(at, []), after.words.get(at, []))
    return records + _compare(before.marks, after.marks)


def _with_premises(scored: Iterable[_Scored], premises: Mapping[int, Premise]) -> list[_Scored]:
    """The words with a valence of their own, the first change of which is that of the valence."""
    found = {at: (changes, value) for at, changes, value in scored}
    for at, premise in premises.items():
        changes, value = found.get(at, ((), 0.0))
        if changes or at not in found:  # no change of a scored word: "kind of"
            found[at] = [("knowledge", premise.valence, premise.at, premise.at), *changes[1:]], value
    return [(at, *found[at]) for at in sorted(found)]


def _word_records(
    reading: Reading, at: int, changes: Changes, value: float, premises: Mapping[int, Premise]
) -> list[Record]:
    records: list[Record] = []
    start, end = reading.span(at)
    before = 0.0
    for rule, after, first, last in changes:
        path = premises[at].path if rule == "knowledge" else ()
        if after != before or path:  # a path justifies an amount of 0 as well
            trigger_start = start if first == at else reading.span(first)[0]
            trigger_end = end if last == at else reading.span(last)[1]
            amount = after - before
            records.append(Record(start, end, rule, trigger_start, trigger_end, amount, "added", path))
        before = after
    but = reading.stream.but
    if but is not None and value != before:
        records.append(Record(start, end, "but", *reading.span(but), value - before, "added"))
    return records


def _mark_records(spelled: SpelledText, total: float) -> list[Record]:
    if total == 0.0:
        return []
    questions = spelled.text.count("?")
    per_question = 0.0 if questions < 2 else QUESTION if questions < 4 else MANY_QUESTIONS
    records: list[Record] = []
    for mark, limit, weight in (("!", MAX_EXCLAMATIONS, EXCLAMATION), ("?", MAX_QUESTIONS, per_question)):
        at = spelled.text.find(mark) if weight else -1
        while at >= 0 and limit:
            start, end = spelled.raw_span(at, at + 1)
            amount = weight if total > 0 else -weight
            records.append(Record(start, end, "punctuation", start, end, amount, "added"))
            at, limit = spelled.text.find(mark, at + 1), limit - 1
    return records


def _compare(old: list[Record], new: list[Record]) -> list[Record]:
    """Merge a word's records in the prompt and in the whole text; both orders are preserved."""
    if not old:
        return new
    records: list[Record] = []
    pending = new
    for record in old:
        at = next((k for k, other in enumerate(pending) if _equal(record, other)), None)
        if at is None:
            records.append(record._replace(status="withdrawn"))
            continue
        records += [*pending[:at], pending[at]._replace(status="kept")]
        pending = pending[at + 1 :]
    return records + pending


def _equal(one: Record, other: Record) -> bool:
    return one[:5] == other[:5] and one.path == other.path and abs(one.amount - other.amount) < _SAME_AMOUNT

"""Writes what VADER's rules did to a text down as records."""

from collections.abc import Mapping
from typing import NamedTuple

from rlsf_gym.certificate import Record, Rule, Status
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
from rlsf_gym.scorers.vader_words import Word

# Amounts that differ by less come from another order of the same additions.
_SAME_AMOUNT = 1e-12


# A record of one text, not yet compared with the other text: start and end of the word, rule, start and end
# of the trigger, amount, and path. A plain tuple, as these are made in the innermost loop.
_Finding = tuple[int, int, Rule, int, int, float, tuple[str, ...]]


class Account(NamedTuple):
    """What the rules did to a text.

    Attributes:
        words: the findings of each word that has any, by its position, in ascending order.
        marks: those of the punctuation.
        score: the score.
    """

    words: dict[int, list[_Finding]]
    marks: list[_Finding]
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
    marks = _mark_findings(reading.spelled, total) if exclamations or questions > 1 else []
    words = {at: _word_findings(reading, at, *rest) for at, *rest in _valued(reading.stream, premises)}
    return Account(words, marks, score)


def list_records(before: Account, after: Account) -> list[Record]:
    """The records that make up the scores of a prompt and of the text that a response makes of it."""
    records: list[Record] = []
    is_longer = before.words.keys() <= after.words.keys()  # mostly so
    for at in after.words if is_longer else sorted(before.words.keys() | after.words.keys()):
        records += _compare(before.words.get(at, []), after.words.get(at, []))
    return records + _compare(before.marks, after.marks)


def _word_findings(reading: Reading, at: int, changes: Changes, premise: Premise | None) -> list[_Finding]:
    stream = reading.stream
    if premise is not None:
        changes = _with_premise(changes, premise, stream.words[at])
    findings: list[_Finding] = []
    start, end = reading.span(at)
    value = 0.0
    for rule, after, first, last in changes:
        path = premise.path if premise is not None and rule == "knowledge" else ()
        if after != value or path:  # a path justifies an amount of 0 as well
            trigger_start = start if first == at else reading.span(first)[0]
            trigger_end = end if last == at else reading.span(last)[1]
            findings.append((start, end, rule, trigger_start, trigger_end, after - value, path))
        value = after
    if stream.but is not None and stream.scaled[at] != value:
        findings.append((start, end, "but", *reading.span(stream.but), stream.scaled[at] - value, ()))
    return findings


def _with_premise(changes: Changes, premise: Premise, word: Word) -> Changes:
    """The changes of a word, the first of them being that of its valence."""
    if not changes and word.scored:  # "kind of"
        return ()
    return [("knowledge", premise.valence, premise.at, premise.at), *changes[1:]]


def _mark_findings(spelled: SpelledText, total: float) -> list[_Finding]:
    if total == 0.0:
        return []
    questions = spelled.text.count("?")
    per_question = 0.0 if questions < 2 else QUESTION if questions < 4 else MANY_QUESTIONS
    findings: list[_Finding] = []
    for mark, limit, weight in (("!", MAX_EXCLAMATIONS, EXCLAMATION), ("?", MAX_QUESTIONS, per_question)):
        at = spelled.text.find(mark) if weight else -1
        while at >= 0 and limit:
            start, end = spelled.raw_span(at, at + 1)
            findings.append((start, end, "punctuation", start, end, weight if total > 0 else -weight, ()))
            at, limit = spelled.text.find(mark, at + 1), limit - 1
    return findings


def _compare(old: list[_Finding], new: list[_Finding]) -> list[Record]:
    """Merge a word's findings in the prompt and in the whole text; both orders are preserved."""
    if not old or old == new:
        return [_record(finding, "kept" if old else "added") for finding in new]
    records: list[Record] = []
    pending = list(new)
    for finding in old:
        at = next((k for k, other in enumerate(pending) if _equal(finding, other)), None)
        if at is None:
            records.append(_record(finding, "withdrawn"))
            continue
        records += [_record(other, "added") for other in pending[:at]]
        records.append(_record(pending[at], "kept"))
        pending = pending[at + 1 :]
    return records + [_record(other, "added") for other in pending]


def _equal(one: _Finding, other: _Finding) -> bool:
    return one[:5] == other[:5] and one[6] == other[6] and abs(one[5] - other[5]) < _SAME_AMOUNT


def _record(finding: _Finding, status: Status) -> Record:
    start, end, rule, trigger_start, trigger_end, amount, path = finding
    return Record(start, end, rule, trigger_start, trigger_end, amount, status, path)

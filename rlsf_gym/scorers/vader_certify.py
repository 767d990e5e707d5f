"""Writes what VADER's rules did to a text down as records."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from rlsf_gym.certificate import Certificate, Record, Rule, Status
from rlsf_gym.scorers.vader_rules import word_changes
from rlsf_gym.scorers.vader_stream import (
    EXCLAMATION,
    MANY_QUESTIONS,
    MAX_EXCLAMATIONS,
    MAX_QUESTIONS,
    QUESTION,
    Stream,
    emphasize,
    measure_emphasis,
    normalize,
)
from rlsf_gym.scorers.vader_text import Span, SpelledText, spell
from rlsf_gym.scorers.vader_words import LEXICON_VERSION

# Amounts that differ by less come from another order of the same additions.
_SAME_AMOUNT = 1e-12


class _Finding(NamedTuple):
    """A record of one text, not yet compared with the other text."""

    word: Span
    rule: Rule
    trigger: Span
    amount: float

    def equals(self, other: "_Finding") -> bool:
        return self[:3] == other[:3] and abs(self.amount - other.amount) < _SAME_AMOUNT


class _Account(NamedTuple):
    """The findings of one text, grouped by word, those of the punctuation, and the score."""

    words: list[list[_Finding]]
    marks: list[_Finding]
    score: float


def certify(prompt: str, response: str, *, but: str) -> Certificate:
    """The certificate of the prompt's score and the whole text's."""
    before, after = _account(prompt, but == "library"), _account(prompt + response, but == "library")
    empty: list[_Finding] = []
    records = [
        record
        for old, new in zip_longest(before.words, after.words, fillvalue=empty)
        for record in _compare(old, new)
    ]
    records.extend(_compare(before.marks, after.marks))
    return Certificate(
        scorer="vader",
        version=LEXICON_VERSION,
        verifiable=True,
        options={"but": but},
        prompt_score=before.score,
        score=after.score,
        records=tuple(records),
    )


def _account(text: str, quirk: bool) -> _Account:
    spelled = spell(text)
    words, spans = spelled.words()
    stream = Stream(quirk, words)
    total = stream.exact_total()
    marks = _mark_findings(spelled, total)
    emphasis = measure_emphasis(spelled.text.count("!"), spelled.text.count("?"))
    score = normalize(emphasize(total, emphasis))
    return _Account([_word_findings(stream, i, spans) for i in range(len(words))], marks, score)


def _word_findings(stream: Stream, i: int, spans: list[Span]) -> list[_Finding]:
    findings: list[_Finding] = []
    value = 0.0
    for rule, after, first, last in word_changes(stream.words, i, stream.mixed):
        if after != value:
            trigger = spans[first][0], spans[last][1]
            findings.append(_Finding(spans[i], rule, trigger, after - value))
        value = after
    if stream.but is not None and stream.scaled[i] != value:
        findings.append(_Finding(spans[i], "but", spans[stream.but], stream.scaled[i] - value))
    return findings


def _mark_findings(spelled: SpelledText, total: float) -> list[_Finding]:
    if total == 0.0:
        return []
    questions = spelled.text.count("?")
    per_question = 0.0 if questions < 2 else QUESTION if questions < 4 else MANY_QUESTIONS
    findings: list[_Finding] = []
    for mark, limit, weight in (("!", MAX_EXCLAMATIONS, EXCLAMATION), ("?", MAX_QUESTIONS, per_question)):
        if not weight:
            continue
        places = [at for at, character in enumerate(spelled.text) if character == mark]
        for at in places[:limit]:
            span = spelled.raw_span(at, at + 1)
            findings.append(_Finding(span, "punctuation", span, weight if total > 0 else -weight))
    return findings


def _compare(old: list[_Finding], new: list[_Finding]) -> Iterator[Record]:
    """Merge a word's findings in the prompt and in the whole text; both orders are preserved."""
    if old == new:
        yield from (_record(finding, "kept") for finding in new)
        return
    pending = list(new)
    for finding in old:
        at = next((k for k, other in enumerate(pending) if finding.equals(other)), None)
        if at is None:
            yield _record(finding, "withdrawn")
            continue
        yield from (_record(other, "added") for other in pending[:at])
        yield _record(pending[at], "kept")
        pending = pending[at + 1 :]
    yield from (_record(other, "added") for other in pending)


def _record(finding: _Finding, status: Status) -> Record:
    return Record(*finding.word, finding.rule, *finding.trigger, finding.amount, status)

"""Writes what VADER's rules did to a text down as records."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from rlsf_gym.certificate import Record, Status
from rlsf_gym.scorers.vader_lifetimes import Version, change_line, follow, give_statuses
from rlsf_gym.scorers.vader_reading import Border, Reading
from rlsf_gym.scorers.vader_rules import Changes, Premise, last_value
from rlsf_gym.scorers.vader_stream import (
    EXCLAMATION,
    MANY_QUESTIONS,
    MAX_EXCLAMATIONS,
    MAX_QUESTIONS,
    QUESTION,
    Past,
    emphasize,
    measure_emphasis,
    normalize,
)
from rlsf_gym.scorers.vader_text import SpelledText

# What the rules made of a word, its valence in the end, and why it had one that is not the lexicon's.
_State = tuple[Changes, float, Premise | None]


class Account(NamedTuple):
    """What the rules did to a text.

    Attributes:
        words: by position in ascending order, the records that each word has in the end.
        versions: by position, all that a word had, where later words revised it.
        marks: the records of the punctuation.
        score: the score.
    """

    words: dict[int, list[Record]]
    versions: dict[int, list[Version]]
    marks: list[Record]
    score: float


def account_for(reading: Reading, premises: Mapping[int, Premise], border: Border) -> Account:
    """The account of a text that has been read.

    Args:
        reading: the text.
        premises: by position, those of the words whose valence is not the lexicon's.
        border: where the prompt ends: records of the words that it has too are kept, others added, as far as
            no word was revised.
    """
    account = _account_for(reading, premises, border.shared)
    if reading.stream.history:
        _tell_versions(account, reading, premises, border)
    return account


def account_for_prompt(reading: Reading, premises: Mapping[int, Premise]) -> Account:
    """The account of a prompt that has been read: its records know when they began."""
    account = _account_for(reading, premises, len(reading.stream.words))
    _tell_versions(account, reading, premises)
    for at, versions in account.versions.items():
        account.words[at] = [record for record in follow([], versions) if record.until == -1]
    return account._replace(marks=[mark._replace(status="kept") for mark in account.marks])


def list_records(before: Account, after: Account, border: Border) -> list[Record]:
    """The records that make up the scores of a prompt and of the text that a response makes of it.

    Args:
        before: the prompt's account.
        after: the whole text's account.
        border: where the prompt ends.
    """
    if after.versions or border.cut_end:
        lines = _revised_lines(before, after, border)
    else:
        lines = after.words.values()
    records = [record for line in lines for record in line]
    if before.marks:
        return records + change_line(before.marks, after.marks, border.length)
    return records + after.marks


def _revised_lines(before: Account, after: Account, border: Border) -> Iterator[list[Record]]:
    """The records of each word, where some were revised or the prompt's last word became another one."""
    start = border.cut_end or 0
    cut = {border.shared, *before.versions} if start else set[int]()
    for at in sorted(after.words.keys() | after.versions.keys() | cut):
        if at in cut:
            versions = after.versions.get(at, [(start, after.words.get(at, []))])
            yield give_statuses(follow(before.words.get(at, []), versions, start), border.prompt_end)
        elif at in after.versions:
            yield give_statuses(follow([], after.versions[at]), border.prompt_end)
        else:
            yield after.words[at]


def _account_for(reading: Reading, premises: Mapping[int, Premise], shared: int) -> Account:
    total = reading.stream.exact_total()
    text = reading.spelled.text
    exclamations, questions = text.count("!"), text.count("?")
    score = normalize(emphasize(total, measure_emphasis(exclamations, questions)))
    marks = _mark_records(reading.spelled, total) if exclamations or questions > 1 else []
    states: Iterable[tuple[int, Changes, float]] = reading.stream.scored()
    if premises:
        taken = {at: (at, (), 0.0) for at in premises}  # as far as they are not scored
        states = sorted((taken | {state[0]: state for state in states}).values())
    words = {
        at: _word_records(
            reading, at, (changes, value, premises.get(at)), "kept" if at < shared else "added"
        )
        for at, changes, value in states
    }
    return Account(words, {}, marks, score)


def _tell_versions(
    account: Account, reading: Reading, premises: Mapping[int, Premise], border: Border | None = None
) -> None:
    """Put down what words were before others came. With a border, a late "but" is told by its record alone."""
    pasts: dict[int, list[Past]] = {}
    for past in reading.stream.history:
        mine = pasts.setdefault(past.at, [])
        if not mine or mine[-1].arrival != past.arrival:
            mine.append(past)
    finals = {at: (changes, value) for at, changes, value in reading.stream.scored() if at in pasts}
    for at, mine in pasts.items():
        changes, value = finals.get(at, ((), 0.0))
        premise = premises.get(at)
        is_late = len(mine) == 1 and _is_same(mine[0], changes, premise)
        if is_late and mine[0].value == value:
            continue
        if is_late and border is not None and mine[0].value == last_value(changes):
            end = reading.span(mine[0].arrival)[1]
            status: Status = "kept" if end <= border.prompt_end else "added"
            account.words[at][-1] = account.words[at][-1]._replace(since=end, status=status)
            continue
        visible = _visible_states(reading, mine, (changes, value, premise))
        if len(visible) > 1:
            account.versions[at] = [
                (end, _word_records(reading, at, state, "added")) for end, state in visible
            ]


def _is_same(past: Past, changes: Changes, premise: Premise | None) -> bool:
    """Whether only the "but" rule made a word another one since."""
    return past.changes == changes and past.premise == premise


def _visible_states(reading: Reading, pasts: list[Past], final: _State) -> list[tuple[int, _State]]:
    """What a word was, each with the end of the word that made it so; words that end together are one."""
    states = [*((past.changes, past.value, past.premise) for past in pasts), final]
    ends = [reading.span(at)[1] for at in (pasts[0].at, *(past.arrival for past in pasts))]
    visible: list[tuple[int, _State]] = []
    for end, following, state in zip(ends, [*ends[1:], None], states, strict=True):
        if end != following and (not visible or visible[-1][1] != state):
            visible.append((end, state))
    return visible


def _word_records(reading: Reading, at: int, state: _State, status: Status) -> list[Record]:
    changes, value, premise = state
    if premise is not None and (changes or not premise.valence):  # no change: "kind of", or taken away
        changes = [("knowledge", premise.valence, premise.at, premise.at), *changes[1:]]
    records: list[Record] = []
    start, end = reading.span(at)
    before = 0.0
    for rule, after, first, last in changes:
        path = premise.path if premise is not None and rule == "knowledge" else ()
        if after != before or path:  # a path justifies an amount of 0 as well
            trigger_start = start if first == at else reading.span(first)[0]
            trigger_end = end if last == at else reading.span(last)[1]
            amount = after - before
            records.append(Record(start, end, rule, trigger_start, trigger_end, amount, status, path, end))
        before = after
    but = reading.stream.but
    if but is not None and value != before:
        records.append(Record(start, end, "but", *reading.span(but), value - before, status, (), end))
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
            records.append(Record(start, end, "punctuation", start, end, amount, "added", since=end))
            at, limit = spelled.text.find(mark, at + 1), limit - 1
    return records

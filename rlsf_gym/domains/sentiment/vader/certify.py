"""Records the effect of VADER's rules on a text, for certificates.

Their number is linear in the text: of W words as the rules see them, at most 108 W + 36. The rules before
"but" claim at most 19 things of a word at once: its valence, 2 by "no", its capitals, 3 by each of the three
words before, 3 idioms, 2 dampeners of two words, "least". These change at most 4 times: with either of the
next two words, with the end of a word that the prompt cuts, with the capitals of the text. A word that
arrives has the step of "but" taken again for 3 words, which undoes and sets up to 9 valences, and 4 times all
words get another one: by the first "but", by capitals, in the prompt, by the end of a cut word. That makes
19 * 5 + 9 + 4; the cut word itself has 20, the marks of both texts 16. With a graph that looks w words far it
is 22 w + 89 a word. The most that random search has found is 5 a word.

A word is one as the rules see it, of which an emoji has several: ends that are equal are one. The emphasis of
! and ? follows from the marks and the sign of the sum, so that their records are those of the prompt alone
and of the whole text: the certificate has them among the rules in `spread`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from rlsf_gym.certificates.lifetimes import Claim, Version, compare_spread, follow, write_records
from rlsf_gym.certificates.record import Record, Status, make_record
from rlsf_gym.domains.sentiment.vader.emoji import Span, SpelledText
from rlsf_gym.domains.sentiment.vader.reading import Border, Reading
from rlsf_gym.domains.sentiment.vader.rules import Change, Changes, Premise
from rlsf_gym.domains.sentiment.vader.stream import (
    EXCLAMATION,
    MANY_QUESTIONS,
    MAX_EXCLAMATIONS,
    MAX_QUESTIONS,
    QUESTION,
    Past,
    emphasize,
    measure_emphasis,
    normalize,
    score_slope,
)

# What the rules made of a word, its valence in the end, and why it had one that is not the lexicon's.
_State = tuple[Changes, float, Premise | None]


class Account(NamedTuple):
    """Account of a text: the records of its words and punctuation, and its score.

    Attributes:
        words: by position in ascending order, the records of each word that may have some.
        versions: by position, the span of a word that later words revised, and all that it had; empty where
            the records tell of that already.
        marks: the records of the punctuation.
        score: the score.
    """

    words: dict[int, list[Record]]
    versions: dict[int, tuple[Span, list[Version]]]
    marks: list[Record]
    score: float


def account_for(reading: Reading, premises: Mapping[int, Premise], border: Border) -> Account:
    """The account of a text that has been read.

    Args:
        reading: the text.
        premises: by position, those of the words whose valence is not the lexicon's.
        border: where the prompt ends. Where its last word is another one here, the account has versions.
    """
    account = _account_for(reading, premises, border.shared)
    for at, pasts, final in _revised(reading, premises):
        if border.cut_end:
            account.versions[at] = reading.span(at), _list_versions(reading, pasts, final)
        elif (held := _count_held(pasts, final)) >= 0:
            _retime(account.words[at], held, reading.span(pasts[0][0])[1], border.prompt_end)
        else:
            line = follow([], _list_versions(reading, pasts, final))
            account.words[at] = write_records(line, reading.span(at), border.prompt_end)
    return account


def account_for_prompt(reading: Reading, premises: Mapping[int, Premise]) -> Account:
    """Account of a prompt that has been read: the records that hold at its end, each with its `since`."""
    account = _account_for(reading, premises, len(reading.stream.words))
    for at, pasts, final in _revised(reading, premises):
        word, versions = reading.span(at), _list_versions(reading, pasts, final)
        line = [lived for lived in follow([], versions) if lived[2] == -1]
        account.words[at] = write_records(line, word, len(reading.spelled.text))
        account.versions[at] = word, versions
    return account


def list_records(before: Account, after: Account, border: Border) -> list[Record]:
    """The records that make up the scores of a prompt and of the text that a response makes of it.

    Args:
        before: the prompt's account.
        after: the whole text's account.
        border: where the prompt ends.
    """
    lines = _joined_lines(before, after, border) if border.cut_end else after.words.values()
    records = [record for line in lines for record in line]
    if before.marks:
        return records + compare_spread(before.marks, after.marks, border.length)
    return records + after.marks


def mean_slope(records: Iterable[Record]) -> float:
    """Score per unit of valence between the sum of the prompt and that of the whole text."""
    kept = added = withdrawn = 0.0
    for record in records:
        status = record.status
        if status == "kept":
            kept += record.amount
        elif status == "added":
            added += record.amount
        elif status == "withdrawn":
            withdrawn += record.amount
    return score_slope(kept + withdrawn, kept + added)


def _joined_lines(before: Account, after: Account, border: Border) -> Iterator[list[Record]]:
    """The records of each word, where the prompt's last word became another one."""
    start = border.cut_end
    changed = before.versions.keys() | after.versions.keys() | {border.shared}
    for at in sorted(after.words.keys() | changed):
        old, new = before.words.get(at, []), after.words.get(at, [])
        if at not in changed:
            yield new
            continue
        if at == border.shared:
            yield [record._replace(status="withdrawn", until=start) for record in old]
            old = []
        word, versions = after.versions.get(at) or _only_version(old + new, new)
        line = [(_claim_of(record), record.since, -1) for record in old]
        yield write_records(follow(line, versions, start), word, border.prompt_end)


def _only_version(records: list[Record], new: list[Record]) -> tuple[Span, list[Version]]:
    """Span and only version of a word that no later word has revised."""
    word = records[0][:2] if records else (0, 0)
    return word, [(0, [_claim_of(record) for record in new])]


def _claim_of(record: Record) -> Claim:
    return (*record[2:6], record.path)


def _account_for(reading: Reading, premises: Mapping[int, Premise], shared: int) -> Account:
    total = reading.stream.exact_total()
    text = reading.spelled.text
    exclamations, questions = text.count("!"), text.count("?")
    score = normalize(emphasize(total, measure_emphasis(exclamations, questions)))
    marks = _mark_records(reading.spelled, total) if exclamations or questions > 1 else []
    scored: Iterable[tuple[int, Changes, float]] = reading.stream.scored()
    if premises:
        scored = _with_premises(scored, premises)
    words = {
        at: _word_records(reading, at, changes, value, "kept" if at < shared else "added", premises.get(at))
        for at, changes, value in scored
    }
    return Account(words, {}, marks, score)


def _with_premises(
    scored: Iterable[tuple[int, Changes, float]], premises: Mapping[int, Premise]
) -> list[tuple[int, Changes, float]]:
    """Words with a valence, and those whose valence a graph takes away."""
    found: dict[int, tuple[int, Changes, float]] = {at: (at, (), 0.0) for at in premises}
    found |= {state[0]: state for state in scored}
    return [found[at] for at in sorted(found)]


def _revised(reading: Reading, premises: Mapping[int, Premise]) -> Iterator[tuple[int, list[Past], _State]]:
    """Each word that later ones revised: its position, what it was each time, and what it is."""
    pasts: dict[int, list[Past]] = {}
    for past in reading.stream.history:
        mine = pasts.get(past[1])
        if mine is None:
            pasts[past[1]] = [past]
        elif mine[-1][0] != past[0]:
            mine.append(past)
    if pasts:
        finals = {at: (changes, value) for at, changes, value in reading.stream.scored() if at in pasts}
        for at, mine in pasts.items():
            final: _State = (*finals.get(at, ((), 0.0)), premises.get(at))
            if len(mine) > 1:
                states = [*(past[2:] for past in mine[1:]), final]
                mine = [past for past, state in zip(mine, states, strict=True) if past[2:] != state]
            elif mine[0][2:] == final:
                continue
            if mine:
                yield at, mine, final


def _count_held(pasts: list[Past], final: _State) -> int:
    """Number of a word's records that held before, if later words only added records; else -1."""
    _, _, changes, value, premise = pasts[0]
    if len(pasts) > 1 or premise or final[2] or tuple(final[0][: len(changes)]) != tuple(changes):
        return -1
    held, before = 0, 0.0
    for _, after, _, _ in changes:
        held += after != before
        before = after
    return held if value == before else -1


def _retime(records: list[Record], held: int, since: int, prompt_end: int) -> None:
    """Set a later `since` of all records but the first `held` ones."""
    status: Status = "kept" if since <= prompt_end else "added"
    for k in range(held, len(records)):
        records[k] = Record(*records[k][:6], status, (), since)


def _list_versions(reading: Reading, pasts: list[Past], final: _State) -> list[Version]:
    """Versions of a word, each with the end of the word that caused it; words that end together are one."""
    at = pasts[0][1]
    versions: list[Version] = []
    latest: _State | None = None
    end = reading.span(at)[1]
    for past in pasts:
        following = reading.span(past[0])[1]
        if end != following and past[2:] != latest:
            latest = past[2:]
            versions.append((end, _list_claims(reading, at, latest)))
        end = following
    if latest != final:
        versions.append((end, _list_claims(reading, at, final)))
    return versions


def _list_claims(reading: Reading, at: int, state: _State) -> list[Claim]:
    changes, value, premise = state
    claims: list[Claim] = []
    word = reading.span(at)
    before = 0.0
    for rule, after, first, last in changes if premise is None else _told(changes, premise):
        path = premise.path if premise is not None and rule == "knowledge" else ()
        if after != before or path:
            start, end = word if first == at == last else (reading.span(first)[0], reading.span(last)[1])
            claims.append((rule, start, end, after - before, path))
        before = after
    but = reading.stream.but
    if but is not None and value != before:
        claims.append(("but", *reading.span(but), value - before, ()))
    return claims


def _told(changes: Changes, premise: Premise) -> Changes:
    """Changes of a word, with the graph's change first."""
    if not changes and premise.valence:  # "kind of" has a valence, but no change
        return changes
    first: Change = ("knowledge", premise.valence, premise.at, premise.at)
    return [first, *changes[1:]]


def _word_records(
    reading: Reading, at: int, changes: Changes, value: float, status: Status, premise: Premise | None
) -> list[Record]:
    """The records of a word that no other word has revised."""
    start, end = reading.span(at)
    records: list[Record] = []
    before = 0.0
    if premise is not None:
        changes = _told(changes, premise)
    elif len(changes) == 1:  # mostly so: nothing but the lexicon
        rule, before, _, _ = changes[0]
        records.append(make_record((start, end, rule, start, end, before, status, (), end, -1)))
        changes = ()
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

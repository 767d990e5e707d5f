"""Proves the records of a prompt and of prompt + response, with their lifetimes."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rlsf_gym.certificates.claimed import CertificateError, ClaimedRecord, tell
from rlsf_gym.domains.sentiment.checker.knowledge import Knowledge
from rlsf_gym.domains.sentiment.checker.lifetimes import Entry, Line
from rlsf_gym.domains.sentiment.checker.stream import Growth, Valuation
from rlsf_gym.domains.sentiment.checker.words import (
    Run,
    Spelling,
    Token,
    read_runs,
    read_tokens,
    spell,
)

# Largest error of an amount.
_TOLERANCE = 1e-9
# Prompts up to this length are remembered, the last ones that were read.
_SHORT = 256
_REMEMBERED = 1024


class Rules(NamedTuple):
    """Variant of the rules: the options in which scorers differ.

    Attributes:
        knowledge: the graph that values words by their context; None for the lexicon alone.
        quirk: the "but" rule is the library's loop, not its documentation.
    """

    knowledge: Knowledge | None
    quirk: bool


class Proved(NamedTuple):
    """Records and scores that the rules prove of a prompt and a text.

    Attributes:
        entries: all records, in order.
        prompt_score: score of the prompt.
        score: score of the text.
        slope: score per unit of valence between the two.
        totals: by number of words, from those of the prompt on, the sum of their valences.
        spelling: the text as the rules see it.
        runs: its runs of characters that are not white space.
    """

    entries: list[Entry]
    prompt_score: float
    score: float
    slope: float
    totals: dict[int, float]
    spelling: Spelling
    runs: list[Run]


class _Opening(NamedTuple):
    """A prompt that was read by the rules; whoever adds words to it takes a copy of `growth`."""

    spelling: Spelling
    runs: list[Run]
    tokens: list[Token]
    growth: Growth
    total: float
    marks: list[Entry]


def squash(total: float) -> float:
    """The score of a sum of valences."""
    return total / math.sqrt(total * total + 15)


def mean_slope(entries: Sequence[Entry]) -> float:
    """Score per unit of valence on the straight way from the prompt's sum to the text's.

    With S = sqrt(15) tan(a), a score is sin(a): its mean slope between two angles is
    cos((a + b) / 2) cos(a) cos(b) / (sqrt(15) cos((b - a) / 2)).
    """
    sums = [
        math.fsum(entry.amount for entry in entries if entry.status in statuses)
        for statuses in (("kept", "withdrawn"), ("kept", "added"))
    ]
    a, b = (math.atan(total / math.sqrt(15)) for total in sums)
    return math.cos((a + b) / 2) * math.cos(a) * math.cos(b) / (math.sqrt(15) * math.cos((b - a) / 2))


def prove_score(text: str, rules: Rules) -> float:
    """The score of a text, from the rules alone."""
    return squash(prove_total(text, rules))


def prove_total(text: str, rules: Rules) -> float:
    """The sum of the valences of a text with its punctuation, from the rules alone."""
    spelling = spell(text)
    growth = Valuation(*rules)
    growth.add(read_tokens(spelling))
    total = growth.total()
    return total + sum(entry.amount for entry in prove_marks(spelling, total))


def prove_marks(spelling: Spelling, total: float) -> list[Entry]:
    """The records of ! and ?, which move a sum of valences away from zero."""
    sign = (total > 0) - (total < 0)
    each = weigh_queries(spelling.text.count("?"))
    marks = [(raw, 0.292) for raw in _find_marks(spelling, "!")]
    marks += [(raw, each) for raw in _find_marks(spelling, "?")]
    return [
        Entry("punctuation", (raw, raw + 1, raw, raw + 1), sign * amount, since=raw + 1)
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


def prove_texts(prompt: str, response: str, rules: Rules) -> Proved:
    """Proves the records of the prompt, of the whole text, and of the text at each word between them."""
    prompt, response = str.__str__(prompt), str.__str__(response)  # of subclasses, what they hold
    text = prompt + response
    opening, spelling = _read_prompt(prompt, rules), spell(text)
    runs, tokens = _read_on(opening, spelling)
    first, prompt_total = opening.tokens, opening.total
    growth = opening.growth.copy()
    shared = _count_shared(first, tokens)
    for _ in first[shared:]:
        growth.remove()
    growth.tokens[:] = tokens[:shared]  # more punctuation may stand behind the last one now
    totals = {shared: prompt_total} if shared == len(first) else {}
    _grow(growth, tokens[shared:], totals, has_marks="!" in spelling.text or "?" in spelling.text)
    total = growth.total()
    entries = [entry for line in growth.lines if line for entry in _finish(line.entries, len(prompt))]
    old, new = opening.marks, prove_marks(spelling, total)
    entries += _compare_marks(old, new, len(text)) if old or new else ()
    return Proved(
        entries,
        squash(prompt_total + sum(entry.amount for entry in old)),
        squash(total + sum(entry.amount for entry in new)),
        mean_slope(entries),
        totals,
        spelling,
        runs,
    )


def _read_prompt(prompt: str, rules: Rules) -> _Opening:
    """A prompt as the rules see it, from memory where it has come up already."""
    is_remembered = rules.knowledge is None and len(prompt) <= _SHORT
    return _recall(prompt, rules.quirk) if is_remembered else _open(prompt, rules)


@lru_cache(maxsize=_REMEMBERED)
def _recall(prompt: str, quirk: bool) -> _Opening:
    return _open(prompt, Rules(None, quirk))


def _open(prompt: str, rules: Rules) -> _Opening:
    spelling = spell(prompt)
    runs = read_runs(spelling)
    tokens = read_tokens(spelling, runs)
    growth = Growth(*rules)
    _grow(growth, tokens)
    total = growth.total()
    return _Opening(spelling, runs, tokens, growth, total, prove_marks(spelling, total))


def _read_on(opening: _Opening, spelling: Spelling) -> tuple[list[Run], list[Token]]:
    """The runs and the words of a text; those that end within the prompt are read already.

    A character is spelled by itself and the one before it, so the spelled text begins with the prompt.
    """
    border, runs = len(opening.spelling.text), opening.runs
    whole = len(runs) - bool(runs and runs[-1][1] == border)  # the last one may go on behind the border
    later = read_runs(spelling, runs[whole][0] if whole < len(runs) else border)
    return runs[:whole] + later, opening.tokens[:whole] + read_tokens(spelling, later)


def match(records: Sequence[ClaimedRecord], entries: Sequence[Entry]) -> None:
    """Checks that the records of a certificate are those that were proved.

    Raises:
        CertificateError: If a record differs; the message names it.
    """
    for k, (record, entry) in enumerate(zip(records, entries, strict=False)):
        place = record.char_start, record.char_end, record.trigger_start, record.trigger_end
        claimed = record.rule, place, tuple(record.path)
        is_same = claimed == (entry.rule, entry.place, entry.path)
        if not is_same or not abs(record.amount - entry.amount) <= _TOLERANCE:
            raise CertificateError(
                f"{_name(k, record)}, {_details(place, record.amount, record.path)}, "
                f"does not hold: the text proves {_tell(entry)}"
            )
        life = record.status, record.since, record.until
        if life != (entry.status, entry.since, entry.until):
            raise CertificateError(
                f"{_name(k, record)} must be {_live(entry.status, entry.since, entry.until)}, "
                f"but is {_live(*life)}"
            )
    if len(records) > len(entries):
        k = len(entries)
        raise CertificateError(f"{_name(k, records[k])} follows from nothing in the text")
    if len(records) < len(entries):
        raise CertificateError(f"a record is missing at the end: {_tell(entries[len(records)])}")


def _grow(
    growth: Growth,
    tokens: Sequence[Token],
    totals: dict[int, float] | None = None,
    *,
    has_marks: bool = False,
) -> None:
    """Add words one by one; several that end together, as those of an emoji may, are one state.

    Args:
        growth: the text so far.
        tokens: the words that arrive.
        totals: the sums of the valences, to which the sum after each word is added.
        has_marks: the sign of a sum may decide on punctuation.
    """
    total: float | None = None
    at, size = 0, len(tokens)
    while at < size:
        count = growth.pass_by(tokens, at)
        if not count:
            count, total = 1, None
            growth.add([tokens[at]])
            if at + 1 == size or tokens[at + 1].end != tokens[at].end:
                growth.prove(tokens[at].end)
        if totals is not None:
            if total is None:
                total = growth.sure_total() if has_marks else growth.running_total()
            last = len(growth.tokens)
            totals.update(dict.fromkeys(range(last - count + 1, last + 1), total))
        at += count


def _count_shared(first: Sequence[Token], tokens: Sequence[Token]) -> int:
    """Number of a prompt's words that are unchanged in the whole text."""
    pairs = zip(first, tokens, strict=False)
    changed = (k for k, (one, other) in enumerate(pairs) if one[:4] != other[:4])
    return next(changed, min(len(first), len(tokens)))


def _finish(entries: Sequence[Entry], prompt_end: int) -> list[Entry]:
    """Records of a word that hold in the prompt or after it, with their statuses."""
    names = {(True, True): "kept", (True, False): "withdrawn", (False, True): "added"}
    return [
        Entry(
            entry.rule,
            entry.place,
            entry.amount,
            entry.path,
            entry.since,
            entry.until,
            names.get((entry.since <= prompt_end, entry.until == -1), "passing"),
        )
        for entry in entries
        if not 0 <= entry.until <= prompt_end
    ]


def _compare_marks(old: Sequence[Entry], new: Sequence[Entry], length: int) -> list[Entry]:
    """The records of the punctuation in both texts, which begin at their marks whenever they count."""
    line = Line()
    line.become(old, 0)
    line.become(new, length)
    names = {(0, -1): "kept", (0, length): "withdrawn", (length, -1): "added"}
    return [
        entry._replace(since=entry.place[1], status=names[entry.since, entry.until]) for entry in line.entries
    ]


def _name(k: int, record: ClaimedRecord) -> str:
    return f"record {k} ({_say(record.rule)} at {tell(record.char_start)}:{tell(record.char_end)})"


def _tell(entry: Entry) -> str:
    start, end, *_ = entry.place
    return f"{entry.rule} at {start}:{end}, {_details(entry.place, entry.amount, entry.path)}"


def _details(place: Sequence[int], amount: float, path: Sequence[str]) -> str:
    by = f", path {_say(' > '.join(path))}" if path else ""
    return f"trigger {tell(place[2])}:{tell(place[3])}, amount {amount:.12g}{by}"


def _live(status: str, since: int, until: int) -> str:
    return f"{_say(status)} since {tell(since)}" + ("" if until == -1 else f" until {tell(until)}")


def _say(text: str) -> str:
    """A text of a certificate without quotes, as far as a line can hold it."""
    return tell(text)[1:-1]

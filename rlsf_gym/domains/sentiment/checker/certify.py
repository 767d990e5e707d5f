"""Proves the records of a prompt and of prompt + response, with their lifetimes."""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from rlsf_gym.domains.sentiment.checker.knowledge import Knowledge
from rlsf_gym.domains.sentiment.checker.lifetimes import Entry
from rlsf_gym.domains.sentiment.checker.marks import compare_marks, prove_marks
from rlsf_gym.domains.sentiment.checker.settled import Ending, Read, find_ending, read_prompt, read_settled
from rlsf_gym.domains.sentiment.checker.stream import Growth, Valuation
from rlsf_gym.domains.sentiment.checker.words import (
    Run,
    Spelling,
    Token,
    read_runs,
    read_tokens,
    spell,
)

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
    """A prompt that was read by the rules.

    `ending` is None where the words of a response may be no settled ones.
    """

    spelling: Spelling
    runs: list[Run]
    total: float
    marks: list[Entry]
    ending: Ending | None


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


def prove_texts(prompt: str, response: str, rules: Rules) -> Proved:
    """Proves the records of the prompt, of the whole text, and of the text at each word between them."""
    prompt, response = str.__str__(prompt), str.__str__(response)  # of subclasses, what they hold
    text = prompt + response
    opening, spelling = _read_prompt(prompt, rules), spell(text)
    whole, later = _find_later(opening, spelling)
    runs = opening.runs[:whole] + later
    has_marks = "!" in spelling.text or "?" in spelling.text
    read = None
    if opening.ending is not None:
        goes_on = whole < len(opening.runs)
        read = read_settled(
            opening.ending, spelling, later, quirk=rules.quirk, goes_on=goes_on, has_marks=has_marks
        )
    if read is None:
        read = _read_growing(prompt, spelling, runs, rules, has_marks=has_marks)
    total = float(sum(read.values))
    entries = [*chain.from_iterable(read.lines)]
    old, new = opening.marks, prove_marks(spelling, total) if has_marks else []
    entries += compare_marks(old, new, len(text)) if old or new else ()
    return Proved(
        entries,
        squash(opening.total + sum(entry.amount for entry in old)),
        squash(total + sum(entry.amount for entry in new)),
        mean_slope(entries),
        read.totals,
        spelling,
        runs,
    )


def _read_growing(
    prompt: str, spelling: Spelling, runs: Sequence[Run], rules: Rules, *, has_marks: bool
) -> Read:
    """A text that begins with a prompt, read word by word."""
    is_known = _is_remembered(prompt, rules)
    growth = _recall_growth(prompt, rules.quirk).copy() if is_known else _grow_prompt(prompt, rules)
    tokens, first, total = read_tokens(spelling, runs), [*growth.tokens], growth.total()
    shared = _count_shared(first, tokens)
    for _ in first[shared:]:
        growth.remove()
    growth.tokens[:] = tokens[:shared]  # more punctuation may stand behind the last one now
    totals = {shared: total} if shared == len(first) else {}
    _grow(growth, tokens[shared:], totals, has_marks=has_marks)
    return Read(_list_lines(growth, len(prompt)), growth.valences, totals)


def _list_lines(growth: Growth, prompt_end: int) -> list[list[Entry]]:
    return [_finish(line.entries, prompt_end) if line else [] for line in growth.lines]


def _is_remembered(prompt: str, rules: Rules) -> bool:
    return rules.knowledge is None and len(prompt) <= _SHORT


def _read_prompt(prompt: str, rules: Rules) -> _Opening:
    """A prompt as the rules see it, from memory where it has come up already."""
    return _recall(prompt, rules.quirk) if _is_remembered(prompt, rules) else _open(prompt, rules)


@lru_cache(maxsize=_REMEMBERED)
def _recall(prompt: str, quirk: bool) -> _Opening:
    return _open(prompt, Rules(None, quirk))


@lru_cache(maxsize=_REMEMBERED)
def _recall_growth(prompt: str, quirk: bool) -> Growth:
    """A prompt read word by word; whoever adds words to it takes a copy."""
    return _grow_prompt(prompt, Rules(None, quirk))


def _grow_prompt(prompt: str, rules: Rules) -> Growth:
    growth = Growth(*rules)
    _grow(growth, read_tokens(spell(prompt)))
    return growth


def _open(prompt: str, rules: Rules) -> _Opening:
    spelling = spell(prompt)
    runs = read_runs(spelling)
    read = None if rules.knowledge else read_prompt(spelling, runs)
    if read is None:
        growth = _grow_prompt(prompt, rules)
        read = Read(_list_lines(growth, len(prompt)), growth.valences, {})
    ending = None if rules.knowledge else find_ending(spelling, runs, read.lines, read.values)
    total = float(sum(read.values))
    return _Opening(spelling, runs, total, prove_marks(spelling, total), ending)


def _find_later(opening: _Opening, spelling: Spelling) -> tuple[int, list[Run]]:
    """The number of a prompt's runs that a text leaves whole, and its runs from there on.

    A character is spelled by itself and the one before it, so the spelled text begins with the prompt.
    """
    border, runs = len(opening.spelling.text), opening.runs
    whole = len(runs) - bool(runs and runs[-1][1] == border)  # the last one may go on behind the border
    return whole, read_runs(spelling, runs[whole][0] if whole < len(runs) else border)


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
        Entry(*entry[:6], names.get((entry.since <= prompt_end, entry.until == -1), "passing"), *entry[7:])
        for entry in entries
        if not 0 <= entry.until <= prompt_end
    ]

"""A record of a certificate: one rule's effect on one word."""

import math
from typing import Any, Final, Literal, NamedTuple, cast, get_args

__all__ = [
    "KNOWLEDGE_RULES",
    "PLAIN_TYPES",
    "RULES",
    "STATUSES",
    "Record",
    "Rule",
    "Status",
    "explain_number",
    "explain_record",
    "has_plain_types",
    "quote",
]

Rule = Literal[
    "base",
    "booster",
    "dampener",
    "capitals",
    "negation",
    "no",
    "least",
    "idiom",
    "but",
    "punctuation",
    "knowledge",
]
Status = Literal["kept", "added", "withdrawn", "passing"]
KNOWLEDGE_RULES: Final[tuple[Rule, ...]] = get_args(Rule)
RULES: Final[tuple[Rule, ...]] = KNOWLEDGE_RULES[:-1]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)


class Record(NamedTuple):
    """One rule's effect on one word. The certificate that holds it checks it.

    Spans are character offsets into prompt + response as given.

    Attributes:
        char_start: start of the word.
        char_end: end of the word.
        rule: one of `KNOWLEDGE_RULES`: those of VADER, `RULES`, and `knowledge`.
        trigger_start: start of what made the rule apply.
        trigger_end: end of what made the rule apply.
        amount: what the rule adds to the sum of valences (for an opaque certificate: to the score).
        status: "kept" if it holds in the prompt alone and from there to the end of the whole text,
            "withdrawn" if it holds in the prompt and ends, "added" if it begins behind the prompt and holds
            to the end, "passing" if it begins behind the prompt and ends before the whole text.
        path: of the graph, that justifies the amount: the word, the concept that it is said of, and the
            concepts that this one inherits the amount from. Empty but for the rule `knowledge`.
        since: end of the word (its `char_end`) with whose arrival the record begins to hold, in a text that
            grows word by word; one that holds in the prompt begins there.
        until: end of the word with whose arrival it ceases to hold; -1 if it holds to the end.
    """

    char_start: int
    char_end: int
    rule: Rule
    trigger_start: int
    trigger_end: int
    amount: float
    status: Status
    path: tuple[str, ...] = ()
    since: int = 0
    until: int = -1


PLAIN_TYPES: Final = (int, int, str, int, int, float, str, tuple, int, int)
"""The types of a record's fields, as rules write them."""


def has_plain_types(record: Record) -> bool:
    """Whether each field of a record has the type that JSON can write, the elements of the path included."""
    if tuple(map(type, record)) == PLAIN_TYPES:  # mostly so, and asked of each record
        return not record.path or set(map(type, record.path)) == {str}
    return not _explain_types(record)


def explain_number(value: object) -> str:
    """What is wrong with a value that is not a finite number; "" for one that is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"must be a float, but is {quote(value)} of type {type(value).__name__}"
    try:
        return "" if math.isfinite(value) else f"must be finite, but is {value}"
    except OverflowError:
        return "must be finite, but is an int beyond the largest float"


def _explain_types(record: Record) -> str:
    fields = record._asdict()
    for name in ("char_start", "char_end", "trigger_start", "trigger_end", "since", "until"):
        value = fields[name]
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{name} must be an int, but is {quote(value)} of type {type(value).__name__}"
    for name in ("rule", "status"):
        if not isinstance(fields[name], str):
            return f"{name} must be a str, but is {quote(fields[name])}"
    path: object = fields["path"]
    if not isinstance(path, tuple) or not all(isinstance(one, str) for one in cast(tuple[Any, ...], path)):
        return f"path must be a tuple of str, but is {quote(fields['path'])}"
    wrong = explain_number(record.amount)
    return wrong and f"amount {wrong}"


def quote(value: object) -> str:
    """The value in one line, cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # an int of more digits than Python writes
        text = "a very long number"
    return text if len(text) <= 80 else f"{text[:77]}..."


def explain_record(record: Record, scorer: str) -> str:
    """What is wrong with a record that is not sound."""
    wrong = _explain_types(record)
    if wrong:
        return wrong
    char_start, char_end, rule, trigger_start, trigger_end, _, status, _, since, until = record
    if not 0 <= char_start <= char_end:
        wrong = _span_message("char", char_start, char_end)
    elif not 0 <= trigger_start <= trigger_end:
        wrong = _span_message("trigger", trigger_start, trigger_end)
    elif rule not in KNOWLEDGE_RULES:
        wrong = f"rule must be one of {', '.join(KNOWLEDGE_RULES)}, but is {quote(rule)}"
    elif status not in STATUSES:
        wrong = f"status must be one of {', '.join(STATUSES)}, but is {quote(status)}"
    elif since < 0 or (until != -1 and until <= since):
        wrong = f"lifetime must have 0 <= since < until, or until = -1, but is {quote(since)}:{quote(until)}"
    return wrong or f"records must follow rules of {quote(scorer)}, but one follows {rule!r}"


def _span_message(name: str, start: int, end: int) -> str:
    return f"{name} span must have 0 <= start <= end, but is {quote(start)}:{quote(end)}"

"""A record of a certificate: one rule's effect on one unit of a text."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Literal, NamedTuple, cast, get_args

from rlsf_gym.certificates.fields import explain_number, quote

__all__ = [
    "PLAIN_TYPES",
    "STATUSES",
    "Record",
    "Status",
    "explain_record",
    "has_plain_types",
    "make_record",
]

Status = Literal["kept", "added", "withdrawn", "passing"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)


class Record(NamedTuple):
    """One rule's effect on one unit of a text, such as a word. The certificate that holds it checks it.

    Spans are character offsets into prompt + response as given.

    Attributes:
        char_start: start of the unit.
        char_end: end of the unit.
        rule: one of those that the scorer declares.
        trigger_start: start of what made the rule apply.
        trigger_end: end of what made the rule apply.
        amount: what the rule adds to the sum that the score is made of: a certificate's `slope` is the score
            per unit of amount.
        status: "kept" if it holds in the prompt alone and from there to the end of the whole text,
            "withdrawn" if it holds in the prompt and ends, "added" if it begins behind the prompt and holds
            to the end, "passing" if it begins behind the prompt and ends before the whole text.
        path: of names, that justifies the amount, such as those of the concepts that a word inherits it from;
            mostly empty.
        since: end of the unit (its `char_end`) with whose arrival the record begins to hold, in a text that
            grows unit by unit; one that holds in the prompt begins there.
        until: end of the unit with whose arrival it ceases to hold; -1 if it holds to the end.
    """

    char_start: int
    char_end: int
    rule: str
    trigger_start: int
    trigger_end: int
    amount: float
    status: Status
    path: tuple[str, ...] = ()
    since: int = 0
    until: int = -1


make_record = cast(Callable[[tuple[object, ...]], Record], partial(cast(Any, tuple).__new__, Record))
"""Returns the record of a tuple of all ten fields, in half the time that `Record(*fields)` takes."""

PLAIN_TYPES: Final = (int, int, str, int, int, float, str, tuple, int, int)
"""The types of a record's fields, as rules write them."""


def has_plain_types(record: Record) -> bool:
    """Whether each field of a record has the type that JSON can write, the elements of the path included."""
    if tuple(map(type, record)) == PLAIN_TYPES:  # mostly so, and asked of each record
        return not record.path or set(map(type, record.path)) == {str}
    return not _explain_types(record)


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


def explain_record(record: Record, rules: Sequence[str]) -> str:
    """Message for a record that is not sound, where a scorer has these rules."""
    wrong = _explain_types(record)
    if wrong:
        return wrong
    char_start, char_end, rule, trigger_start, trigger_end, _, status, _, since, until = record
    if not 0 <= char_start <= char_end:
        return _span_message("char", char_start, char_end)
    if not 0 <= trigger_start <= trigger_end:
        return _span_message("trigger", trigger_start, trigger_end)
    if rule not in rules:
        return f"rule must be one of {', '.join(rules)}, but is {quote(rule)}"
    if status not in STATUSES:
        return f"status must be one of {', '.join(STATUSES)}, but is {quote(status)}"
    return f"lifetime must have 0 <= since < until, or until = -1, but is {quote(since)}:{quote(until)}"


def _span_message(name: str, start: int, end: int) -> str:
    return f"{name} span must have 0 <= start <= end, but is {quote(start)}:{quote(end)}"

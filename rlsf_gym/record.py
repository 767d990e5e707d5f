"""A record of a certificate: one rule's effect on one word."""

import math
from typing import Final, Literal, NamedTuple, get_args

__all__ = ["KNOWLEDGE_RULES", "RULES", "STATUSES", "Record", "Rule", "Status", "explain_record"]

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


def explain_record(record: Record, scorer: str) -> str:
    """What is wrong with a record that is not sound."""
    char_start, char_end, rule, trigger_start, trigger_end, amount, status, _, since, until = record
    wrong = ""
    if not 0 <= char_start <= char_end:
        wrong = _span_message("char", char_start, char_end)
    elif not 0 <= trigger_start <= trigger_end:
        wrong = _span_message("trigger", trigger_start, trigger_end)
    elif rule not in KNOWLEDGE_RULES:
        wrong = f"rule must be one of {', '.join(KNOWLEDGE_RULES)}, but is {rule!r}"
    elif status not in STATUSES:
        wrong = f"status must be one of {', '.join(STATUSES)}, but is {status!r}"
    elif not math.isfinite(amount):
        wrong = f"amount must be finite, but is {amount}"
    elif since < 0 or (until != -1 and until <= since):
        wrong = f"lifetime must have 0 <= since < until, or until = -1, but is {since}:{until}"
    return wrong or f"records must follow rules of {scorer!r}, but one follows {rule!r}"


def _span_message(name: str, start: int, end: int) -> str:
    return f"{name} span must have 0 <= start <= end, but is {start}:{end}"

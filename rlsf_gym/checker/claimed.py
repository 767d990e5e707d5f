"""What the checker reads of a certificate, whoever wrote it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast


class ClaimedRecord(Protocol):
    """What the checker reads of a record."""

    @property
    def char_start(self) -> int:
        """Start of the word."""
        ...

    @property
    def char_end(self) -> int:
        """End of the word."""
        ...

    @property
    def rule(self) -> str:
        """Name of the rule."""
        ...

    @property
    def trigger_start(self) -> int:
        """Start of the trigger."""
        ...

    @property
    def trigger_end(self) -> int:
        """End of the trigger."""
        ...

    @property
    def amount(self) -> float:
        """What the rule adds to the sum of valences."""
        ...

    @property
    def status(self) -> str:
        """Where it holds: kept, added, withdrawn or passing."""
        ...

    @property
    def path(self) -> Sequence[str]:
        """Of the graph, that justifies the amount."""
        ...

    @property
    def since(self) -> int:
        """End of the word with whose arrival it begins to hold."""
        ...

    @property
    def until(self) -> int:
        """End of the word with whose arrival it ceases to hold; -1 for none."""
        ...


class Claimed(Protocol):
    """What the checker reads of a certificate."""

    @property
    def scorer(self) -> str:
        """Name of the scorer."""
        ...

    @property
    def version(self) -> str:
        """Version of its lexicon."""
        ...

    @property
    def verifiable(self) -> bool:
        """Whether there is anything to prove."""
        ...

    @property
    def options(self) -> Mapping[str, str]:
        """Options of the scorer; `but`, `graph` and `graph_sha256` are read."""
        ...

    @property
    def prompt_score(self) -> float:
        """Score of the prompt."""
        ...

    @property
    def score(self) -> float:
        """Score of prompt + response."""
        ...

    @property
    def records(self) -> Sequence[ClaimedRecord]:
        """All records, in order."""
        ...

    @property
    def labels(self) -> Mapping[str, float]:
        """A classifier's probabilities; empty, as no rule proves any."""
        ...

    @property
    def rules(self) -> Sequence[str]:
        """The rules that the scorer has."""
        ...


def tell(value: object) -> str:
    """A value of a certificate in one line of what a terminal can show, cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # an int of more digits than Python writes
        return "a very long number"
    return text if len(text) <= 80 else f"{text[:40]}...{text[-37:]}"


def explain_number(name: str, value: object) -> str:
    """What is wrong with a number that is not finite, or none; "" for one that is right."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} must be a float, but is {tell(value)}"
    try:
        return "" if math.isfinite(value) else f"{name} must be finite, but is {value}"
    except OverflowError:
        return f"{name} must be finite, but is {tell(value)}"


def explain_record(record: ClaimedRecord) -> str:
    """What is wrong with the types of a record; "" for one that is right."""
    untyped = cast(Any, record)
    for name in ("char_start", "char_end", "trigger_start", "trigger_end", "since", "until"):
        value = getattr(untyped, name, None)
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{name} must be an int, but is {tell(value)}"
    for name in ("rule", "status"):
        value = getattr(untyped, name, None)
        if not isinstance(value, str):
            return f"{name} must be a str, but is {tell(value)}"
    path: object = untyped.path
    if not isinstance(path, tuple | list) or not all(isinstance(one, str) for one in cast(list[Any], path)):
        return f"path must be a tuple of str, but is {tell(untyped.path)}"
    return explain_number("amount", untyped.amount)


_HEADER: tuple[tuple[str, Any], ...] = (
    ("scorer", str),
    ("version", str),
    ("verifiable", bool),
    ("options", Mapping),
    ("labels", Mapping),
    ("rules", Sequence),
)


def explain_header(certificate: Claimed) -> str:
    """What is wrong with the types of a certificate but for its records; "" for one that is right."""
    untyped = cast(Any, certificate)
    for name, kind in _HEADER:
        value = getattr(untyped, name, None)
        if not isinstance(value, kind):
            return f"{name} must be a {kind.__name__}, but is {tell(value)}"
    for key, option in cast(Mapping[Any, Any], untyped.options).items():
        if not isinstance(key, str) or not isinstance(option, str):
            return f"options must map str to str, but map {tell(key)} to {tell(option)}"
    if not isinstance(untyped.records, tuple | list):
        return f"records must be a tuple, but are {tell(untyped.records)}"
    wrong = (explain_number(name, getattr(untyped, name, None)) for name in ("prompt_score", "score"))
    return next((one for one in wrong if one), "")

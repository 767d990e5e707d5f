"""Parses and validates the JSON lines of a study's files as records.

A line is one JSON object with a `record`. Whatever a stranger's file holds, it becomes plain data or one
`ValueError` that names the field: no number that is not finite, no key twice, no text that is nested or long
without end. Of the kinds in `SHAPES` each field has the type that readers rely on; kinds of one's own are
plain data and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from agents.runs.strict_json import is_count, is_number, parse_object, show

Record = dict[str, Any]
LONGEST_RESPONSE = 1 << 20
"""Most tokens of a response that is kept."""


@dataclass(frozen=True)
class Kind:
    """Type of a record's field: a test, and its name in words."""

    expected: str
    """Name of the type in words, for messages."""
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class Shape:
    """Shape of a record: the types of its fields."""

    needed: Mapping[str, Kind]
    optional: Mapping[str, Kind] = field(default_factory=dict[str, Kind])
    others: Kind | None = None
    """Type of all fields that are not named; None: any plain data."""


def is_text(value: Any) -> bool:
    """Returns whether a value is a text."""
    return isinstance(value, str)


def list_of(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Returns a test for lists whose items all pass a test."""
    return lambda value: isinstance(value, list) and all(map(holds, cast(list[Any], value)))


def table_of(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Returns a test for tables whose values all pass a test."""
    return lambda value: isinstance(value, dict) and all(map(holds, cast(Record, value).values()))


def or_none(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Returns a test for values that are null or pass a test."""
    return lambda value: value is None or holds(value)


TEXT = Kind("a text", is_text)
NUMBER = Kind("a finite number", is_number)
MEASURED = Kind("a finite number or null", or_none(is_number))
COUNT = Kind("a whole number >= 0", is_count)
POSITIVE = Kind("a whole number >= 1", lambda value: is_count(value) and value >= 1)


def _is_sample(value: Any) -> bool:
    """Returns whether a value is a response with a reward for each of its tokens."""
    if not isinstance(value, dict):
        return False
    sample = cast(Record, value)
    tokens, rewards = sample.get("tokens"), sample.get("token_rewards")
    return (
        all(or_none(is_text)(sample.get(key)) for key in ("prompt", "response"))
        and all(or_none(is_number)(sample.get(key)) for key in ("score", "judge"))
        and list_of(lambda token: isinstance(token, int) and is_count(token))(tokens)
        and list_of(is_number)(rewards)
        and len(cast(list[Any], tokens)) == len(cast(list[Any], rewards)) <= LONGEST_RESPONSE
    )


SAMPLES = Kind(
    "responses: prompt and response (texts), tokens (ids), token_rewards (as many numbers), score, judge",
    list_of(_is_sample),
)
_WHEN = Kind("'before' or 'after'", lambda value: value in ("before", "after"))
SHAPES: Mapping[str, Shape] = {
    "iteration": Shape({"episodes": POSITIVE}, {"record": TEXT}, others=MEASURED),
    "evaluation": Shape(
        {"when": _WHEN, "summary": Kind("a table of finite numbers or null", table_of(or_none(is_number)))}
    ),
    "samples": Shape({"samples": SAMPLES}),
    "attainable": Shape({"start": NUMBER, "best": NUMBER, "n": POSITIVE, "prompts": POSITIVE}),
    "end": Shape(
        {"status": Kind("'done' or 'failed'", lambda value: value in ("done", "failed"))},
        {"reason": Kind("a text or null", or_none(is_text)), "sha256": TEXT},
    ),
}
"""Kind of record to the shape of its fields."""


def parse_record(line: bytes) -> Record:
    """Returns the record on a line.

    Raises:
        ValueError: If the line is not a record; the message says why, but not where.
    """
    record = parse_object(line)
    if not is_text(record.get("record")):
        raise ValueError(f"record: expected a text, the kind of record, got {show(record.get('record'))}")
    return record


def check_record(record: Mapping[str, Any], shapes: Mapping[str, Shape] = SHAPES) -> None:
    """Checks the fields of a record of a known kind.

    Args:
        record: The record; its key `record` has its kind.
        shapes: Kind of record to the shape of its fields.

    Raises:
        ValueError: If a field is missing, or of another type; the message says which, but not where.
    """
    shape = shapes.get(record["record"])
    if shape is None:
        return
    for name, kind in shape.needed.items():
        if name not in record:
            raise ValueError(f"{record['record']}: expected the field {name!r}: {kind.expected}")
    for name, value in record.items():
        kind = shape.needed.get(name) or shape.optional.get(name) or shape.others
        if kind is not None and not kind.holds(value):
            raise ValueError(f"{record['record']}: {name}: expected {kind.expected}, got {show(value)}")

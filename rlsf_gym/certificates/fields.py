"""Reads the fields of certificates and records: of plain types, finite, and read-only."""

import json
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, cast

import numpy as np

__all__ = [
    "as_float",
    "as_plain",
    "as_tuple",
    "check_number",
    "check_type",
    "copy_json",
    "explain_number",
    "quote",
    "read_only",
]


def quote(value: object) -> str:
    """The value in one line, cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # an int of more digits than Python writes
        text = "a very long number"
    return text if len(text) <= 80 else f"{text[:77]}..."


def explain_number(value: object) -> str:
    """Message for a value that is not a finite number; "" for one that is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"must be a float, but is {quote(value)} of type {type(value).__name__}"
    try:
        return "" if math.isfinite(value) else f"must be finite, but is {value}"
    except OverflowError:
        return "must be finite, but is an int beyond the largest float"


def check_type(name: str, value: object, kind: type) -> None:
    """Checks that a value is of a type; ValueError if it is not."""
    if not isinstance(value, kind):
        raise ValueError(
            f"{name} must be a {kind.__name__}, but is {quote(value)} of type {type(value).__name__}"
        )


def check_number(name: str, value: object) -> None:
    """Checks that a value is a finite number; ValueError if it is not."""
    wrong = explain_number(value)
    if wrong:
        raise ValueError(f"{name} {wrong}")


def as_plain(number: float) -> float:
    """An int or a float itself: NumPy's are a subclass of float, and one may compare as it likes."""
    return number if type(number) is int else float(number)


def as_float(name: str, value: Any) -> float:
    """A number as plain data, that of an array's element too."""
    plain: object = cast(Any, value).item() if isinstance(value, np.generic) else value
    check_number(name, plain)
    return float(cast(float, plain))


def as_tuple(name: str, value: Any) -> tuple[Any, ...]:
    """Elements of a list or another iterable; a text is refused."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(f"{name} must be a tuple, but is {quote(value)} of type {type(value).__name__}")
    return tuple(cast(Iterable[Any], value))


def read_only(name: str, value: Any) -> MappingProxyType[str, Any]:
    """A copy of a mapping from str that nobody can change."""
    if type(value) is not dict and not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a mapping, but is {quote(value)} of type {type(value).__name__}")
    copy = dict(cast(Mapping[Any, Any], value))
    for key in copy:
        if not isinstance(key, str):
            check_type(f"a key of {name}", key, str)
    return MappingProxyType(copy)


def copy_json(name: str, value: Any) -> MappingProxyType[str, Any]:
    """A copy of a mapping that JSON can write and reads back as it is, which nobody can change."""
    plain = dict(read_only(name, value))
    try:
        copy = json.loads(json.dumps(plain, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} must be plain JSON, but is not: {quote(str(error))}") from error
    if copy != plain:
        raise ValueError(
            f"{name} must be plain JSON: dict with keys of str, list, str, int, float, bool or None"
        )
    return MappingProxyType(copy)

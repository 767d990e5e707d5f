"""Parses untrusted JSON strictly into plain data, or refuses it in one line.

No number that is not finite, no key twice, no text that is nested or long without end: what is read here can
be computed with, printed and walked through.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn, cast

Record = dict[str, Any]
LONGEST_LINE = 1 << 24
"""Most bytes of a line."""
DEEPEST = 32
"""Deepest nesting of lists and tables."""
GREATEST = 1e100
"""Greatest magnitude of a measured number; squares of it are finite, and float32 ends far below."""


def is_number(value: Any) -> bool:
    """Returns whether a value is a finite number of a size that can be computed with."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= GREATEST


def is_count(value: Any) -> bool:
    """Returns whether a value is a whole number >= 0 below 2^53, whether it is written as 3 or 3.0."""
    return is_number(value) and 0 <= value < 1 << 53 and value == int(value)


def is_whole(value: Any, least: int) -> bool:
    """Returns whether a value is a whole number of at least `least`, written as one: 3.0 and true are not."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def parse_object(line: bytes) -> Record:
    """Returns the JSON object on a line.

    Raises:
        ValueError: If the line is not a JSON object of plain data; the message says why, but not where.
    """
    if len(line) > LONGEST_LINE:
        raise ValueError(f"expected at most {LONGEST_LINE:,} bytes in a line, got {len(line):,}")
    try:
        found = json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_int=_parse_whole,
            parse_float=_parse_finite,
        )
    except RecursionError:
        raise ValueError(f"expected at most {DEEPEST} tables and lists inside of each other") from None
    if not isinstance(found, dict):
        raise ValueError(f"expected a JSON object, got {show(found)}")
    record = cast(Record, found)
    check_depth(record)
    return record


def check_depth(value: Any) -> None:
    """Checks that tables and lists are not nested without end: who walks through them recurses.

    Raises:
        ValueError: If they are nested too deeply.
    """
    level: Sequence[Any] = [value]
    for _ in range(DEEPEST + 1):
        level = [entry for one in level for entry in _entries(one)]
        if not level:
            return
    raise ValueError(f"expected at most {DEEPEST} tables and lists inside of each other")


def show(value: Any) -> str:
    """Returns a short text of any value, for a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns "; did you mean x?" with the known name that is closest, "" if none is close.

    Example:
        >>> did_you_mean("blt", ["bolt", "nut"])
        '; did you mean bolt?'
    """
    closest = get_close_matches(name, list(known), n=1)
    return f"; did you mean {closest[0]}?" if closest else ""


def _entries(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(cast(Record, value).values())
    return cast(list[Any], value) if isinstance(value, list) else ()


def _without_repeats(pairs: list[tuple[str, Any]]) -> Record:
    record: Record = {}
    for name, value in pairs:
        if name in record:
            raise ValueError(f"{show(name)}: expected each key once, got it twice")
        record[name] = value
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"expected finite numbers, got {name}")


def _parse_whole(text: str) -> int:
    if len(text) > 20:
        raise ValueError(f"expected whole numbers below 2^63, got one of {len(text):,} characters")
    value = int(text)
    if abs(value) >= 1 << 63:
        raise ValueError(f"expected whole numbers below 2^63, got {value}")
    return value


def _parse_finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"expected finite numbers, got {show(text)}")
    return value

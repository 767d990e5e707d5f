"""Arguments on the command line: KEY=VALUE, with values in JSON and dots that lead into tables."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn


def key_value(text: str) -> tuple[str, Any]:
    """Returns the path and the value of `KEY=VALUE`; what is no JSON is a string.

    Example:
        >>> key_value("verify=true"), key_value("graph=my.toml"), key_value("a.b=[1]")
        (('verify', True), ('graph', 'my.toml'), ('a.b', [1]))
    """
    path, separator, value = text.partition("=")
    if not separator or not all(path.split(".")):
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, such as verify=true, got {text!r}")
    try:
        return path, json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return path, value


def label_value(text: str) -> tuple[str, float]:
    """Returns the label and the number of `LABEL=NUMBER`.

    Example:
        >>> label_value("a=b=-0.5")
        ('a=b', -0.5)
    """
    label, _, value = text.rpartition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not label or not -1.0 <= number <= 1.0:
        raise argparse.ArgumentTypeError(
            f"expected LABEL=NUMBER with numbers from -1 to 1, such as neutral=0, got {text!r}"
        )
    return label, number


class Collect(argparse.Action):
    """Collects KEY=VALUE into one dict, wherever on the command line they stand."""

    nested = True
    """Whether dots in keys lead into tables."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Adds the values that follow one flag."""
        table = dict(getattr(namespace, self.dest, None) or {})
        for path, value in values:
            keys = path.split(".") if self.nested else [path]
            try:
                table = _placed(table, keys, value)
            except ValueError:
                raise argparse.ArgumentError(self, f"expected each key once, got {path!r} twice") from None
        setattr(namespace, self.dest, table)


class CollectLabels(Collect):
    """Collects LABEL=NUMBER; a label may have dots."""

    nested = False


def paths(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yields the path of each value and each table in a dict.

    Example:
        >>> list(paths({"a": {"b": 1}, "c": 2}))
        ['a', 'a.b', 'c']
    """
    for key, value in table.items():
        yield prefix + key
        if isinstance(value, Mapping):
            yield from paths(value, f"{prefix}{key}.")


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Returns tables merged key by key; values of `above` count where both have one."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def _placed(table: Mapping[str, Any], keys: Sequence[str], value: Any) -> dict[str, Any]:
    """Returns the table with a value where the keys lead; ValueError if something is there."""
    first, rest = keys[0], keys[1:]
    if not rest:
        if first in table:
            raise ValueError(first)
        return {**table, first: value}
    inner = table.get(first, {})
    if not isinstance(inner, Mapping):
        raise ValueError(first)
    return {**table, first: _placed(inner, rest, value)}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are no JSON

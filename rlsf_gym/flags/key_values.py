"""Arguments on the command line: KEY=VALUE, with values in JSON and dots that lead into tables."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast


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
    return {**table, first: _placed(cast("Mapping[str, Any]", inner), rest, value)}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are no JSON

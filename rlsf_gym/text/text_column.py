"""Chooses the column of a table that holds the texts, and checks that it holds strings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from rlsf_gym.arguments import Argument, ArgumentError, PythonOnly

__all__ = ["TextColumn", "check_texts", "choose_column"]

_COLUMNS = ("prompt", "text", "review")  # in this order of preference
_LONGEST = 80  # characters of a name in a message
_NAMED = 20  # columns that a message lists


@dataclass(frozen=True)
class TextColumn:
    """Texts with the name of their column."""

    name: str
    """Name of the column; `prompt` for texts that stood in none."""
    texts: tuple[str, ...]
    """All of its texts in their order, blank ones included."""


def choose_column(source: object, found: Sequence[Any], column: str | None) -> str:
    """Returns the name of the column to read.

    Args:
        source: Source of the table, for messages.
        found: Names of its columns.
        column: The requested column; by default the first of prompt, text and review that there is.

    Raises:
        ValueError: If there is no such column, or more than one.

    Example:
        >>> choose_column("a.csv", ["label", "text"], None)
        'text'
    """
    wanted = _COLUMNS if column is None else (column,)
    for name in wanted:
        number = sum(name == other for other in found)
        if number > 1:
            raise ValueError(
                f"prompts must have one column {name!r}, {str(source)!r} has {number}: rename the others"
            )
        if number:
            return name
    raise ArgumentError(
        f"prompts must have a column {' or '.join(map(repr, wanted))}, {str(source)!r} has {_list(found)}: "
        "name one as ",
        Argument("prompts_kwargs.column"),
        PythonOnly(", prompts_kwargs={'column': NAME}"),
    )


def check_texts(
    source: object,
    column: str,
    values: Any,
    place: Callable[[int], str] = "row {}".format,
) -> tuple[str, ...]:
    """Returns the values of a column, all of them strings.

    Args:
        source: Source of the table, for messages.
        column: Name of the column.
        values: Values of the column, in order.
        place: Function from a value's number, from 1, to the name of its place in messages.

    Raises:
        ValueError: If the values are not a sequence, or one of them is not a string.
    """
    kind = type(values).__name__
    if isinstance(values, str | bytes | Mapping | set | frozenset) or not isinstance(values, Iterable):
        raise ValueError(f"column {column!r} must hold a list of strings, {str(source)!r} has {kind}")
    texts: list[str] = []
    for number, text in enumerate(cast(Iterable[Any], values), start=1):
        if not isinstance(text, str):
            raise ValueError(
                f"column {column!r} must hold strings, {str(source)!r} has {type(text).__name__} "
                f"in {place(number)}: fill or drop what is no text"
            )
        texts.append(str(text))
    return tuple(texts)


def _list(names: Sequence[Any]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (", ".join(map(_show, names[:_NAMED])) or "none") + more


def _show(name: Any) -> str:
    """Returns a column's name shortened for a message: it may be a whole line of a file without header."""
    shown = repr(name)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."

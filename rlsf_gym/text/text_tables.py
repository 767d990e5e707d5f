"""Reads one column of texts from an object: strings, or a table of any library.

Tables are known by their attributes, so that no library is imported: `Dataset` and `DatasetDict` of datasets,
`DataFrame` of pandas and Polars, `Table` of PyArrow, a dict of columns, a list of dicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from rlsf_gym.text.text_column import TextColumn, check_texts, choose_column

__all__ = ["choose_part", "is_table", "read_records", "read_strings", "read_table"]


def is_table(source: Any) -> bool:
    """Returns whether an object is a table with named columns, over which one must not iterate for texts."""
    return isinstance(source, Mapping) or hasattr(source, "column_names") or hasattr(source, "columns")


def read_table(source: Any, column: str | None = None, name: str | None = None) -> TextColumn:
    """Returns the texts of a table.

    Args:
        source: A table, or a dict of tables, of which the one named `train` is read, or the only one.
        column: Name of the column; by default the first of prompt, text and review that there is.
        name: Name of the table in messages; its type by default.

    Raises:
        ValueError: If there is no such column or part, it does not hold strings, or the table is a stream.
    """
    name, is_stream = name or type(source).__name__, not hasattr(source, "__len__")
    if isinstance(source, Mapping):
        parts = cast(Mapping[Any, Any], source)
        if parts and all(map(is_table, parts.values())):
            return read_table(choose_part(parts, name), column, name)
        chosen = choose_column(name, list(parts), column)
        texts = check_texts(name, chosen, parts[chosen])
        _check_lengths(parts, name)
        return TextColumn(chosen, texts)
    if is_stream:
        raise ValueError(
            f"prompts must be read as a whole, got {name!r}, a stream: pass a list of its rows, such as "
            "list(stream.take(1000))"
        )
    names = source.column_names if hasattr(source, "column_names") else list(source.columns)
    chosen = choose_column(name, names, column)
    return TextColumn(chosen, check_texts(name, chosen, _values(source, chosen)))


def choose_part(parts: Mapping[Any, Any], name: str) -> Any:
    """Returns the part of a data set that is named `train`, or the only one.

    Raises:
        ValueError: If there is no part, or there are several and none is named `train`.
    """
    if len(parts) == 1:
        return next(iter(parts.values()))
    if "train" not in parts:
        raise ValueError(
            f"prompts data set must have a part 'train', {name!r} has "
            f"{', '.join(map(str, parts)) or 'none'}: pass one part, such as prompts=data[NAME]"
        )
    return parts["train"]


def read_records(
    rows: Sequence[Any], column: str | None, name: str, place: Callable[[int], str] = "row {}".format
) -> TextColumn:
    """Returns the texts of a list of dicts, each of which must have the column.

    Args:
        rows: The dicts; their columns are all keys that one of them has.
        column: Name of the column; by default the first of prompt, text and review that there is.
        name: Name of the list in messages.
        place: Function from a row's number, from 1, to the name of its place in messages.

    Raises:
        ValueError: If a row is not a dict, or lacks the column.
    """
    keys: dict[Any, None] = {}
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise ValueError(
                f"prompts must be dicts where the first is one, {name!r} has {type(row).__name__} "
                f"in {place(number)}"
            )
        keys.update(dict.fromkeys(cast(Mapping[Any, Any], row)))
    chosen = choose_column(name, list(keys), column)

    def describe(number: int) -> str:
        lacks = "" if chosen in rows[number - 1] else f", which has no {chosen!r}"
        return place(number) + lacks

    return TextColumn(chosen, check_texts(name, chosen, [row.get(chosen) for row in rows], describe))


def read_strings(source: Any, column: str | None = None) -> TextColumn:
    """Returns the texts of an object that is not a table: an ordered collection of strings or dicts.

    Raises:
        ValueError: If it is anything else, or empty.
    """
    kind, is_iterator = type(source).__name__, isinstance(source, Iterator)
    if hasattr(source, "read"):
        raise ValueError(f"prompts must be strings or a path, got an open file, {kind}: pass its path")
    if isinstance(source, set | frozenset):
        raise ValueError(f"prompts must have an order, got a {kind}: pass sorted(prompts)")
    given: Any = source.to_pylist() if hasattr(source, "to_pylist") else source
    if isinstance(given, str | bytes | bytearray) or not isinstance(given, Iterable):
        raise ValueError(f"prompts must be strings or have texts and sample, got {kind}")
    found = list(_check_strings(cast(Iterable[Any], given)))
    if not found:
        what = "an iterator with nothing left: pass a list" if is_iterator else "an empty list"
        raise ValueError(f"prompts must hold at least one text, got {what}")
    if isinstance(found[0], Mapping):
        return read_records(found, column, "list of dicts")
    if column is not None:
        raise ValueError(f"column must be None for prompts that are strings, got {column!r}: leave it out")
    return TextColumn("prompt", tuple(found))


def _check_strings(source: Iterable[Any]) -> Iterator[Any]:
    """Yields strings; from a list that begins with a dict all that is in it."""
    records = False
    for number, text in enumerate(source):
        kind = type(text).__name__
        records = records or (number == 0 and isinstance(text, Mapping))
        if not records and not isinstance(text, str):
            raise ValueError(f"prompts must be strings, got {kind} at position {number}")
        yield cast(Any, text) if records else str(cast(Any, text))


def _check_lengths(columns: Mapping[Any, Any], name: str) -> None:
    sizes = {key: len(values) for key, values in columns.items() if hasattr(values, "__len__")}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{key!r} {size}" for key, size in sizes.items())
        raise ValueError(f"columns must have the same number of rows, {name!r} has {listed}")


def _values(table: Any, column: str) -> Any:
    """Returns the values of a column as Python has them."""
    values = table.column(column) if hasattr(table, "column") else table[column]
    for method in ("to_pylist", "to_list"):
        if hasattr(values, method):
            return getattr(values, method)()
    return values

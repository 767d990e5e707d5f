"""Reads one column of texts from a file or a data set."""

from __future__ import annotations

import csv
import importlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rlsf_gym.arguments import Argument, ArgumentError

__all__ = ["FILE_READERS", "TextColumn", "read_dataset", "read_file"]

_COLUMNS = ("prompt", "text", "review")  # in this order of preference


@dataclass(frozen=True)
class TextColumn:
    """Texts, with the name of the column that they stood in."""

    name: str
    texts: tuple[str, ...]


def read_file(path: Path, column: str | None = None) -> TextColumn:
    """Returns the texts of a .txt (one a line), .csv, .jsonl or .parquet file.

    Args:
        path: The file, in UTF-8 unless it is Parquet.
        column: Name of the column; by default the first of prompt, text and review that there is.

    Raises:
        ValueError: If there is no such file or column, or nothing in it.
    """
    if not path.is_file():
        raise ValueError(f"prompts file must exist, got {str(path)!r}: check the path")
    reader = FILE_READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(FILE_READERS)
        raise ValueError(f"prompts file must end in one of {known}, got {str(path)!r}: convert or rename it")
    found = reader(path, column)
    if not found.texts:
        raise ValueError(f"prompts file must hold at least one text, {str(path)!r} is empty")
    return found


def read_dataset(name: str, column: str | None = None) -> TextColumn:
    """Returns the texts of a data set: a local folder or a name on the Hugging Face hub.

    The part that is named `train` is read, or the only one.

    Raises:
        ValueError: If it cannot be loaded, or has no such part or column.
        ImportError: If `datasets` is not installed.
    """
    datasets = _import_extra("datasets", "a data set")
    saved = any((Path(name) / file).is_file() for file in ("dataset_info.json", "dataset_dict.json"))
    try:
        data = datasets.load_from_disk(name) if saved else datasets.load_dataset(name)
    except Exception as error:  # the library raises errors of many libraries
        reason = str(error).strip().splitlines()[0] if str(error).strip() else ""
        raise ValueError(
            f"prompts must be 'bundled', a file, a folder or a data set on the hub, got {name!r}: "
            f"{type(error).__name__}: {reason}"
        ) from error
    if isinstance(data, Mapping):
        parts = cast(Mapping[str, Any], data)
        data = parts.get("train") if len(parts) > 1 else next(iter(parts.values()))
        if data is None:
            raise ValueError(f"prompts data set must have a part 'train', {name!r} has {', '.join(parts)}")
    chosen = _choose_column(name, data.column_names, column)
    return TextColumn(chosen, _check_texts(name, chosen, data[chosen]))


def _read_lines(path: Path, column: str | None) -> TextColumn:
    lines = [line.removesuffix("\r") for line in _read_utf8(path).split("\n")]
    return TextColumn("prompt", tuple(line for line in lines if line.strip()))


def _read_csv(path: Path, column: str | None) -> TextColumn:
    rows = csv.DictReader(io.StringIO(_read_utf8(path), newline=""))
    try:
        chosen = _choose_column(path, rows.fieldnames or (), column)
        texts = [row[chosen] for row in rows]
    except csv.Error as error:
        raise ValueError(
            f"prompts file must be CSV, got {str(path)!r}: line {rows.line_num}: {error}"
        ) from None
    return TextColumn(chosen, _check_texts(path, chosen, texts))


def _read_jsonl(path: Path, column: str | None) -> TextColumn:
    rows: list[Any] = []
    for number, line in enumerate(_read_utf8(path).split("\n"), start=1):
        try:
            rows += [json.loads(line)] if line.strip() else []
        except ValueError as error:
            raise ValueError(
                f"prompts file must be JSON lines, {str(path)!r}: line {number}: {error}"
            ) from None
        if rows and not isinstance(rows[-1], dict):
            raise ValueError(f"prompts file must hold JSON objects, {str(path)!r}: line {number} is not one")
    chosen = _choose_column(path, list(rows[0]) if rows else (), column)
    return TextColumn(chosen, _check_texts(path, chosen, [row.get(chosen) for row in rows]))


def _read_parquet(path: Path, column: str | None) -> TextColumn:
    parquet = _import_extra("pyarrow.parquet", "a Parquet file")
    try:
        names = parquet.read_schema(path).names
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"prompts file must be Parquet, got {str(path)!r}: {reason}") from None
    chosen = _choose_column(path, names, column)
    table = parquet.read_table(path, columns=[chosen])
    return TextColumn(chosen, _check_texts(path, chosen, table.column(chosen).to_pylist()))


FILE_READERS: Mapping[str, Callable[[Path, str | None], TextColumn]] = {
    ".txt": _read_lines,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
"""Ending of a file's name to its reader."""


def _read_utf8(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"prompts file must be UTF-8, {str(path)!r} has byte 0x{error.object[error.start]:02x} "
            f"at offset {error.start}: convert it"
        ) from None


def _choose_column(source: object, found: Sequence[str], column: str | None) -> str:
    wanted = _COLUMNS if column is None else (column,)
    for name in wanted:
        if name in found:
            return name
    raise ArgumentError(
        f"prompts must have a column {' or '.join(map(repr, wanted))}, {str(source)!r} has "
        f"{', '.join(map(repr, found)) or 'none'}: name one as ",
        Argument("prompts_kwargs.column"),
    )


def _check_texts(source: object, column: str, values: Iterable[Any]) -> tuple[str, ...]:
    texts = tuple(values)
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise ValueError(
                f"column {column!r} must hold strings, {str(source)!r} has {type(text).__name__} "
                f"in row {number}"
            )
    return texts


def _import_extra(module: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"prompts from {what} need {module}: pip install 'rlsf-gym[hf]'") from error

"""Reads one column of texts from a file, a folder or a data set."""

from __future__ import annotations

import importlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from rlsf_gym.arguments import Argument, ArgumentError, first_line
from rlsf_gym.text.csv_rows import CsvError, Row, read_rows
from rlsf_gym.text.text_column import TextColumn, check_texts, choose_column
from rlsf_gym.text.text_tables import read_records, read_table

__all__ = ["FILE_READERS", "read_dataset", "read_file", "read_folder", "read_path"]

LARGEST = 1 << 32
"""Largest text file that is read, in bytes: it is held in memory whole."""
_LINE_END = re.compile(r"\r\n?|\n")
_TAB = "\t"
_OTHER_SEPARATORS = (_TAB, ";", "|", ",")
_KINDS = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}  # first bytes


def read_path(path: Path, column: str | None = None) -> TextColumn:
    """Returns the texts at a path: of a file, a folder of parts, or a data set's folder.

    Raises:
        ValueError: If the path does not exist, or cannot be read as texts.
        ImportError: If the package that reads it is not installed.
    """
    if os.path.isdir(path):
        saved = _is_saved_dataset(str(path))
        is_parts = path.suffix.lower() in FILE_READERS and not saved
        return read_folder(path, column) if is_parts else read_dataset(str(path), column)
    return read_file(path, column)


def read_file(path: Path, column: str | None = None) -> TextColumn:
    """Returns the texts of a .txt (one a line), .csv, .tsv, .jsonl or .parquet file.

    Args:
        path: The file, in UTF-8 unless it is Parquet.
        column: Name of the column; by default the first of prompt, text and review that there is.

    Raises:
        ValueError: If there is no such file or column, or nothing in it, or the file is damaged. Nothing is
            skipped but the blank lines between rows of CSV and JSON lines.
    """
    if not os.path.isfile(path):
        if os.path.exists(path):
            what = "a folder" if os.path.isdir(path) else "a pipe, socket or device"
            raise ValueError(f"prompts file must be a file, {str(path)!r} is {what}: pass a file")
        raise ValueError(f"prompts file must exist, got {str(path)!r}: check the path")
    found = _find_reader(path)(path, column)
    if not any(map(str.strip, found.texts)):
        raise ValueError(f"prompts file must hold at least one text, {str(path)!r} is empty")
    return found


def read_folder(path: Path, column: str | None = None) -> TextColumn:
    """Returns the texts of a folder of parts, as Spark, Dask and pandas write them, in their names' order.

    The folder's name ends as its parts' names do, such as `reviews.parquet`. Files whose names begin with "_"
    or "." are no parts, and empty files hold nothing. Folders in it, such as `label=1`, hold parts as well.

    Raises:
        ValueError: If there is no part, another file among them, or a part without the column that the first
            one is read from.
    """
    ending = path.suffix.lower()
    parts = sorted(part for part in path.rglob("*") if not part.is_dir() and not _is_hidden(part, path))
    for part in parts:
        if part.suffix.lower() != ending or not part.is_file():
            raise ValueError(
                f"prompts folder must hold {ending} files, {str(path)!r} has {part.name!r}: move it elsewhere"
            )
    texts: list[str] = []
    name = column
    for part in parts:
        if part.stat().st_size:
            found = FILE_READERS[ending](part, name)
            name = None if ending == ".txt" else found.name  # all parts are read from the same column
            texts += found.texts
    if not any(map(str.strip, texts)):
        raise ValueError(
            f"prompts folder must hold at least one text, {str(path)!r} has none in its {len(parts)} "
            f"{ending} files"
        )
    return TextColumn(name or "prompt", tuple(texts))


def read_dataset(name: str, column: str | None = None) -> TextColumn:
    """Returns the texts of a data set: a local folder or a name on the Hugging Face hub.

    The part that is named `train` is read, or the only one.

    Raises:
        ValueError: If it cannot be loaded, or has no such part or column.
        ImportError: If `datasets` is not installed.
    """
    datasets = _import_extra("datasets", "a data set")
    try:
        data = datasets.load_from_disk(name) if _is_saved_dataset(name) else datasets.load_dataset(name)
    except Exception as error:  # the library raises errors of many libraries
        raise ValueError(
            f"prompts must be 'bundled', a file, a folder or a data set on the hub, got {name!r}: "
            f"{type(error).__name__}: {first_line(error)}"
        ) from error
    return read_table(data, column, name)


def _find_reader(path: Path) -> Callable[[Path, str | None], TextColumn]:
    reader = FILE_READERS.get(path.suffix.lower())
    if reader is not None:
        return reader
    known = ", ".join(FILE_READERS)
    packed = path.suffix.lower() in (".gz", ".zip", ".bz2", ".xz", ".zst")
    mend = "unpack it first" if packed else "convert or rename it"
    raise ValueError(f"prompts file must end in one of {known}, got {str(path)!r}: {mend}")


def _read_lines(path: Path, column: str | None) -> TextColumn:
    if column is not None:
        name = Argument("prompts_kwargs.column")
        raise ArgumentError(
            name, f" is for tables, got {column!r} for lines of text, {str(path)!r}: leave it out"
        )
    return TextColumn("prompt", tuple(_LINE_END.split(_read_utf8(path).rstrip("\r\n"))))


def _read_csv(path: Path, column: str | None, separator: str = ",") -> TextColumn:
    rows = _csv_rows(path, separator)
    header = next(rows, None)
    names = header.fields if header else []
    other = next((mark for mark in _OTHER_SEPARATORS if mark != separator and mark in "".join(names)), None)
    if len(names) == 1 and other and column != names[0]:
        raise ValueError(
            f"prompts file must separate columns by {separator!r}, {str(path)!r} has {other!r} in it: "
            f"convert it{' or name it .tsv' if other == _TAB else ''}"
        )
    chosen = choose_column(path, names, column)
    place = names.index(chosen)
    return TextColumn(chosen, tuple(row.fields[place] for row in rows))


def _csv_rows(path: Path, separator: str) -> Iterator[Row]:
    try:
        yield from read_rows(_read_utf8(path), separator)
    except CsvError as error:
        raise ValueError(f"prompts file must be CSV, got {str(path)!r}: {error}") from None


def _read_jsonl(path: Path, column: str | None) -> TextColumn:
    rows: list[Any] = []
    lines: list[int] = []
    for number, line in enumerate(_read_utf8(path).split("\n"), start=1):
        if line.strip():
            rows.append(_read_object(path, number, line))
            lines.append(number)
    return read_records(rows, column, str(path), lambda row: f"row {row} (line {lines[row - 1]})")


def _read_object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"prompts file must be JSON lines, {str(path)!r}: line {number}: {first_line(error)}"
        ) from None
    if not isinstance(found, dict):
        raise ValueError(f"prompts file must hold JSON objects, {str(path)!r}: line {number} is not one")
    return cast(dict[str, Any], found)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is there twice")
        found[key] = value
    return found


def _read_parquet(path: Path, column: str | None) -> TextColumn:
    parquet = _import_extra("pyarrow.parquet", "a Parquet file")

    def read(call: Callable[[Any], Any]) -> Any:
        try:
            with parquet.ParquetFile(path, page_checksum_verification=True) as file:
                return call(file)
        except (OSError, ValueError, NotImplementedError) as error:
            raise ValueError(
                f"prompts file must be Parquet, got {str(path)!r}: {first_line(error)}"
            ) from None

    chosen = choose_column(path, read(lambda file: file.schema_arrow.names), column)
    values = read(lambda file: file.read(columns=[chosen]).column(chosen).to_pylist())
    return TextColumn(chosen, check_texts(path, chosen, values))


FILE_READERS: Mapping[str, Callable[[Path, str | None], TextColumn]] = {
    ".txt": _read_lines,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
    ".tsv": partial(_read_csv, separator=_TAB),
}
"""Readers by the ending of a file's name."""


def _read_utf8(path: Path) -> str:
    """Returns the text of a UTF-8 file without a byte order mark; ValueError if it is not text."""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(
                f"prompts file must have at most {LARGEST:,} bytes, got {str(path)!r} of "
                f"{path.stat().st_size:,}: split it, or convert it to parquet"
            )
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"prompts file must be readable, got {str(path)!r}: {error.strerror}") from None
    for mark, kind in _KINDS.items():
        if data.startswith(mark):
            raise ValueError(
                f"prompts file must be UTF-8, {str(path)!r} looks like {kind}: unpack or convert it"
            )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"prompts file must be UTF-8, {str(path)!r} has byte 0x{data[error.start]:02x} "
            f"at offset {error.start}: convert it"
        ) from None
    if "\0" in text:
        raise ValueError(
            f"prompts file must be UTF-8 text, {str(path)!r} has a NUL byte at offset {data.index(0)}: "
            "convert it, or mend what is damaged"
        )
    return text.removeprefix("\ufeff")


def _is_saved_dataset(name: str) -> bool:
    return any((Path(name) / file).is_file() for file in ("dataset_info.json", "dataset_dict.json"))


def _is_hidden(part: Path, folder: Path) -> bool:
    return any(name.startswith(("_", ".")) for name in part.relative_to(folder).parts)


def _import_extra(module: str, what: str) -> Any:
    try:
        found = importlib.import_module(module)
        if hasattr(found, "__path__") and getattr(found, "__file__", None) is None:
            raise ImportError(
                f"{module!r} is a folder here"
            )  # which Python takes for a package, without code
        return found
    except ImportError as error:
        raise ImportError(f"prompts from {what} need {module}: pip install 'rlsf-gym[hf]'") from error

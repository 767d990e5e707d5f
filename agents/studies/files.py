"""Files of a study: paths of its cells, and how they are read, packed and unpacked.

    OUT/study.toml          a copy of the study file
    OUT/cells/ID.jsonl      one finished cell: no times in it, so that equal cells give equal bytes
    OUT/timings.jsonl       a line per finished cell, with what differs between equal runs
    OUT/tuned.json          what tuning chose, and from what
    OUT/locks/KEY.lock      a cell that a process is at work on
    OUT/logs/ID.txt         what a cell that went wrong had to say

A cell's file is there once it is whole. Its lines are JSON objects with a `record`: first "cell", with the
settings; last "end", with the SHA-256 of all before it; between them what the cell has measured.

Whatever these files hold is data: nothing that they name is imported or opened, their names stay inside of
the study's folder, and what no study has written is refused with file, line and field.
"""

from __future__ import annotations

import json
import lzma
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from agents.runs.plain_files import make_folder, read_plain, write_whole
from agents.runs.strict_json import parse_object
from agents.runs.xz_files import LARGEST, unpack_xz
from agents.studies.cells import CellResult, Part, Shapes, check_once, split_cells
from agents.studies.plan import Cell, Choice
from agents.studies.records import NUMBER, SHAPES, TEXT, Record, Shape, check_record

SUFFIX = ".jsonl"
PACKED = ".jsonl.xz"
DIGITS = 6
"""Significant digits to which metrics are written."""
ALL_DIGITS = 17
"""Significant digits that keep every float64 exactly."""


class StudyFolder:
    """Paths of a study's files, and its finished cells."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.cells = self.path / "cells"
        self.locks = self.path / "locks"
        self.logs = self.path / "logs"
        self.study = self.path / "study.toml"
        self.timings = self.path / "timings.jsonl"
        self.tuned = self.path / "tuned.json"

    def create(self) -> None:
        """Makes the folders.

        Raises:
            ValueError: If one of the folders is a link.
        """
        for folder in (self.cells, self.locks, self.logs):
            make_folder(folder)

    def find(self, cell: Cell) -> Path | None:
        """Returns the file of a finished cell, under any label, or None if it is not finished."""
        own = self.cells / f"{cell.id}{SUFFIX}"
        return own if own.exists() else next(self.cells.glob(f"*{cell.key}{SUFFIX}"), None)

    def lock(self, cell: Cell) -> Path:
        """Returns the path of the lock of a cell."""
        return self.locks / f"{cell.key}.lock"

    def log(self, cell: Cell) -> Path:
        """Returns the path of the log of a cell that raised an error."""
        return self.logs / f"{cell.id}.txt"

    def results(self, cells: Iterable[Cell]) -> dict[str, CellResult]:
        """Returns the results of those cells that are finished, by key."""
        found = {cell.key: self.find(cell) for cell in cells}
        return {key: read_cell(path) for key, path in found.items() if path is not None}

    def write_choices(self, choices: Sequence[Choice], *, criterion: str) -> None:
        """Writes `tuned.json`."""
        rows = [
            {"where": one.where, "settings": one.settings, "candidates": one.candidates} for one in choices
        ]
        text = json.dumps({"criterion": criterion, "choices": rows}, indent=2, ensure_ascii=False)
        write_whole(self.tuned, (text + "\n").encode("utf-8"))

    def read_timings(self) -> list[Record]:
        """Returns the lines of `timings.jsonl`; one that was cut off is left out.

        Raises:
            ValueError: If a line is not a record of a cell's time.
        """
        if not self.timings.exists():
            return []
        rows: list[Record] = []
        lines = read_plain(self.timings, largest=LARGEST).split(b"\n")[:-1]
        for number, line in enumerate(lines, start=1):
            if line:
                rows.append(_read_timing(self.timings, number, line))
        return rows


def to_line(record: Mapping[str, Any], *, digits: int = DIGITS) -> bytes:
    r"""Returns a record as a JSON line: floats rounded to `digits` significant digits, null if not finite.

    Example:
        >>> to_line({"record": "iteration", "env/score": 0.123456789, "policy/steps": 4})
        b'{"record": "iteration", "env/score": 0.123457, "policy/steps": 4}\n'
    """
    return (json.dumps(_rounded(record, digits), ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def read_cell(path: str | os.PathLike[str], shapes: Shapes = SHAPES) -> CellResult:
    """Returns the records of a finished cell from its file.

    Args:
        path: The file; its name is that of the cell.
        shapes: Kind of record to what its fields are.

    Raises:
        ValueError: If the file is damaged, or not that of a cell.
    """
    place = Path(path)
    parts = list(split_cells(place, read_plain(place, largest=LARGEST), shapes))
    if len(parts) != 1:
        raise ValueError(f"{path}: expected one cell, got {len(parts)}; remove it, it will be run again")
    result = parts[0].result
    if place.name != f"{result.id}{SUFFIX}":
        raise ValueError(
            f"{path}: line 1: id: expected the file's name, got {result.id!r}; name it {result.id}{SUFFIX}"
        )
    return result


def read_results(path: str | os.PathLike[str], shapes: Shapes = SHAPES) -> list[CellResult]:
    """Returns the finished cells of a study's folder, or of a packed file, in the order of their ids.

    Args:
        path: Folder of a study, or a packed file.
        shapes: Kind of record to what its fields are; others are plain data.

    Raises:
        ValueError: If there is no such study, or a file is damaged.
    """
    place = Path(path)
    if place.is_file():
        return [part.result for part in _read_packed(place, shapes)]
    if not (place / "cells").is_dir():
        raise ValueError(f"{place}: expected the folder of a study, with cells/, or a packed study *{PACKED}")
    files = sorted((place / "cells").glob(f"*{SUFFIX}"), key=_id)
    results = [read_cell(file, shapes) for file in files]
    check_once(place, results)
    return results


def pack(folder: StudyFolder, cells: Iterable[Cell], target: str | os.PathLike[str]) -> int:
    """Writes finished cells, in the order of their ids, as one compressed file; returns how many.

    Equal cells give equal bytes, with equal versions of the compression library.

    Args:
        folder: Folder of the study.
        cells: Cells to pack; others in the folder are left out.
        target: Path of the file, in a folder that exists.

    Raises:
        ValueError: If a cell's file is damaged.
    """
    found = {path for path in (folder.find(cell) for cell in cells) if path is not None}
    for path in found:
        read_cell(path)  # the checksum of the packed file would vouch for damage
    data = b"".join(path.read_bytes() for path in sorted(found, key=_id))
    packed = lzma.compress(data, lzma.FORMAT_XZ, lzma.CHECK_CRC64, preset=9 | lzma.PRESET_EXTREME)
    write_whole(Path(target), packed)
    return len(found)


def unpack(source: str | os.PathLike[str], folder: StudyFolder) -> int:
    """Writes those cells of a packed study that a folder lacks into it; returns how many.

    Raises:
        ValueError: If `source` is not a packed study, or is damaged; then nothing is written.
    """
    written = 0
    here = {path.name for path in folder.cells.glob(f"*{SUFFIX}")}
    for result, data in _read_packed(Path(source), SHAPES):
        name = f"{result.id}{SUFFIX}"
        if name not in here and not any(other.endswith(f"{result.key}{SUFFIX}") for other in here):
            write_whole(folder.cells / name, data)
            written += 1
    return written


def _id(path: Path) -> str:
    return path.name.removesuffix(SUFFIX)


def _read_packed(path: Path, shapes: Shapes) -> list[Part]:
    """Returns the cells of a packed study, all of them checked."""
    try:
        data = unpack_xz(read_plain(path, largest=LARGEST))
    except ValueError as error:
        raise ValueError(f"{path}: expected a packed study *{PACKED}: {error}") from error
    parts = list(split_cells(path, data, shapes))
    check_once(path, [part.result for part in parts])
    return parts


def _read_timing(path: Path, number: int, line: bytes) -> Record:
    """Returns a line of `timings.jsonl`."""
    try:
        row = {**parse_object(line), "record": "timing"}
        check_record(row, {"timing": Shape({"id": TEXT, "seconds": NUMBER})})
    except ValueError as error:
        raise ValueError(f"{path}: line {number}: {error}; remove the file, estimates rest on it") from error
    return row


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _rounded(entry, digits) for key, entry in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry, digits) for entry in cast("Sequence[Any]", value)]
    return value

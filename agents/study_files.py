"""The files of a study: where its cells are written, and how they are read and packed.

    OUT/study.toml          a copy of the study file
    OUT/cells/ID.jsonl      one finished cell: no times in it, so that equal cells give equal bytes
    OUT/timings.jsonl       a line per finished cell, with what differs between equal runs
    OUT/tuned.json          what tuning chose, and from what
    OUT/locks/KEY.lock      a cell that a process is at work on
    OUT/logs/ID.txt         what a cell that went wrong had to say

A cell's file is there once it is whole. Its lines are JSON objects with a `record`: first "cell", with the
settings; last "end"; between them what the cell has measured.
"""

from __future__ import annotations

import json
import lzma
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from agents.study_plan import Cell, Choice

Record = dict[str, Any]
SUFFIX = ".jsonl"
PACKED = ".jsonl.xz"
DIGITS = 6
"""Significant digits of what was measured."""
ALL_DIGITS = 17
"""Significant digits that keep any float as it is."""


@dataclass(frozen=True)
class CellResult:
    """What a finished cell has left."""

    header: Record
    body: tuple[Record, ...]
    """All records but the first."""

    @property
    def id(self) -> str:
        """The name of its file."""
        return str(self.header["id"])

    @property
    def key(self) -> str:
        """What identifies it, as `Cell.key`."""
        return f"seed{self.seed}-{str(self.header['settings_sha256'])[:8]}"

    @property
    def phase(self) -> str:
        """Whether it served "tuning", or is a "main" cell."""
        return str(self.header["phase"])

    @property
    def seed(self) -> int:
        """Its seed."""
        return int(self.header["seed"])

    @property
    def settings(self) -> dict[str, Any]:
        """All its settings, but for the seed."""
        return cast(dict[str, Any], self.header["settings"])

    @property
    def iterations(self) -> list[Record]:
        """The figures of each iteration of a training run."""
        return self.records("iteration")

    @property
    def evaluations(self) -> dict[str, dict[str, Any]]:
        """The summaries of the evaluations, "before" and "after"."""
        return {record["when"]: record["summary"] for record in self.records("evaluation")}

    @property
    def samples(self) -> list[dict[str, Any]]:
        """Responses after training, token by token."""
        return [sample for record in self.records("samples") for sample in record["samples"]]

    @property
    def status(self) -> str:
        """Whether it is "done", or "failed" because numbers left the finite."""
        return str(self.body[-1]["status"])

    @property
    def reason(self) -> str | None:
        """Why it failed, if it did."""
        return cast("str | None", self.body[-1].get("reason"))

    def records(self, kind: str) -> list[Record]:
        """Returns its records of one kind, in order."""
        return [record for record in self.body if record["record"] == kind]


class StudyFolder:
    """The paths of a study's files, and what is there of its cells."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.cells = self.path / "cells"
        self.locks = self.path / "locks"
        self.logs = self.path / "logs"
        self.study = self.path / "study.toml"
        self.timings = self.path / "timings.jsonl"
        self.tuned = self.path / "tuned.json"

    def create(self) -> None:
        """Makes the folders."""
        for folder in (self.cells, self.locks, self.logs):
            folder.mkdir(parents=True, exist_ok=True)

    def find(self, cell: Cell) -> Path | None:
        """Returns the file of a cell if it is finished, whatever label the file has."""
        own = self.cells / f"{cell.id}{SUFFIX}"
        return own if own.exists() else next(self.cells.glob(f"*{cell.key}{SUFFIX}"), None)

    def lock(self, cell: Cell) -> Path:
        """Returns the path of the lock of a cell."""
        return self.locks / f"{cell.key}.lock"

    def log(self, cell: Cell) -> Path:
        """Returns the path of what a cell said if it went wrong."""
        return self.logs / f"{cell.id}.txt"

    def results(self, cells: Iterable[Cell]) -> dict[str, CellResult]:
        """Returns what is finished of some cells, by key."""
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
        """Returns the lines of `timings.jsonl`; one that was cut off is left out."""
        if not self.timings.exists():
            return []
        lines = self.timings.read_bytes().split(b"\n")[:-1]
        return [json.loads(line) for line in lines if line]


def to_line(record: Mapping[str, Any], *, digits: int = DIGITS) -> bytes:
    r"""Returns a record as a line: floats with so many significant digits, null for what is not finite.

    Example:
        >>> to_line({"record": "iteration", "env/score": 0.123456789, "policy/steps": 4})
        b'{"record": "iteration", "env/score": 0.123457, "policy/steps": 4}\n'
    """
    return (json.dumps(_rounded(record, digits), ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def read_cell(path: str | os.PathLike[str]) -> CellResult:
    """Returns what the file of a finished cell holds.

    Raises:
        ValueError: It is damaged.
    """
    results = list(_split(Path(path), Path(path).read_bytes().splitlines()))
    if len(results) != 1:
        raise ValueError(f"{path}: expected one cell, got {len(results)}; remove it, it will be run again")
    return results[0]


def read_results(path: str | os.PathLike[str]) -> list[CellResult]:
    """Returns the finished cells of a study's folder, or of a packed file, in the order of their ids.

    Raises:
        ValueError: There is no such study, or a file is damaged.
    """
    place = Path(path)
    if place.is_file():
        return list(_split(place, _unpacked(place).splitlines()))
    if not (place / "cells").is_dir():
        raise ValueError(f"{place}: expected the folder of a study, with cells/, or a packed study *{PACKED}")
    return [read_cell(file) for file in sorted((place / "cells").glob(f"*{SUFFIX}"), key=_id)]


def pack(folder: StudyFolder, cells: Iterable[Cell], target: str | os.PathLike[str]) -> int:
    """Writes finished cells, in the order of their ids, as one compressed file; returns how many.

    Equal cells give equal bytes, with equal versions of the compression library.

    Args:
        folder: Where they are.
        cells: Those that are wanted; what else lies in the folder is left out.
        target: The file, in a folder that is there.
    """
    found = {path for path in (folder.find(cell) for cell in cells) if path is not None}
    data = b"".join(path.read_bytes() for path in sorted(found, key=_id))
    packed = lzma.compress(data, lzma.FORMAT_XZ, lzma.CHECK_CRC64, preset=9 | lzma.PRESET_EXTREME)
    write_whole(Path(target), packed)
    return len(found)


def unpack(source: str | os.PathLike[str], folder: StudyFolder) -> int:
    """Writes the cells of a packed study into a folder, but for those that are there; returns how many.

    Raises:
        ValueError: `source` is no packed study.
    """
    written = 0
    here = {path.name for path in folder.cells.glob(f"*{SUFFIX}")}
    lines = _unpacked(Path(source)).splitlines(keepends=True)
    for result, part in zip(_split(Path(source), lines), _parts(lines), strict=True):
        name = f"{result.id}{SUFFIX}"
        if name not in here and not any(other.endswith(f"{result.key}{SUFFIX}") for other in here):
            write_whole(folder.cells / name, b"".join(part))
            written += 1
    return written


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file in one atomic step, and to the disk."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


def _id(path: Path) -> str:
    return path.name.removesuffix(SUFFIX)


def _unpacked(path: Path) -> bytes:
    try:
        return lzma.decompress(path.read_bytes())
    except lzma.LZMAError as error:
        raise ValueError(f"{path}: expected a packed study *{PACKED}, got another file ({error})") from error


def _parts(lines: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yields the lines of each cell."""
    part: list[bytes] = []
    for line in lines:
        if part and json.loads(line).get("record") == "cell":
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def _split(path: Path, lines: Sequence[bytes]) -> Iterator[CellResult]:
    """Yields the cells that lines hold."""
    try:
        cells = [[json.loads(line) for line in part] for part in _parts(lines)]
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error}); remove it, its cells will be run again") from error
    for header, *body in cells:
        if header.get("record") != "cell" or not body or body[-1].get("record") != "end":
            raise ValueError(
                f"{path}: expected a cell's first record and its end; remove it, it will be run again"
            )
        yield CellResult(header, tuple(body))


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _rounded(entry, digits) for key, entry in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry, digits) for entry in cast("Sequence[Any]", value)]
    return value

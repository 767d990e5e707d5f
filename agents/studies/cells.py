"""Reads finished cells from the JSON lines of their files, and checks each for consistency."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from agents.runs.plain_files import check_file_name
from agents.runs.sealed_json import hash_of
from agents.runs.strict_json import is_count
from agents.studies.fingerprint import is_fingerprint
from agents.studies.names import with_hashed_name, with_short_name
from agents.studies.plan import cell_key
from agents.studies.records import (
    TEXT,
    Kind,
    Record,
    Shape,
    check_record,
    or_none,
    parse_record,
    table_of,
)

Shapes = Mapping[str, Shape]
"""Kind of record to the shape of its fields."""


def _is_settings(value: Any) -> bool:
    """Returns whether a value is a table of settings."""
    return isinstance(value, dict) and isinstance(cast(Record, value).get("run", ""), str)


def _is_git(value: Any) -> bool:
    """Returns whether a value has the commit and the state of a git checkout."""
    return isinstance(value, dict) and all(
        isinstance(entry, str | bool | None) for entry in cast(Record, value).values()
    )


HEADER = Shape(
    {
        "study": TEXT,
        "id": TEXT,
        "phase": Kind("'tuning' or 'main'", lambda value: value in ("tuning", "main")),
        "seed": Kind("a whole number >= 0", lambda value: isinstance(value, int) and is_count(value)),
        "settings": Kind("a table, whose 'run' is a text", _is_settings),
        "settings_sha256": TEXT,
    },
    {
        "versions": Kind(
            "versions by name, or null", or_none(table_of(lambda version: isinstance(version, str)))
        ),
        "git": Kind("commit and state of a checkout, or null", or_none(_is_git)),
        "plan": Kind("the hashes of a plan, or null", or_none(is_fingerprint)),
    },
)
"""The fields of a cell's first record."""


@dataclass(frozen=True)
class CellResult:
    """Records of a finished cell."""

    header: Record
    body: tuple[Record, ...]
    """All records of the cell after the header."""

    @property
    def id(self) -> str:
        """Name of the cell's file, without its ending."""
        return str(self.header["id"])

    @property
    def key(self) -> str:
        """Key that identifies the cell, as `Cell.key`."""
        return cell_key(self.seed, str(self.header["settings_sha256"]))

    @property
    def phase(self) -> str:
        """Phase of the study that the cell belongs to: "tuning" or "main"."""
        return str(self.header["phase"])

    @property
    def seed(self) -> int:
        """Seed that the cell ran with."""
        return int(self.header["seed"])

    @property
    def settings(self) -> dict[str, Any]:
        """All settings of the cell but the seed; `run` has its short name, if it has one."""
        return with_short_name(cast(dict[str, Any], self.header["settings"]))

    @property
    def iterations(self) -> list[Record]:
        """Records with the metrics of each iteration of a training run."""
        return self.records("iteration")

    @property
    def evaluations(self) -> dict[str, dict[str, Any]]:
        """Summaries of the evaluations "before" and "after" training."""
        return {record["when"]: record["summary"] for record in self.records("evaluation")}

    @property
    def samples(self) -> list[dict[str, Any]]:
        """Sampled responses after training, with their tokens and rewards."""
        return [sample for record in self.records("samples") for sample in record["samples"]]

    @property
    def status(self) -> str:
        """Status of the run: "done", or "failed" because it diverged."""
        return str(self.body[-1]["status"])

    @property
    def reason(self) -> str | None:
        """Reason of a failed run; None for a run that is done."""
        return cast("str | None", self.body[-1].get("reason"))

    def column(self, key: str) -> list[Any]:
        """Returns a metric of each iteration, None where it was not finite.

        Raises:
            ValueError: If an iteration lacks the metric.
        """
        rows = self.iterations
        for row in rows:
            if key not in row:
                raise ValueError(
                    f"{self.id}: iteration: expected the field {key!r}, got {', '.join(row)[:80]}"
                )
        return [row[key] for row in rows]

    def records(self, kind: str) -> list[Record]:
        """Returns the cell's records of one kind, in order."""
        return [record for record in self.body if record["record"] == kind]


class Part(NamedTuple):
    """A cell with the lines that it was read from."""

    result: CellResult
    data: bytes


def split_cells(path: Path, data: bytes, shapes: Shapes) -> Iterator[Part]:
    """Yields the cells found in the lines of a file."""
    numbers: list[int] = []
    lines: list[bytes] = []
    records: list[Record] = []
    for number, line in enumerate(data.splitlines(keepends=True), start=1):
        try:
            record = parse_record(line)
        except ValueError as error:
            raise ValueError(
                f"{path}: line {number}: no record ({error}); remove it, its cells will be run again"
            ) from error
        if lines and record["record"] == "cell":
            yield _make_part(path, numbers, lines, records, shapes)
            numbers, lines, records = [], [], []
        numbers.append(number)
        lines.append(line)
        records.append(record)
    if lines:
        yield _make_part(path, numbers, lines, records, shapes)


def check_once(path: Path, results: Iterable[CellResult]) -> None:
    """Checks that no cell occurs twice, and that no two names are equal on case-insensitive file systems."""
    seen: dict[str, str] = {}
    for result in results:
        for name in (result.key, result.id.casefold()):
            if name in seen:
                raise ValueError(
                    f"{path}: expected each cell once, got {seen[name]!r} and {result.id!r}, which are the "
                    "same cell or file; remove one of them"
                )
        seen |= dict.fromkeys((result.key, result.id.casefold()), result.id)


def make_end(lines: Iterable[bytes], status: str, reason: str | None) -> Record:
    """Returns the last record of a cell, with the SHA-256 of the lines before it, status and reason."""
    ending = json.dumps({"reason": reason, "status": status}, sort_keys=True).encode("ascii")
    told = hashlib.sha256(b"".join(lines) + ending).hexdigest()
    return {"record": "end", "status": status, "reason": reason, "sha256": told}


def _make_part(
    path: Path, numbers: Sequence[int], lines: Sequence[bytes], records: Sequence[Record], shapes: Shapes
) -> Part:
    """Returns a cell, its records checked one by one and against each other."""
    header, *body = records
    if header["record"] != "cell" or not body or body[-1]["record"] != "end":
        raise ValueError(
            f"{path}: lines {numbers[0]} to {numbers[-1]}: expected a cell's first record and its end; "
            "remove it, it will be run again"
        )
    checks = {**shapes, "cell": HEADER}
    for number, record in zip(numbers, records, strict=True):
        try:
            check_record(record, checks)
        except ValueError as error:
            raise ValueError(f"{path}: line {number}: {error}") from error
    result = CellResult(header, tuple(body))
    try:
        _check_cell(result, lines)
    except ValueError as error:
        raise ValueError(f"{path}: line {numbers[0]}: {error}") from error
    return Part(result, b"".join(lines))


def _check_cell(result: CellResult, lines: Sequence[bytes]) -> None:
    """Checks a cell's name, settings and checksum against each other."""
    settings_sha256 = hash_of(with_hashed_name(result.settings))
    if result.header["settings_sha256"] != settings_sha256:
        raise ValueError(
            f"cell: settings_sha256: expected that of the settings, {settings_sha256}, got "
            f"{result.header['settings_sha256'][:64]!r}; the settings or the hash are damaged"
        )
    check_file_name(result.id, what="cell: id")
    if result.id != result.key and not result.id.endswith(f"-{result.key}"):
        raise ValueError(
            f"cell: id: expected a label, '-' and {result.key!r}, which seed and settings give, got "
            f"{result.id!r}"
        )
    if sum(record["record"] == "end" for record in result.body) > 1:
        raise ValueError("end: expected one record of this kind, got several")
    end = result.body[-1]
    if "sha256" not in end and "plan" not in result.header:  # written before cells had checksums
        return
    if end != make_end(lines[:-1], result.status, result.reason):
        raise ValueError(
            "end: sha256: expected that of the lines before it; the cell is damaged, run it again"
        )

"""Writes the numbers of each iteration as lines of JSON that equal runs make equal to the byte.

A line is on disk before the next iteration starts, and whatever is cut off or belongs to work that was lost
is dropped when a run is continued.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Any

from agents.runs.plain_files import is_same, open_log, read_plain, write_whole
from agents.runs.strict_json import parse_object, show

LARGEST = 1 << 31
"""Largest log file that is read, in bytes: years of iterations."""


class FileGoneError(OSError):
    """A file was deleted or replaced while it was being written."""


NAMES = ("metrics.jsonl", "timings.jsonl")


class JsonlLog:
    """Writes `metrics.jsonl` and `timings.jsonl`: a line per iteration, on disk before the next one starts.

    `metrics.jsonl` holds no times, its keys are sorted and its floats are written to the last bit, so equal
    runs give files that are equal to the byte. A number that is not finite is written as `null`, which
    every JSON reader understands. Files are written in place of links and never through them.

    Args:
        folder: Where the two files lie; made if missing.
        iterations: Number of iterations the learner has done: 0 starts afresh, n keeps the lines up to
            iteration n and removes later ones (they belong to work that was lost and will be done again).

    Raises:
        ValueError: If a file does not hold the lines of n iterations.
        OSError: If a file can't be written.
    """

    def __init__(self, folder: str | os.PathLike[str], *, iterations: int = 0) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files: list[FileIO] = []
        for name in NAMES:
            _keep_iterations(self._folder / name, iterations)
            self._files.append(open_log(self._folder / name))

    def on_iteration(
        self, metrics: Mapping[str, float], timings: Mapping[str, float], episodes: Sequence[Any]
    ) -> None:
        """Adds one line to each file; `episodes` are not written.

        Raises:
            FileGoneError: If a file is no longer there; `contents` has what was written to it, this line too.
            OSError: If a file can't be written; a line that was cut off is dropped when the run is continued.
        """
        counts = {key: int(metrics[key]) for key in ("iteration", "episodes")}
        rows = ({**metrics, **counts}, {**counts, **timings})
        for file, row in zip(self._files, rows, strict=True):
            _append(file, _json_line(row).encode("utf-8"))
        for name, file in zip(NAMES, self._files, strict=True):
            if not is_same(file, self._folder / name):
                raise FileGoneError(
                    f"{self._folder / name} was deleted or replaced while the run wrote to it"
                )

    def contents(self) -> dict[str, bytes]:
        """Returns the content of both files by name, even if they were moved; not after `close`.

        Raises:
            OSError: If they can't be read.
        """
        for file in self._files:
            file.seek(0)
        return {name: file.readall() for name, file in zip(NAMES, self._files, strict=True)}

    def close(self) -> None:
        """Closes both files."""
        for file in self._files:
            file.close()


def read_jsonl(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Returns the rows of a JSONL file in order, without a last line that was cut off while being written.

    Raises:
        ValueError: If it is no regular file, or a line holds no JSON object, or one with a key twice, with a
            number that is not finite or nested without end; in one line.
        OSError: If it can't be read.
    """
    rows: list[dict[str, Any]] = []
    lines = read_plain(path, largest=LARGEST, through_links=False).split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):  # what follows the last line end is empty or cut off
        try:
            rows.append(parse_object(line))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    return rows


def _keep_iterations(path: Path, iterations: int) -> None:
    """Truncates a JSONL file after iteration `iterations`, in one atomic step."""
    try:
        rows = read_jsonl(path) if os.path.lexists(path) and iterations else []
    except ValueError as error:
        raise ValueError(f"{path} can't be read as JSON lines: {error}; restore it from a copy") from error
    if len(rows) < iterations:
        raise ValueError(
            f"{path} holds {len(rows)} of the {iterations} iterations that the checkpoint has behind it; "
            "restore the file, or start a new run in another folder"
        )
    for number, row in enumerate(rows[:iterations], start=1):
        if row.get("iteration") != number:
            raise ValueError(
                f"{path}, line {number}: expected iteration {number}, got {show(row.get('iteration'))}; "
                "restore the file, or start a new run in another folder"
            )
    write_whole(path, "".join(map(_json_line, rows[:iterations])).encode("utf-8"), alone=True)


def _append(file: FileIO, line: bytes) -> None:
    """Writes a line to disk; unbuffered, so that nothing is left to be written when the file is closed."""
    try:
        rest = line
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())  # a checkpoint that is newer than its log could not be continued
    except OSError as error:
        raise OSError(f"{file.name} can't be written: {error}") from error


def _json_line(row: Mapping[str, Any]) -> str:
    finite = {key: _finite(value) for key, value in row.items()}
    return json.dumps(finite, sort_keys=True, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value

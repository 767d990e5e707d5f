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


class JsonlLog:
    """Writes `metrics.jsonl` and `timings.jsonl`: a line per iteration, on disk before the next one starts.

    `metrics.jsonl` holds no times, its keys are sorted and its floats are written to the last bit, so equal
    runs give files that are equal to the byte. A number that is not finite is written as `null`, which
    every JSON reader understands.

    Args:
        folder: Where the two files lie; made if missing.
        iterations: How many iterations the learner has behind it: 0 starts afresh, n keeps the lines up to
            iteration n and removes later ones (they belong to work that was lost and will be done again).
    """

    def __init__(self, folder: str | os.PathLike[str], *, iterations: int = 0) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files: list[FileIO] = []
        for name in ("metrics.jsonl", "timings.jsonl"):
            _keep_iterations(self._folder / name, iterations)
            self._files.append((self._folder / name).open("ab", buffering=0))

    def on_iteration(
        self, metrics: Mapping[str, float], timings: Mapping[str, float], episodes: Sequence[Any]
    ) -> None:
        """Adds one line to each file; `episodes` are not written.

        Raises:
            OSError: A file can't be written; a line that was cut off is dropped when the run is continued.
        """
        counts = {key: int(metrics[key]) for key in ("iteration", "episodes")}
        rows = ({**metrics, **counts}, {**counts, **timings})
        for file, row in zip(self._files, rows, strict=True):
            _append(file, _json_line(row).encode("utf-8"))

    def close(self) -> None:
        """Closes both files."""
        for file in self._files:
            file.close()


def read_jsonl(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Returns the rows of a JSONL file in order, without a last line that was cut off while being written."""
    rows: list[dict[str, Any]] = []
    lines = Path(path).read_bytes().split(b"\n")
    for line in lines[:-1]:  # what follows the last line end is empty or cut off
        rows.append(json.loads(line))
    return rows


def _keep_iterations(path: Path, iterations: int) -> None:
    """Cuts a JSONL file behind iteration `iterations`, in one atomic step."""
    rows = read_jsonl(path) if path.exists() else []
    kept = [row for row in rows if row["iteration"] <= iterations]
    if len(kept) != iterations:
        raise ValueError(
            f"{path} holds {len(kept)} of the {iterations} iterations that the checkpoint has behind it; "
            "restore the file, or start a new run in another folder"
        )
    new = path.with_name(path.name + ".new")
    new.write_text("".join(map(_json_line, kept)), encoding="utf-8", newline="\n")
    os.replace(new, path)


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

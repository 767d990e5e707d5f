"""Runs the cells of a study, each exactly once, in processes of their own.

A cell's file is written under another name and moved to its place once it is whole, and who works on a cell
holds its lock: so runs that are stopped, killed or started twice leave each cell once, with the same bytes.
"""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from agents.runs.file_lock import is_locked, try_lock
from agents.runs.plain_files import open_append, open_fresh, write_whole
from agents.runs.printable import one_line
from agents.runs.versions import read_git, read_installed
from agents.studies.cells import make_end
from agents.studies.executors import Executor
from agents.studies.files import ALL_DIGITS, SUFFIX, StudyFolder, to_line
from agents.studies.names import PLACES, find_place
from agents.studies.plan import Cell
from agents.studies.records import Record, check_record, parse_record

CellFunction = Callable[[Mapping[str, Any], int], Iterator[Record]]
"""Function of a cell: settings and seed to its records, but for the first and the last, written here."""
POLL = 1.0
"""Seconds between two checks of cells that another process is running."""
RESERVED = ("cell", "end")


class Job(NamedTuple):
    """Cell to be run, with all that the process which runs it needs."""

    study: str
    cell: Cell
    folder: str
    import_paths: tuple[str, ...]
    plan: Mapping[str, Any] | None = None
    """Hashes of the plan under which it is run, of `agents.studies.fingerprint.fingerprint`."""
    places: Mapping[str, str] | None = None
    """Names of cell functions to their `"module:attribute"`, as in `Study.places`."""


class Outcome(NamedTuple):
    """Outcome of running a cell: its status, with the reason of a failure or an error."""

    status: Literal["done", "failed", "busy", "error"]
    """failed: it diverged, which is a result; busy: another process is at work on it; error:
    it went wrong, and is no result.
    """
    seconds: float = 0.0
    reason: str | None = None


class Event(NamedTuple):
    """Event that is reported for each cell that is finished or raised an error."""

    cell: Cell
    outcome: Outcome
    running: tuple[Cell, ...]
    left: tuple[Cell, ...]
    """Cells that have not started yet."""


@dataclass
class Summary:
    """Summary of running cells: how many are done, which raised errors, which are left."""

    done: int = 0
    """Number of finished cells, including those that other processes finished."""
    errors: dict[str, str] = field(default_factory=dict[str, str])
    """Ids of the cells that raised an error, to the reason in one line."""
    left: list[Cell] = field(default_factory=list[Cell])
    """Cells that were not started within the time limit."""


@dataclass(frozen=True)
class Place:
    """Place where cells of a study run: folder, executor, import paths and plan."""

    study: str
    folder: StudyFolder
    executor: Executor
    import_paths: tuple[str, ...] = ()
    """Folders that modules named in settings are imported from, before all others."""
    on_event: Callable[[Event], None] = field(default=lambda event: None)
    plan: Mapping[str, Any] | None = None
    """Hashes of the plan, which every cell keeps; None: not known."""
    places: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of cell functions to their `"module:attribute"`, as in `Study.places`."""

    def submit(self, cell: Cell) -> Future[Outcome]:
        """Returns the future outcome of a cell."""
        folder = str(self.folder.path.resolve())
        job = Job(self.study, cell, folder, self.import_paths, self.plan, self.places)
        return self.executor.submit(run_cell, job)


def run_cells(place: Place, cells: Sequence[Cell], *, seconds: float | None = None) -> Summary:
    """Runs cells until all are finished or raised an error, or time is over; returns a summary.

    Cells that another process is at work on are waited for, and taken over if that process ends without
    having finished them.

    Args:
        place: Where the cells run.
        cells: Cells in the order in which they are started.
        seconds: No cell is started later than this; None: no limit.
    """
    until = None if seconds is None else time.monotonic() + seconds
    place.folder.create()
    summary = Summary()
    waiting = deque(cell for cell in cells if place.folder.find(cell) is None)
    summary.done = len(cells) - len(waiting)
    running: dict[Future[Outcome], Cell] = {}
    while waiting or running:
        is_late = until is not None and time.monotonic() >= until
        while not is_late and len(running) < place.executor.slots:
            cell = _next_free(place.folder, waiting, summary)
            if cell is None:
                break
            running[place.submit(cell)] = cell
        if not running and (is_late or not waiting):
            break
        for future in _ended(running):
            _take(place, future, running, waiting, summary)
    summary.left = list(waiting)
    return summary


def run_cell(job: Job) -> Outcome:
    """Runs one cell and writes its file, in the process that calls it; returns how it ended."""
    folder, cell = StudyFolder(job.folder), job.cell
    with try_lock(folder.lock(cell)) as mine:
        if not mine:
            return Outcome("busy")
        if folder.find(cell) is not None:
            return Outcome("done")
        started = time.perf_counter()
        with _captured(folder.log(cell)) as log:
            try:
                status, reason = _write(job, folder)
            except Exception as error:
                traceback.print_exc()
                lines = (f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ()))
                return Outcome("error", reason="; ".join(" ".join(line.split()) for line in lines))
        log.unlink(missing_ok=True)
        seconds = time.perf_counter() - started
        _note_time(folder, cell, seconds)
    return Outcome(status, seconds, reason)


def load_function(name: str, places: Mapping[str, str] | None = None) -> CellFunction:
    """Returns the cell function that a short name, a name with a place, or "module:attribute" stands for.

    Args:
        name: The cell's setting `run`.
        places: Names of the study's own cell functions to their `"module:attribute"`.

    Raises:
        ValueError: If no function is found under the name.
    """
    module, _, attribute = find_place(name, places).partition(":")
    if not module or not attribute:
        known = ", ".join(map(repr, {**PLACES, **(places or {})}))
        raise ValueError(f"run: expected {known} or 'module:attribute', got {name!r}")
    return cast(CellFunction, getattr(import_module(module), attribute))


def _write(job: Job, folder: StudyFolder) -> tuple[Literal["done", "failed"], str | None]:
    """Writes the file of a cell; returns how it ended."""
    cell = job.cell
    for path in reversed(job.import_paths):
        if path not in sys.path:
            sys.path.insert(0, path)
    _use_one_thread()
    lines = [to_line(_header(job), digits=ALL_DIGITS)]
    status: Literal["done", "failed"] = "done"
    reason = None
    try:
        for record in load_function(cell.settings["run"], job.places)(cell.settings, cell.seed):
            if record["record"] in RESERVED:
                raise ValueError(
                    f"record: expected none of {RESERVED}, which the runner writes, got {record}"
                )
            lines.append(_checked_line(record))
    except FloatingPointError as error:
        status, reason = "failed", str(error)
    lines.append(to_line(make_end(lines, status, reason)))
    write_whole(folder.cells / f"{cell.id}{SUFFIX}", b"".join(lines))
    return status, reason


def _checked_line(record: Record) -> bytes:
    """Returns a record as a JSON line, after checking its fields.

    Raises:
        ValueError: If a field does not have the type that readers rely on.
    """
    line = to_line(record)
    check_record(parse_record(line))
    return line


def _header(job: Job) -> Record:
    cell = job.cell
    return {
        "record": "cell",
        "study": job.study,
        "id": cell.id,
        "phase": cell.phase,
        "seed": cell.seed,
        "settings": cell.settings,
        "settings_sha256": cell.settings_sha256,
        "versions": read_installed(),
        "git": read_git(),
        "plan": job.plan,
    }


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _next_free(folder: StudyFolder, waiting: deque[Cell], summary: Summary) -> Cell | None:
    """Takes the next cell that is neither finished nor run by another process; the latter stay waiting."""
    for _ in range(len(waiting)):
        cell = waiting.popleft()
        if is_locked(folder.lock(cell)):
            waiting.append(cell)
        elif folder.find(cell) is not None:
            summary.done += 1
        else:
            return cell
    return None


def _ended(running: Mapping[Future[Outcome], Cell]) -> list[Future[Outcome]]:
    """Returns the calls that have ended, after waiting up to `POLL` seconds for one."""
    if not running:
        time.sleep(POLL)
        return []
    return list(wait(running, timeout=POLL, return_when=FIRST_COMPLETED).done)


def _take(
    place: Place,
    future: Future[Outcome],
    running: dict[Future[Outcome], Cell],
    waiting: deque[Cell],
    summary: Summary,
) -> None:
    """Accounts for a call that has ended."""
    cell = running.pop(future)
    error = future.exception()
    outcome = future.result() if error is None else Outcome("error", reason=one_line(error))
    if outcome.status == "busy":
        waiting.append(cell)
        return
    if outcome.status == "error":
        summary.errors[cell.id] = outcome.reason or "unknown"
    else:
        summary.done += 1
    place.on_event(Event(cell, outcome, tuple(running.values()), tuple(waiting)))


def _note_time(folder: StudyFolder, cell: Cell, seconds: float) -> None:
    """Adds a line to `timings.jsonl`, in one call of the system, so that processes do not cut each other."""
    row = {
        "id": cell.id,
        "seconds": round(seconds, 2),
        "finished_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": {"cpu": _processor(), "cores": os.cpu_count()},
    }
    with open_append(folder.timings) as file:
        file.write(to_line(row))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


@contextmanager
def _captured(log: Path) -> Generator[Path]:
    """Returns a context in which stdout and stderr of this process go to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with open_fresh(log) as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    try:
        yield log
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)

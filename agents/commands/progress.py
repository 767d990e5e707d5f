"""Prints the progress of a study, with an estimate of the time left."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from agents.flags.parser import print_line
from agents.studies.files import StudyFolder
from agents.studies.plan import Cell
from agents.studies.run import Event


class Progress:
    """Prints a line to stderr for each cell that is finished or raised an error.

    Args:
        folder: Folder of the study; times of cells that are finished already count.
        cells: All cells of the phase.
        jobs: Number of cells that run at once.
    """

    def __init__(self, folder: StudyFolder, cells: Sequence[Cell], *, jobs: int) -> None:
        self._total, self._jobs = len(cells), jobs
        spent = {row["id"]: float(row["seconds"]) for row in folder.read_timings()}
        self._seconds: dict[str, list[float]] = {}
        for cell in cells:
            if cell.id in spent:
                self._seconds.setdefault(cell.group, []).append(spent[cell.id])

    def show(self, event: Event) -> None:
        """Prints the line of a cell that has ended."""
        cell, outcome = event.cell, event.outcome
        if outcome.seconds:
            self._seconds.setdefault(cell.group, []).append(outcome.seconds)
        done = self._total - len(event.left) - len(event.running)
        rest = self.seconds_left(event.running, event.left)
        left = "" if rest is None else f", {clock(rest)} left"
        reason = f": {outcome.reason}" if outcome.reason else ""
        line = (
            f"{done}/{self._total} {cell.id} {outcome.status}{reason} "
            f"({outcome.seconds:.0f} s; {len(event.running)} running{left})"
        )
        print_line(line)

    def seconds_left(self, running: Sequence[Cell], left: Sequence[Cell]) -> float | None:
        """Returns the seconds left, estimated from the median of each group; None: no cell has ended yet.

        A running cell counts as half done.
        """
        everything = [seconds for group in self._seconds.values() for seconds in group]
        if not everything:
            return None
        usual = statistics.median(everything)

        def expected(cell: Cell) -> float:
            return statistics.median(self._seconds.get(cell.group, [usual]))

        return (sum(map(expected, left)) + 0.5 * sum(map(expected, running))) / self._jobs


def clock(seconds: float) -> str:
    """Returns seconds as minutes and seconds, or hours and minutes.

    Example:
        >>> clock(75), clock(7_260)
        ('1:15 min', '2:01 h')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"

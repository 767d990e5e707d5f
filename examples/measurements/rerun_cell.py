"""Runs the beginning of a cell of a packed study again, and says whether it is the same to the bit.

    python examples/measurements/rerun_cell.py docs/results/submitted/mine.jsonl.xz --iterations 4

The first main cell that trains is taken, of the smallest seed: its evaluation before training and its first
iterations. What a cell names is imported and run: read a stranger's study file first. Equal versions on equal
processors give equal bytes; elsewhere the last digits differ, and more of them as training goes on: after the
first iteration any difference counts as a small one.

Exit status: 0 equal to the bit; 1 small differences alone, as another processor makes them; 2 a number of the
evaluation before training or of the first iteration differs by more than a thousandth, or nothing could be
compared. Each difference is a line, and so is whatever hinders a comparison.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import torch

from agents.flags.flag import count
from agents.flags.parser import Parser
from agents.reports.report import find, read
from agents.runs.printable import one_line
from agents.runs.strict_json import is_number
from agents.studies.files import CellResult, to_line
from agents.studies.run import load_function

LENGTHS = ("most_episodes", "stop_at", "extra_episodes")
"""Settings that say how long a run is, beside its episodes: the beginning does without them."""
CONSTANT = "constant"
EQUAL, SMALL, LARGE = 0, 1, 2
"""Exit statuses."""
RELATIVE, ROUNDING = 1e-3, 1e-5
"""Largest differences that are small: as a share of a number, and of numbers that are rounding alone, such as
the divergence of a policy from itself."""
SHOWN = 20
"""Most differences that are printed."""
Record = Mapping[str, Any]


class Difference(NamedTuple):
    """A number that is not what was committed."""

    text: str
    large: bool


def pick(results: Sequence[CellResult]) -> CellResult:
    """Returns the main cell that is run again: of the smallest seed, the first by name, that trained.

    Raises:
        ValueError: If none trained.
    """
    trained = [one for one in results if one.phase == "main" and one.iterations and one.status == "done"]
    if not trained:
        raise ValueError("expected a main cell that trained, found none")
    return min(trained, key=lambda one: (one.seed, one.id))


def beginning(records: Iterable[Record], iterations: int) -> Iterator[Record]:
    """Yields the evaluation before training and the first iterations; asks for no record after them."""
    kept = (one for one in records if one["record"] in ("evaluation", "iteration"))
    learned = 0
    for one in takewhile(lambda one: one.get("when", "before") == "before", kept):
        yield one
        learned += one["record"] == "iteration"
        if learned == iterations:
            return


def begin(result: CellResult, places: Mapping[str, str], iterations: int) -> Iterator[Record]:
    """Yields the records of a cell with so many iterations, run anew.

    Raises:
        ValueError: If the learning rate's schedule depends on how long the run is.
    """
    settings = {key: value for key, value in result.settings.items() if key not in LENGTHS}
    schedule = settings.get("config", {}).get("lr_schedule")
    if schedule != CONSTANT:
        raise ValueError(
            f"config.lr_schedule: expected {CONSTANT!r}, got {schedule!r}: a shorter run differs"
        )
    settings["episodes"] = iterations * int(result.iterations[0]["episodes"])
    yield from load_function(settings["run"], places)(settings, result.seed)


def differences(committed: Sequence[Record], anew: Sequence[Record]) -> list[Difference]:
    """Returns which numbers of two cells' beginnings differ, record by record.

    Raises:
        ValueError: If they have not as many records.
    """
    if len(committed) != len(anew):
        raise ValueError(f"expected {len(committed)} records of its beginning, got {len(anew)}")
    found: list[Difference] = []
    for i, (was, now) in enumerate(zip(committed, anew, strict=True)):
        told = json.loads(to_line(now))
        where = f"{was['record']} {was.get('when', i)}"
        first = all(one["record"] != "iteration" for one in committed[:i])
        pairs: list[tuple[Any, Any]] = [(was, told), (was.get("summary", {}), told.get("summary", {}))]
        found += [
            Difference(
                f"{where}: {key}: {one.get(key)} was committed, {other.get(key)} is what comes now",
                first and key in one and not _close(one[key], other.get(key)),
            )
            for one, other in pairs
            for key in sorted({*one, *other} - {"summary"})
            if one.get(key) != other.get(key)
        ]
    return found


def _close(was: Any, now: Any) -> bool:
    """Returns whether two numbers differ by no more than a processor may make of them."""
    if not (is_number(was) and is_number(now)):
        return False
    return abs(was - now) <= max(RELATIVE * max(abs(was), abs(now)), ROUNDING)


def compare(name: str, iterations: int) -> tuple[str, list[Difference]]:
    """Returns what was compared, in words, and what differs.

    Raises:
        ValueError: If nothing could be compared; one line says why.
        OSError: If a file can't be read.
    """
    place = find(name)
    study, results = read(place)
    sys.path.insert(0, str(place.resolve().parent))  # modules beside a study file can be named in it
    result = pick(results)
    committed = list(beginning(result.body, iterations))
    learned = sum(one["record"] == "iteration" for one in committed)
    try:
        anew = list(beginning(begin(result, study.places, learned), learned))
        found = differences(committed, anew)
    except Exception as error:  # of a stranger's code, whatever it is
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        raise ValueError(f"{result.id}: can't be compared: {kind}{error}") from error
    return f"{result.id}: the evaluation before training and {learned} iterations", found


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a cell's beginning again and compares; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help="folder, packed file or name of a study")
    parser.add_argument("--iterations", type=count, default=4, help="that are run again (default: 4)")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)  # as cells run
    try:
        told, found = compare(options.study, options.iterations)
    except (ValueError, OSError) as error:
        print(one_line(f"error: {error}"))
        return LARGE
    large = [one for one in found if one.large]
    small = [one for one in found if not one.large]
    for one in [*large, *small][:SHOWN]:
        print(one_line(one.text))
    if large:
        print(f"{told} differ, {len(large)} numbers by more than a thousandth from the start")
        return LARGE
    print(f"{told} {'differ by little, as on another processor' if small else 'are equal to the bit'}")
    return SMALL if small else EQUAL


if __name__ == "__main__":
    sys.exit(main())

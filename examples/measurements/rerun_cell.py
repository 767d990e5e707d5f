"""Runs the beginning of a cell of a packed study again, and says whether it is the same to the bit.

    python examples/measurements/rerun_cell.py docs/results/submitted/mine.jsonl.xz --iterations 4

The first main cell that trains is taken, of the smallest seed: its evaluation before training and its first
iterations. What a cell names is imported and run: read a stranger's study file first. Equal versions on equal
processors give equal bytes; elsewhere the last digits differ, and more of them as training goes on.

Exit status: 0 equal to the bit, 1 it differs, as the last line says, or there is nothing to compare.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import torch

from agents.flags.flag import count
from agents.flags.parser import Parser
from agents.reports.report import find, read
from agents.studies.files import CellResult, to_line
from agents.studies.run import load_function

LENGTHS = ("most_episodes", "stop_at", "extra_episodes")
"""Settings that say how long a run is, beside its episodes: the beginning does without them."""
CONSTANT = "constant"


def pick(results: Sequence[CellResult]) -> CellResult:
    """Returns the main cell that is run again: of the smallest seed, the first by name, that trained.

    Raises:
        ValueError: If none trained.
    """
    trained = [one for one in results if one.phase == "main" and one.iterations and one.status == "done"]
    if not trained:
        raise ValueError("expected a main cell that trained, found none")
    return min(trained, key=lambda one: (one.seed, one.id))


def begin(result: CellResult, places: Mapping[str, str], iterations: int) -> Iterator[dict[str, Any]]:
    """Yields the records of a cell's beginning, run anew.

    Raises:
        ValueError: If the learning rate's schedule depends on how long the run is.
    """
    settings = {key: value for key, value in result.settings.items() if key not in LENGTHS}
    schedule = settings.get("config", {}).get("lr_schedule")
    if schedule != CONSTANT:
        raise ValueError(
            f"{result.id}: config.lr_schedule: expected {CONSTANT!r}, got {schedule!r}: a shorter run would "
            "learn at other rates"
        )
    settings["episodes"] = iterations * int(result.iterations[0]["episodes"])
    yield from load_function(settings["run"], places)(settings, result.seed)


def differences(committed: Sequence[Mapping[str, Any]], anew: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns which numbers of two cells' beginnings differ, a line each, record by record."""
    found: list[str] = []
    for number, (was, now) in enumerate(zip(committed, anew, strict=True)):
        told = json.loads(to_line(now))
        at = was.get("when", number)
        where = f"{was['record']} {at}"
        pairs: list[tuple[Any, Any]] = [(was, told), (was.get("summary", {}), told.get("summary", {}))]
        found += [
            f"{where}: {key}: {one.get(key)} was committed, {other.get(key)} is what comes now"
            for one, other in pairs
            for key in sorted({*one, *other} - {"summary"})
            if one.get(key) != other.get(key)
        ]
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a cell's beginning again and compares; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help="folder, packed file or name of a study")
    parser.add_argument("--iterations", type=count, default=4, help="that are run again (default: 4)")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)  # as cells run
    try:
        place = find(options.study)
        study, results = read(place)
        sys.path.insert(0, str(place.resolve().parent))  # modules beside a study file can be named in it
        result = pick(results)
        known = [one for one in result.body if one["record"] in ("evaluation", "iteration")]
        committed = known[: 1 + options.iterations]
        anew = list(islice(begin(result, study.places, options.iterations), len(committed)))
    except (ValueError, OSError, ImportError) as error:
        print(f"error: {error}")
        return 1
    found = differences(committed, anew)
    print("\n".join(found[:20]))
    what = f"{result.id}: the evaluation before training and {len(committed) - 1} iterations"
    print(f"{what} {'differ' if found else 'are equal to the bit'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

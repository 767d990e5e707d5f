"""Runs a study: each of its cells once, side by side, from where it stopped.

    python -m agents study tiny-quick                       a first answer in a quarter of an hour
    python -m agents study tiny --limit-seconds 3600        an hour of a study of several
    python -m agents study my_study.toml --jobs 8 --out runs/mine
    python -m agents study base --device cuda --ray         on a cluster
    python -m agents study --measures                       what contrasts can be about

A study is a TOML file, your own or one that comes with this package (docs/benchmark.md describes it). A cell
is one run with one seed; its file in OUT/cells has the same bytes wherever and whenever it runs. Modules
beside the study file can be named in it. Settings are tuned first where the study says so. `python -m agents
report` turns the cells into a report, finished or not.

Exit status: 0 done, or stopped by --limit-seconds; 1 a cell went wrong, in one line; 2 wrong arguments; 130
stopped by Ctrl-C and 143 by SIGTERM, with every finished cell kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agents.commands.progress import Progress
from agents.extras import import_extra
from agents.flags.flag import count, seconds
from agents.flags.parser import Parser, print_line, typed
from agents.runs.plain_files import write_whole
from agents.runs.printable import one_line
from agents.studies.executors import Executor, ProcessExecutor, RayExecutor
from agents.studies.files import PACKED, StudyFolder, pack, unpack
from agents.studies.fingerprint import fingerprint
from agents.studies.names import PLACES
from agents.studies.plan import Cell, Study
from agents.studies.read import read_study
from agents.studies.run import Place, Summary, run_cells
from agents.studies.tuning import choose
from agents.training.interruption import Interruption

STUDIES = Path(__file__).resolve().parents[1] / "studies" / "shipped"
PHASES = ("all", "tuning", "main")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the missing cells of a study; returns the exit status."""
    parser = make_parser()
    options = parser.parse_args(argv)
    try:
        study = open_study(options)
        check_installed(study)
    except (ValueError, OSError) as error:
        parser.error(one_line(error))
    except ImportError as error:
        say("error: " + one_line(error))
        return 1
    folder = StudyFolder(options.out or Path("runs/studies") / study.name)
    interruption = Interruption()
    try:
        with interruption:
            prepare(folder, options)
            summary = run(study, folder, options)
            if options.pack:
                write_packed(study, folder, options.pack)
        return conclude(summary, folder)
    except KeyboardInterrupt:
        say(f"stopped; finished cells stay in {folder.path}, the same command goes on")
        return interruption.status
    except (ValueError, OSError, ImportError) as error:
        say("error: " + one_line(error))
        return 1


def make_parser() -> Parser:
    """Returns the parser of the command line."""
    parser = Parser(prog=typed("python -m agents study"), description=__doc__)
    parser.add_argument("study", help=f"a TOML file, or one of {', '.join(shipped())}")
    parser.add_argument(
        "--measures", action=ListMeasures, nargs=0, help="list the measures that contrasts can be about"
    )
    parser.add_argument("--out", type=Path, help="folder of the study (default: runs/studies/NAME)")
    parser.add_argument(
        "--jobs", type=count, default=os.cpu_count() or 1, help="cells at once (default: cores)"
    )
    parser.add_argument("--phase", choices=PHASES, default="all", help="tuning, main cells, or all (default)")
    parser.add_argument(
        "--groups", nargs="+", metavar="NAME", help="groups of cells that are run (default: all)"
    )
    parser.add_argument(
        "--limit-seconds", type=seconds, metavar="N", help="begin no cell after so many seconds"
    )
    parser.add_argument("--device", help="of all cells, in the place of the study's")
    parser.add_argument("--ray", action="store_true", help="run cells as tasks of Ray (extra: ray)")
    parser.add_argument("--from", type=Path, dest="source", metavar="PACKED", help="start from packed cells")
    parser.add_argument("--pack", type=Path, metavar="PATH", help=f"pack what is finished as PATH*{PACKED}")
    return parser


class ListMeasures(argparse.Action):
    """A flag that prints the measures of contrasts, a line each, and ends the command."""

    def __call__(self, parser: argparse.ArgumentParser, *given: Any, **more: Any) -> None:
        """Prints the measures and exits with status 0."""
        del given, more
        from agents.reports.run_measures import all_measures  # not for --help, which is to answer at once

        for measure in all_measures().values():
            notes = [f"{measure.better} is better"]
            notes += ["needs [goal]"] if measure.is_time else []
            notes += ["where it is measured"] if measure.optional else []
            sys.stdout.write(f"{measure.key:<31} {measure.title}; {', '.join(notes)}\n")
        parser.exit(0)


def shipped() -> list[str]:
    """Returns the names of the studies that come with this package."""
    return sorted(file.stem for file in STUDIES.glob("*.toml"))


def open_study(options: argparse.Namespace) -> Study:
    """Returns the study of the command line.

    Raises:
        ValueError: If there is no such study, it lacks a group that is named, or can't answer its contrasts.
    """
    given = Path(options.study)
    path = given if given.suffix == ".toml" else STUDIES / f"{options.study}.toml"
    if not path.is_file():
        meant = given.with_name(f"{given.name}.toml")
        guess = f" (did you mean {meant}?)" if meant.is_file() else ""
        raise ValueError(
            f"study: expected a TOML file or one of {', '.join(shipped())}, got {options.study}{guess}"
        )
    options.file = path
    study = read_study(path)
    for name in options.groups or ():
        if name not in study.group_names():
            raise ValueError(f"--groups: expected some of {', '.join(study.group_names())}, got {name}")
    from agents.reports import check_answers  # not for --help, which is to answer at once

    check_answers(study)
    return study.override({"device": options.device}) if options.device else study


def check_installed(study: Study) -> None:
    """Checks, before the first cell, that the packages are installed that a study's training cells need.

    Raises:
        ImportError: If a package is missing; the message says what to install.
    """
    cells = study.tuning_cells() or study.main_cells([])  # main cells of a tuned study are not known yet
    if any(cell.settings.get("run", "train") in PLACES for cell in cells):
        for package in ("torch", "transformers", "safetensors"):
            if not _is_there(package):
                import_extra(package, "the cells of this study need", package=package, extra="agents")


def _is_there(package: str) -> bool:
    """Returns whether a package is installed, without the seconds that importing it takes."""
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def prepare(folder: StudyFolder, options: argparse.Namespace) -> None:
    """Makes the folder of the study, with a copy of its file and the packed cells that it starts from."""
    folder.create()
    write_whole(folder.study, options.file.read_bytes())
    if options.source is not None:
        say(f"{unpack(options.source, folder)} cells from {options.source}")


def run(study: Study, folder: StudyFolder, options: argparse.Namespace) -> Summary:
    """Tunes and runs the main cells, as far as time allows."""
    until = None if options.limit_seconds is None else time.monotonic() + options.limit_seconds
    with make_executor(options) as executor:
        import_paths = (str(options.file.resolve().parent),)
        plan = fingerprint(study)
        place = Place(study.name, folder, executor, import_paths, plan=plan, places=study.places)
        tuning = study.tuning_cells(options.groups) if options.phase != "main" else []
        summary = run_phase(place, tuning, until)
        if options.phase == "tuning" or summary.left or summary.errors:
            return summary
        choices = choose(study, folder.results(study.tuning_cells(options.groups)), options.groups)
        if study.tuning is not None:
            folder.write_choices(choices, criterion=study.tuning.criterion)
        return run_phase(place, study.main_cells(choices, options.groups), until)


def run_phase(place: Place, cells: Sequence[Cell], until: float | None) -> Summary:
    """Runs cells and prints their progress."""
    progress = Progress(place.folder, cells, jobs=place.executor.slots)
    shown = replace(place, on_event=progress.show)
    return run_cells(shown, cells, seconds=None if until is None else until - time.monotonic())


def make_executor(options: argparse.Namespace) -> Any:
    """Returns the executor of the cells, as a context that ends calls which still run."""
    executor: Executor = RayExecutor(options.jobs) if options.ray else ProcessExecutor(options.jobs)
    return executor


def write_packed(study: Study, folder: StudyFolder, target: Path) -> None:
    """Writes the study's finished cells to PATH.jsonl.xz, and its file to PATH.toml."""
    target.parent.mkdir(parents=True, exist_ok=True)
    packed = target.with_name(target.name + PACKED)
    number = pack(folder, planned(study, folder), packed)
    write_whole(target.with_name(target.name + ".toml"), folder.study.read_bytes())
    say(f"{number} cells in {packed}")


def planned(study: Study, folder: StudyFolder) -> list[Cell]:
    """Returns the cells of the study, except those of groups that are not tuned yet."""
    cells = study.tuning_cells()
    results = folder.results(cells)
    for group in study.group_names():
        tuning = study.tuning_cells([group])
        if all(cell.key in results for cell in tuning):
            cells += study.main_cells(choose(study, results, [group]), [group])
    return cells


def conclude(summary: Summary, folder: StudyFolder) -> int:
    """Prints the summary of running the cells; returns the exit status."""
    for name, reason in summary.errors.items():
        say(f"error: {name}: {reason} (see {folder.logs / name}.txt)")
    if summary.left:
        say(f"time is over: {summary.done} cells are done, {len(summary.left)} of this phase are left")
    elif not summary.errors:
        say(f"{summary.done} cells are done: {typed('python -m agents report')} {folder.path}")
    return 1 if summary.errors else 0


def say(line: str) -> None:
    """Writes one line to stderr."""
    print_line(line)

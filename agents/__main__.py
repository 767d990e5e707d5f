"""Trains, studies and reports from the command line.

    python -m agents train      rlsf-train      train a policy in a run folder
    python -m agents study      rlsf-study      run the cells of a study, from where it stopped
    python -m agents report     rlsf-report     tables, figures and a page of a study
    python -m agents show       rlsf-show       what a run folder holds, finished or not
    python -m agents leaderboard    rlsf-leaderboard    designs over domains, from the cells of studies

Each has --help.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from agents.flags.output import run_main
from agents.flags.parser import Parser, show_warning
from agents.training.interruption import end_quietly

COMMANDS = ("train", "study", "report", "show", "leaderboard")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that the first argument names; returns the exit status."""
    words = sys.argv[1:] if argv is None else list(argv)
    parser = Parser(prog="python -m agents", description=__doc__, usage="%(prog)s COMMAND [flags]")
    parser.add_argument("command", metavar="COMMAND", help=", ".join(COMMANDS))
    name = parser.parse_args(words[:1]).command
    if name not in COMMANDS:
        hint = f" (did you mean show {name}?)" if Path(name).is_dir() else ""
        parser.error(f"expected one of {', '.join(COMMANDS)}, got {name!r}{hint}")
    return run(name, words[1:])


def run(name: str, argv: Sequence[str] | None = None) -> int:
    """Runs a command as this process: signals end it in one line, warnings take one."""
    end_quietly()  # what a command imports takes seconds
    warnings.showwarning = show_warning
    return run_main(importlib.import_module(f"agents.commands.{name}").main, argv)


def train() -> int:
    """Runs `rlsf-train`."""
    return run("train")


def study() -> int:
    """Runs `rlsf-study`."""
    return run("study")


def report() -> int:
    """Runs `rlsf-report`."""
    return run("report")


def show() -> int:
    """Runs `rlsf-show`."""
    return run("show")


def leaderboard() -> int:
    """Runs `rlsf-leaderboard`."""
    return run("leaderboard")


if __name__ == "__main__":
    sys.exit(main())

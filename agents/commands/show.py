"""Prints the summary of a run folder, finished or not, and redraws its figure.

    python -m agents show runs/NAME

Exit status: 0 done, 1 a failure that is explained in one line, 2 wrong arguments.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from agents.flags.parser import Parser, print_error, typed
from agents.runs.plots import draw_run
from agents.runs.printable import printable
from agents.runs.run_report import Run, describe_run, headline, read_run

FIGURE = "curves.png"


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the summary of a run and draws its figure; returns the exit status."""
    parser = Parser(prog=typed("python -m agents show"), description=__doc__)
    parser.add_argument("folder", help="folder of a run")
    parser.add_argument("--no-figure", action="store_true", help=f"leave {FIGURE} as it is")
    given = parser.parse_args(argv)
    try:
        run = read_run(given.folder)
        _print(describe_run(run))  # drawing takes longer than reading
        if run.metrics and not given.no_figure:
            _print(f"\nfigure: {printable(_draw(run))}")
    except BrokenPipeError:
        raise  # whoever reads has seen enough, as `head` does: `run_main` ends the command
    except (ValueError, OSError, ImportError) as error:
        print_error(error)
        return 1
    return 0


def _draw(run: Run) -> str:
    path = run.path / FIGURE
    title = headline(run.path.name, run.settings)
    draw_run(path, run.metrics, before=run.before, after=run.after, title=title)
    return str(path)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

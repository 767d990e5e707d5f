"""Ranks the arms of finished studies, board by board, and designs over domains, from their cells alone.

    python -m agents leaderboard docs/results/*.jsonl.xz --out docs/leaderboard.md
    python -m agents leaderboard runs/studies/mine

Nothing is trained, and nothing that the studies name is imported or opened. Equal cells give an equal page.

Exit status: 0 done, 1 a failure that is explained in one line, 2 wrong arguments.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from agents.flags.parser import Parser, print_line, typed
from agents.runs.printable import one_line, printable
from agents.studies.files import PACKED

LONGEST_ERROR = 4_000
BEFORE = """What each design takes to the goal of a study, from finished cells alone; `make leaderboard`
writes this page. Goals differ from board to board, so that numbers of two boards do not compare. A
board ranks arms by the share of their runs that reached the goal, then by the episodes that these
took, and where none did by the final score. Studies of others (`docs/results/submitted`) are
marked; [Submit a result](benchmark.md#submit-a-result) says how to get onto the page."""
"""Text between the page's title and its overview."""


def main(argv: Sequence[str] | None = None) -> int:
    """Writes or prints the leaderboard; returns the exit status."""
    options = make_parser().parse_args(argv)
    try:
        from agents.reports.leaderboard import leaderboard  # not for --help, which is to answer at once
        from agents.reports.report import find
        from agents.runs.plain_files import write_whole

        page = leaderboard(map(find, options.studies), before=BEFORE)
        if options.out is not None:
            write_whole(options.out, page.encode("utf-8"))
    except (ValueError, OSError, ImportError) as error:
        print_line(one_line(f"error: {error}", LONGEST_ERROR))
        return 1
    if options.out is None:
        sys.stdout.write("".join(f"{printable(line)}\n" for line in page.splitlines()))
    return 0


def make_parser() -> Parser:
    """Returns the parser of the command line."""
    parser = Parser(prog=typed("python -m agents leaderboard"), description=__doc__)
    parser.add_argument("studies", nargs="+", help=f"folders, packed studies *{PACKED}, or names of them")
    parser.add_argument("--out", type=Path, help="page that is written (default: it is printed)")
    return parser

"""Turns the cells of a study into tables, figures and a page, and says what it answers.

    python -m agents report tiny-quick        of runs/studies/tiny-quick, or of docs/results
    python -m agents report PATH --out FOLDER
    python -m agents report mine --sections my_sections.py

Works on a study that is still running, and says so. A study of a stranger's may be read: what its files name
is not imported, opened or fetched, and what they say is shown as text. A tokenizer that is given as
--tokenizer is loaded, and sections are run.

Exit status: 0 done, 1 a failure that is explained in one line, 2 wrong arguments.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from agents.flags.parser import Parser, print_line, typed
from agents.runs.printable import one_line, printable
from agents.studies.files import PACKED
from agents.training.preset import Preset, find_preset

LONGEST_ERROR = 4_000


def main(
    argv: Sequence[str] | None = None, *, preset: Preset | None = None, places: Sequence[Path] | None = None
) -> int:
    """Writes the report of a study and prints its answer; returns the exit status.

    Args:
        argv: The arguments; by default those of the process.
        preset: Preset that shows the tokens of responses; by default the one installed as the default.
        places: Folders in which a study is looked up by its name; by default runs/studies and docs/results.
    """
    parser = make_parser()
    options = parser.parse_args(argv)
    try:
        from agents.reports.additions import load_additions  # not for --help, which is to answer at once
        from agents.reports.report import PLACES, open_report, write
        from agents.reports.training_sections import answer

        known = preset or find_preset()
        report, folder = open_report(
            options.study,
            options.out,
            additions=[load_additions(name) for name in options.sections],
            token_texts=None if known is None else partial(known.show_tokens, allowed=options.tokenizer),
            places=PLACES if places is None else places,
        )
        write(report, folder)
    except (ValueError, OSError, ImportError) as error:
        print_line(one_line(f"error: {error}", LONGEST_ERROR))
        return 1
    for sentence in answer(report.numbers, report.measures):
        sys.stdout.write(printable(sentence) + "\n")
    sys.stdout.write(f"report: {printable(str(folder / 'report.html'))}\n")
    return 0


def make_parser() -> Parser:
    """Returns the parser of the command line."""
    parser = Parser(prog=typed("python -m agents report"), description=__doc__)
    parser.add_argument("study", help=f"a folder, a packed study *{PACKED}, or the name of one")
    parser.add_argument(
        "--out", type=Path, help="folder of the report (default: report/ in the study's folder)"
    )
    parser.add_argument(
        "--tokenizer",
        nargs="+",
        default=(),
        metavar="NAME",
        help="tokenizers that the study names and that may be loaded to show the tokens of its responses: a "
        "path, a model, or module:attribute, which is run (default: those of the packages alone)",
    )
    parser.add_argument(
        "--sections",
        nargs="+",
        default=(),
        metavar="MODULE",
        help="what studies add to their reports: a module, a .py file or a folder, which is run",
    )
    return parser

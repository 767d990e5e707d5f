"""Turns the cells of a study into tables, figures and a page.

    python examples/report.py credit          (runs/studies/credit, or docs/results/credit.jsonl.xz)
    python examples/report.py PATH --out FOLDER

The report is `agents.reports`; this adds the sections of this repository's own studies, and shows the tokens
of responses with the tokenizers of rlsf_gym. A study of a stranger's may be read: what its files name is not
imported, opened or fetched, and what they say is shown as text. A tokenizer that is given as --tokenizer is
loaded, which runs it where it is "module:attribute".
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from agents.flags.parser import Parser
from agents.reports import load_additions, write_report
from agents.reports.escapes import shown
from agents.reports.report import RUNS
from agents.runs.printable import one_line
from agents.studies.files import PACKED

LONGEST_ERROR = 4_000
ROOT = Path(__file__).parents[1]
PLACES = (RUNS, ROOT / "docs" / "results")
SECTIONS = ROOT / "examples" / "studies" / "sections"
BUILT_IN = ("bundled", "bytes", "toy")
"""Tokenizers that come with this package: no file or module of anybody else's makes them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the report of a study; returns the exit status."""
    options = parse(argv)
    try:
        page = write_report(
            options.study,
            options.out,
            additions=[load_additions(name) for name in (str(SECTIONS), *options.sections)],
            token_texts=partial(token_texts, allowed=options.tokenizer),
            places=PLACES,
        )
    except (ValueError, OSError, ImportError) as error:
        print(shown("error: " + one_line(error), LONGEST_ERROR), file=sys.stderr)
        return 1
    print(f"report: {shown(page, LONGEST_ERROR)}")
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Returns the command line's options."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help=f"a folder, a packed study *{PACKED}, or the name of one")
    parser.add_argument(
        "--out", type=Path, help="folder of the report (default: report/ in the study's folder)"
    )
    parser.add_argument(
        "--tokenizer", nargs="+", default=(), metavar="NAME",
        help="tokenizers that the study names and that may be loaded to show the tokens of its responses: a "
        "path, a model, or module:attribute, which is run (default: those of this package alone)",
    )  # fmt: skip
    parser.add_argument(
        "--sections", nargs="+", default=(), metavar="MODULE",
        help="more of what studies add to their reports: a module, a .py file or a folder, which is run",
    )  # fmt: skip
    return parser.parse_args(argv)


def token_texts(tokenizer: Any, ids: Sequence[int], *, allowed: Collection[str] = ()) -> list[str] | None:
    """Returns the text of each token, None where the tokenizer may not be loaded.

    Args:
        tokenizer: As settings name it; None: the bundled one.
        ids: Of tokens.
        allowed: Tokenizers that may be loaded beside `BUILT_IN`.

    Raises:
        ValueError: The tokenizer does not know an id.
    """
    from rlsf_gym.render import make_sample  # not for --help, which is to answer at once
    from rlsf_gym.text.tokenizer import load_tokenizer

    name = tokenizer or BUILT_IN[0]
    if name not in BUILT_IN and name not in allowed:
        return None
    known = load_tokenizer(name)
    unknown = [token for token in ids if not 0 <= token < known.vocab_size]
    if unknown:
        raise ValueError(
            f"tokens: expected ids from 0 to {known.vocab_size - 1}, those of the tokenizer that the "
            f"settings name, got {unknown[0]}"
        )
    pieces = [known.token_bytes(token) for token in ids]
    return [token.text for token in make_sample("", pieces, [0.0] * len(ids), score=0.0, utility=0.0).tokens]


if __name__ == "__main__":
    raise SystemExit(main())

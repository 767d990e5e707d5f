"""Writes the page of coloured tokens of a JSONL file of tokens and rewards, or a dataset of it.

    python -m rlsf_gym view runs/mine/samples.jsonl                 writes runs/mine/samples.html
    python -m rlsf_gym view rollouts.jsonl --out page.html --open
    python -m rlsf_gym view ids.jsonl --tokenizer gpt2-folder       tokens that are ids
    python -m rlsf_gym view rollouts.jsonl --dataset rewards        a folder for datasets.load_dataset

A line is {"prompt": "2 + 2 =", "tokens": [" 4", "."], "rewards": [1.0, 0]}; docs/samples.md has the whole
format. Exit status: 0 done, 1 a failure that is explained in one line, 2 wrong arguments.
"""

from __future__ import annotations

import signal
import sys
import webbrowser
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rlsf_gym.flags.flag import count, named
from rlsf_gym.flags.parser import Parser, print_error, print_line, typed
from rlsf_gym.presets.own_modules import find_own_modules

if TYPE_CHECKING:
    from rlsf_gym.text.tokenizer import Tokenizer

MOST_NAMES = 20
"""Keys that are left out of a dataset and named."""


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the page; returns the exit status."""
    options = _make_parser().parse_args(argv)
    from rlsf_gym.text.tokenizer import load_tokenizer  # not for --help, which is to answer at once

    try:
        find_own_modules({"tokenizer": options.tokenizer})
        tokenizer = None if options.tokenizer is None else load_tokenizer(options.tokenizer)
        if options.dataset is not None:
            _export(options, tokenizer)
        else:
            _show(options, tokenizer)
    except (ValueError, OSError, ImportError) as error:
        print_error(error)
        return 1
    return 0


def _make_parser() -> Parser:
    parser = Parser(prog=typed("python -m rlsf_gym view"), description=__doc__)
    parser.add_argument(
        "file", metavar="FILE.jsonl", type=Path, help="an object with tokens and rewards a line"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.html", help="the page (default: FILE.html)")
    parser.add_argument("--title", type=named, help="the page's title (default: the file's name)")
    parser.add_argument(
        "--responses", type=count, metavar="N",
        help="most that the page shows, from the top (default: 1000, or as many as have 250,000 tokens)",
    )  # fmt: skip
    parser.add_argument(
        "--tokenizer", type=named, metavar="NAME",
        help="of tokens that are ids: a file, a folder, or module:attribute, which is run",
    )  # fmt: skip
    parser.add_argument(
        "--dataset", type=Path, metavar="FOLDER", help="write a folder for datasets.load_dataset instead"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    return parser


def _show(options: Namespace, tokenizer: Tokenizer | None) -> None:
    """Writes the page, and opens it where that was asked for."""
    from rlsf_gym.render.json_lines import check_file
    from rlsf_gym.render.page_file import check_place, write_page
    from rlsf_gym.render.samples_file import read_excerpt

    check_file(options.file)
    out: Path = options.out or options.file.with_suffix(".html")
    check_place(out)
    if out.exists() and out.samefile(options.file):
        raise ValueError(
            f"{out}: expected another place than that of the file, got the same: give it by --out"
        )
    samples, total, unplaced = read_excerpt(options.file, tokenizer=tokenizer, most=options.responses)
    write_page(out, samples, title=options.title or options.file.name, total=total)
    sys.stdout.write(f"page: {out} ({_count(len(samples))})\n")
    if len(samples) < total:
        print_line(f"note: these are the first of {_count(total)}; --responses N shows more")
    if unplaced:
        print_line(
            f"note: the certificates of {_count(unplaced)} are left out: they speak of characters, and "
            "tokens are ids; --tokenizer NAME reads them"
        )
    if options.open:
        webbrowser.open(out.resolve().as_uri())


def _export(options: Namespace, tokenizer: Tokenizer | None) -> None:
    """Writes the folder of a dataset in the place of the page; SIGTERM leaves nothing of it behind."""
    from rlsf_gym.export import write_dataset

    if options.out is not None or options.open or options.responses is not None:
        raise ValueError("--dataset writes a folder and no page: leave --out, --open and --responses out")
    before = signal.signal(signal.SIGTERM, _end)
    try:
        written = write_dataset(options.file, options.dataset, tokenizer=tokenizer, title=options.title)
    finally:
        signal.signal(signal.SIGTERM, before)
    sys.stdout.write(f"dataset: {options.dataset} ({_count(written.rows)})\n")
    if written.omitted:
        names, rest = list(written.omitted)[:MOST_NAMES], len(written.omitted) - MOST_NAMES
        more = [f"{rest:,} more"] if rest > 0 else []
        print_line(f"note: left out, as no column is for it: {', '.join([*names, *more])}")


def _end(*_: object) -> NoReturn:
    raise SystemExit(143)


def _count(responses: int) -> str:
    return f"{responses:,} {'response' if responses == 1 else 'responses'}"

"""Writes the page of coloured tokens of a JSONL file of tokens and rewards, or a dataset of it.

    python -m rlsf_gym view runs/mine/samples.jsonl                 writes runs/mine/samples.html
    python -m rlsf_gym view rollouts.jsonl --out page.html --open
    python -m rlsf_gym view ids.jsonl --tokenizer gpt2-folder       tokens that are ids
    python -m rlsf_gym view rollouts.jsonl --dataset rewards        a folder for datasets.load_dataset

A line is {"prompt": "2 + 2 =", "tokens": [" 4", "."], "rewards": [1.0, 0]}; docs/samples.md has the whole
format. Exit status: 0 done, 1 a failure that is explained in one line, 2 wrong arguments.
"""

from __future__ import annotations

import sys
import webbrowser
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rlsf_gym.flags.flag import named
from rlsf_gym.flags.parser import Parser, print_error, print_line, typed
from rlsf_gym.presets.own_modules import find_own_modules

if TYPE_CHECKING:
    from rlsf_gym.text.tokenizer import Tokenizer


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the page; returns the exit status."""
    parser = Parser(prog=typed("python -m rlsf_gym view"), description=__doc__)
    parser.add_argument(
        "file", metavar="FILE.jsonl", type=Path, help="an object with tokens and rewards a line"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.html", help="the page (default: FILE.html)")
    parser.add_argument("--title", type=named, help="the page's title (default: the file's name)")
    parser.add_argument(
        "--tokenizer", type=named, metavar="NAME",
        help="of tokens that are ids: a file, a folder, or module:attribute, which is run",
    )  # fmt: skip
    parser.add_argument(
        "--dataset", type=Path, metavar="FOLDER", help="write a folder for datasets.load_dataset instead"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    options = parser.parse_args(argv)
    from rlsf_gym.render.samples_file import (  # not for --help, which is to answer at once
        read_samples,
        write_page,
    )
    from rlsf_gym.text.tokenizer import load_tokenizer

    out: Path = options.out or options.file.with_suffix(".html")
    try:
        find_own_modules({"tokenizer": options.tokenizer})
        tokenizer = None if options.tokenizer is None else load_tokenizer(options.tokenizer)
        if options.dataset is not None:
            return _export(options, tokenizer)
        samples = read_samples(options.file, tokenizer=tokenizer)
        write_page(out, samples, title=options.title or options.file.name)
    except (ValueError, OSError, ImportError) as error:
        print_error(error)
        return 1
    noun = "response" if len(samples) == 1 else "responses"
    sys.stdout.write(f"page: {out} ({len(samples)} {noun})\n")
    if options.open:
        webbrowser.open(out.resolve().as_uri())
    return 0


def _export(options: Namespace, tokenizer: Tokenizer | None) -> int:
    """Writes the folder of a dataset in the place of the page; returns the exit status."""
    from rlsf_gym.export import write_dataset

    if options.out is not None or options.open:
        raise ValueError("--dataset writes a folder and no page: leave --out and --open out")
    written = write_dataset(options.file, options.dataset, tokenizer=tokenizer, title=options.title)
    noun = "response" if written.rows == 1 else "responses"
    sys.stdout.write(f"dataset: {options.dataset} ({written.rows:,} {noun})\n")
    if written.omitted:
        print_line(f"note: left out, as no column is for it: {', '.join(written.omitted)}")
    return 0

"""Shows which token of a response earns what under several reward designs, and why, as you type.

    python examples/explore.py                                        (make explore; then open the address)
    python examples/explore.py --designs potential uniform --scorer knowledge --open
    python examples/explore.py --out page.html --prompt "The film was" --response " not good, but fun."

Everything runs on this machine, and nothing is fetched from another one. Prompt and response may have 5,120
tokens each; a design that would score too many texts says so in its place. With `--out` the page is written
as one file that works without a server: designs can be switched in it, texts can't be changed.
"""

from __future__ import annotations

import argparse
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from explorer.feedback import Explorer, one_line
from explorer.page import page
from explorer.question import Question
from explorer.server import Server
from settings import Parser, checked, signed

port_number = checked(int, lambda n: 0 <= n <= 65_535, "a port from 0 (any free one) to 65535")


def make_parser() -> Parser:
    """Returns the parser of the command line."""
    start = Question()
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", default=start.prompt, help=f"default: {start.prompt!r}")
    parser.add_argument("--response", default=start.response, help=f"default: {start.response!r}")
    parser.add_argument(
        "--designs",
        nargs="+",
        default=start.designs,
        metavar="NAME",
        help="the designs that are shown at first: names, or module:attribute for your own "
        f"(default: {' '.join(start.designs)})",
    )
    parser.add_argument("--scorer", default=start.scorer, help=f"default: {start.scorer}")
    parser.add_argument("--scorer-model", metavar="MODEL", help="offers the scorer 'transformer' with it")
    parser.add_argument("--objective", default=start.objective, help=f"default: {start.objective}")
    parser.add_argument("--target", type=signed, default=start.target, help="of --objective target")
    parser.add_argument("--boundary", default=start.boundary, help="'closed' (default) or 'open'")
    parser.add_argument("--out", type=Path, metavar="FILE.html", help="write the page and end")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    parser.add_argument("--port", type=port_number, default=8000, help="default: 8000; 0 takes a free one")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Serves or writes the page; returns the exit status."""
    options = make_parser().parse_args(argv)
    try:
        return run(options)
    except (ValueError, OSError) as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def run(options: argparse.Namespace) -> int:
    """Does what the command line asks for.

    Raises:
        ValueError: If there is nothing to show under these flags.
        OSError: If the file can't be written, or the address not be listened on.
    """
    own = [name for name in options.designs if ":" in name]
    model = options.scorer_model
    explorer = Explorer({"transformer": {"model": model}} if model else {}, own)
    names = ("prompt", "response", "scorer", "objective", "target", "boundary")
    question = Question(designs=tuple(options.designs), **{name: getattr(options, name) for name in names})
    if options.out is not None:
        options.out.write_text(snapshot(explorer, question), encoding="utf-8")
        print(f"wrote {options.out}")
        return 0
    first = page(data_of(explorer, question, explorer.answer(question), live=True))
    with Server(options.host, options.port, lambda: first, explorer.answer_plain) as server:
        print(f"{server.url} shows the page; Ctrl-C ends it", flush=True)
        if options.open:
            webbrowser.open(server.url)
        server.serve_forever()
    return 0


def snapshot(explorer: Explorer, question: Question) -> str:
    """Returns the page with the answer of every design that the scorer can serve."""
    answer = explorer.answer(explorer.widened(question))
    return page(data_of(explorer, question, answer, live=False))


def data_of(explorer: Explorer, question: Question, answer: Any, *, live: bool) -> dict[str, Any]:
    """Returns what the page holds."""
    return {"live": live, "options": explorer.options(), "question": question.plain(), "answer": answer}


if __name__ == "__main__":
    sys.exit(main())

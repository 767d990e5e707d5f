"""Shows which token of a response earns what under several reward designs, and why, as you type.

    python -m rlsf_gym explore                                        (make explore; then open the address)
    python -m rlsf_gym explore --designs potential uniform --scorer knowledge --open
    python -m rlsf_gym explore --scorer my_scorer:Rhymes --scorer-kwargs strict=true --prompts mine.txt
    python -m rlsf_gym explore --out page.html --prompt "The film was" --response " not good, but fun."

Everything runs on this machine, and nothing is fetched from another one. Prompt and response may have 5,120
tokens each; a design that would score too many texts says so in its place. Under a causal design, with
`--boundary open`, the detail of a token tells what others would have earned. With `--out` the page is written
as one file that works without a server: designs can be switched in it, texts can't be changed.
"""

from __future__ import annotations

import argparse
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlsf_gym.explorer.question import Question
from rlsf_gym.flags.flag import Flag, add_flags, checked
from rlsf_gym.flags.parser import Parser, print_line, typed
from rlsf_gym.presets.own_modules import find_own_modules
from rlsf_gym.presets.task_flags import TASK, check_env_kwargs, check_task, env_kwargs, tell

TAKEN = (
    *("tokenizer", "prompts", "prompts-column", "scorer", "scorer-model", "label-values", "scorer-kwargs"),
    *("objective", "target", "boundary", "env-kwargs"),
)
"""Flags of a training run that mean the same here."""
port_number = checked(int, lambda n: 0 <= n <= 65_535, "a port from 0 (any free one) to 65535")


def make_parser() -> Parser:
    """Returns the parser of the command line."""
    start = Question()
    parser = Parser(
        prog=typed("python -m rlsf_gym explore"), description=__doc__, argument_default=argparse.SUPPRESS
    )
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
    parser.add_argument("--out", type=Path, default=None, metavar="FILE.html", help="write the page and end")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    parser.add_argument("--port", type=port_number, default=8000, help="default: 8000; 0 takes a free one")
    parser.add_argument("--open", action="store_true", default=False, help="open the page in a browser")
    add_flags(parser.add_argument_group("task, as in training"), task_flags())
    return parser


def task_flags() -> list[Flag]:
    """Returns the flags that say what is scored, and how, with the defaults of the page."""
    start = Question()
    own = {name: getattr(start, name) for name in ("scorer", "objective", "target", "boundary")}
    defaults = {**own, "tokenizer": "bundled"}
    kept = [flag for flag in TASK if flag.name in TAKEN]
    texts = {"tokenizer": "'bundled', 'bytes', a file, folder or hub name"}  # there is no policy to have one
    return [
        replace(flag, default=defaults.get(flag.name, flag.default), help=texts.get(flag.name, flag.help))
        for flag in kept
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Serves or writes the page; returns the exit status."""
    parser = make_parser()
    options = parser.parse_args(argv)
    try:
        settings = read_settings(options)
    except ValueError as error:
        parser.error(str(error))
    try:
        return run(options, settings)
    except (ValueError, OSError) as error:
        print_line("error: " + " ".join(tell(error).split()))
        return 1
    except KeyboardInterrupt:
        return 130


def read_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Returns the settings of a task, as a training run has them.

    Raises:
        ValueError: If some do not go together.
    """
    kept: dict[str, Any] = {flag.key: flag.default for flag in TASK}
    given = {key: value for key, value in vars(options).items() if key in kept}
    shown = {flag.key: flag.default for flag in task_flags()}
    settings: dict[str, Any] = {**kept, **shown, "policy": "bundled", "device": "cpu", **given}
    if settings["scorer_model"] is not None and settings["scorer"] in own_scorers():
        check_env_kwargs(settings["env_kwargs"])  # the classifier can be picked on the page
    else:
        check_task(settings, own_scorers())
    return settings


def own_scorers() -> tuple[str, ...]:
    """Returns the scorers that need no model."""
    from rlsf_gym.scorers import SCORERS  # not for --help, which is to answer at once

    return tuple(name for name in SCORERS if name != "transformer")


def make_explorer(options: argparse.Namespace, settings: Mapping[str, Any]) -> Any:
    """Returns the explorer that answers the page's questions."""
    from rlsf_gym.explorer.feedback import Explorer

    find_own_modules({**settings, "designs": options.designs})
    scorer_kwargs = {settings["scorer"]: settings["scorer_kwargs"]}
    if settings["scorer_model"] is not None:
        neural = settings["scorer"] if settings["scorer"] not in own_scorers() else "transformer"
        own: dict[str, Any] = settings["scorer_kwargs"] if neural == settings["scorer"] else {}
        scorer_kwargs[neural] = env_kwargs({**settings, "scorer_kwargs": own})["scorer_kwargs"]
    return Explorer(
        scorer_kwargs,
        [name for name in options.designs if ":" in name],
        scorers=[settings["scorer"]] if ":" in settings["scorer"] else [],
        objectives=[settings["objective"]] if ":" in settings["objective"] else [],
        env_kwargs={
            **settings["env_kwargs"],
            **{key: env_kwargs(settings)[key] for key in ("tokenizer", "prompts", "prompts_kwargs")},
        },
    )


def run(options: argparse.Namespace, settings: Mapping[str, Any]) -> int:
    """Does what the command line asks for.

    Raises:
        ValueError: If there is nothing to show under these flags.
        OSError: If the file can't be written, or the address not be listened on.
    """
    from rlsf_gym.explorer.page import page
    from rlsf_gym.explorer.server import Server

    explorer = make_explorer(options, settings)
    names = ("scorer", "objective", "target", "boundary")
    question = Question(
        prompt=options.prompt, response=options.response, designs=tuple(options.designs),
        **{name: settings[name] for name in names},
    )  # fmt: skip
    if options.out is not None:
        options.out.write_text(snapshot(explorer, question), encoding="utf-8")
        sys.stdout.write(f"wrote {options.out}\n")
        return 0
    first = page(data_of(explorer, question, explorer.answer(question), live=True))
    with Server(options.host, options.port, lambda: first, explorer.answer_plain) as server:
        sys.stdout.write(f"{server.url} shows the page; Ctrl-C ends it\n")
        sys.stdout.flush()
        if options.open:
            webbrowser.open(server.url)
        server.serve_forever()
    return 0


def snapshot(explorer: Any, question: Question) -> str:
    """Returns the page with the answer of every design that the scorer can serve."""
    from rlsf_gym.explorer.page import page

    answer = explorer.answer(explorer.widened(question))
    return page(data_of(explorer, question, answer, live=False))


def data_of(explorer: Any, question: Question, answer: Any, *, live: bool) -> dict[str, Any]:
    """Returns the data of the page."""
    return {"live": live, "options": explorer.options(), "question": question.plain(), "answer": answer}

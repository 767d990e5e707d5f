"""Shows which token of a response earns what under several reward designs, and why, as you type.

    python -m rlsf_gym explore                                        (make explore; then open the address)
    python -m rlsf_gym explore --designs potential uniform --scorer knowledge --open
    python -m rlsf_gym explore --scorer my_scorer:Rhymes --scorer-kwargs strict=true --prompts mine.txt
    python -m rlsf_gym explore --out page.html --prompt "The film was" --response " not good, but fun."
    python -m rlsf_gym explore --domain my_domain:BRACKETS --seed 7

In a domain of instances, such as puzzles, the page draws one by its seed or takes its data. Where scores are
verdicts it says token by token whether a right answer is still possible, what would be one, which token lost
it, and the proof in words.

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

from rlsf_gym.explorer.question import LARGEST_SEED, Question
from rlsf_gym.flags.flag import Flag, add_flags, checked, named
from rlsf_gym.flags.parser import Parser, print_error, typed
from rlsf_gym.presets.own_modules import find_own_modules
from rlsf_gym.presets.task_flags import TASK, check_env_kwargs, check_task, env_kwargs, tell

TAKEN = (
    *("tokenizer", "prompts", "prompts-column", "scorer", "scorer-model", "label-values", "scorer-kwargs"),
    *("objective", "target", "boundary", "domain-kwargs", "env-kwargs"),
)
"""Flags of a training run that mean the same here."""
OF_TEXTS, OF_INSTANCES = ("prompt", "prompts", "prompts_column"), ("instance", "seed")
"""Settings that mean something in domains of one kind alone."""
PICKED = ("scorer", "objective", "target", "boundary")
"""Settings that a question of the page has as well."""
seed_number = checked(int, lambda n: 0 <= n <= LARGEST_SEED, f"a whole number from 0 to {LARGEST_SEED}")
port_number = checked(int, lambda n: 0 <= n <= 65_535, "a port from 0 (any free one) to 65535")


def make_parser() -> Parser:
    """Returns the parser of the command line."""
    start = Question()
    parser = Parser(
        prog=typed("python -m rlsf_gym explore"), description=__doc__, argument_default=argparse.SUPPRESS
    )
    add = parser.add_argument
    add(
        "--domain", type=named, default="sentiment", metavar="NAME",
        help="a name, or module:attribute for your own (default: sentiment)",
    )  # fmt: skip
    add("--prompt", help=f"in a domain of plain text (default: that of its first example, {start.prompt!r})")
    add("--instance", type=named, metavar="JSON", help="in a domain of instances: data of the first one")
    add("--seed", type=seed_number, help="in a domain of instances: draws the first one")
    add("--response", help="default: that of the first example, none to another prompt or instance")
    add(
        "--designs", nargs="+", metavar="NAME",
        help="the designs that are shown at first: names, or module:attribute for your own "
        f"(default: {' '.join(start.designs)})",
    )  # fmt: skip
    add("--out", type=Path, default=None, metavar="FILE.html", help="write the page and end")
    add("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    add("--port", type=port_number, default=8000, help="default: 8000; 0 takes a free one")
    add("--open", action="store_true", default=False, help="open the page in a browser")
    add_flags(parser.add_argument_group("task, as in training"), task_flags())
    return parser


def task_flags() -> list[Flag]:
    """Returns the flags that say what is scored, and how, with the defaults of the page."""
    start = Question()
    own = {name: getattr(start, name) for name in ("scorer", "objective", "target", "boundary")}
    kept = [flag for flag in TASK if flag.name in TAKEN]
    texts = {  # there is no policy to have a tokenizer
        "tokenizer": "'bundled', 'bytes', a file, folder or hub name; by default the domain's"
    }
    return [
        replace(flag, default=own.get(flag.key, flag.default), help=texts.get(flag.key, flag.help))
        for flag in kept
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Serves or writes the page; returns the exit status."""
    parser = make_parser()
    options = parser.parse_args(argv)
    try:
        domain = find_domain(options)
    except (ValueError, ImportError) as error:
        return fail(error)
    try:
        settings = read_settings(options, domain)
    except ValueError as error:
        parser.error(str(error))
    try:
        return run(options, settings, domain)
    except (ValueError, OSError, ImportError) as error:
        return fail(error)
    except KeyboardInterrupt:
        return 130


def fail(error: Exception) -> int:
    """Writes the error in one line; returns the exit status."""
    print_error(tell(error) or type(error).__name__)
    return 1


def find_domain(options: argparse.Namespace) -> Any:
    """Returns the domain that the command line names.

    Raises:
        ValueError: If there is no such domain, or it does not take the arguments.
        ImportError: If it needs an extra that is not installed.
    """
    from rlsf_gym.domains import load_domain  # not for --help, which is to answer at once

    kwargs = getattr(options, "domain_kwargs", {})
    find_own_modules({"domain_kwargs": [options.domain, kwargs]})
    return load_domain(options.domain, **kwargs)


def read_settings(options: argparse.Namespace, domain: Any) -> dict[str, Any]:
    """Returns the settings of a task, as a training run has them.

    Raises:
        ValueError: If some do not go together.
    """
    given = vars(options)
    if domain.instances is None:
        wrong, hint = OF_INSTANCES, "has prompts of plain text: give --prompt"
    else:
        wrong, hint = OF_TEXTS, "makes its prompts: give --seed, --instance or --domain-kwargs"
    for key in wrong:
        if key in given:
            raise ValueError(f"--{key.replace('_', '-')}: domain {domain.name!r} {hint}")
    kept: dict[str, Any] = {flag.key: flag.default for flag in TASK}
    opening = Question.opening(domain, ())
    own = {name: getattr(opening, name) for name in PICKED}
    settings: dict[str, Any] = {**kept, **own, "policy": "bundled", "device": "cpu"}
    settings |= {key: value for key, value in given.items() if key in kept}
    if settings["scorer_model"] is not None and "transformer" in domain.scorers:
        check_env_kwargs(settings["env_kwargs"])  # the classifier can be picked on the page
    else:
        check_task(settings, own_scorers(domain))
    return settings


def own_scorers(domain: Any) -> tuple[str, ...]:
    """Returns the scorers of a domain that need no model."""
    return tuple(name for name in domain.scorers if name != "transformer")


def make_explorer(options: argparse.Namespace, settings: Mapping[str, Any], domain: Any) -> Any:
    """Returns the explorer that answers the page's questions."""
    from rlsf_gym.explorer.feedback import Explorer

    designs = getattr(options, "designs", [])
    find_own_modules({**settings, "designs": designs})
    scorer_kwargs = {settings["scorer"]: settings["scorer_kwargs"]}
    if settings["scorer_model"] is not None:
        neural = settings["scorer"] if settings["scorer"] not in own_scorers(domain) else "transformer"
        own: dict[str, Any] = settings["scorer_kwargs"] if neural == settings["scorer"] else {}
        scorer_kwargs[neural] = env_kwargs({**settings, "scorer_kwargs": own})["scorer_kwargs"]
    named_here = {key: settings[key] for key in ("tokenizer", "prompts") if key in vars(options)}
    return Explorer(
        scorer_kwargs,
        [name for name in designs if ":" in name],
        scorers=[settings["scorer"]] if ":" in settings["scorer"] else [],
        objectives=[settings["objective"]] if ":" in settings["objective"] else [],
        domain=domain,
        env_kwargs={
            **settings["env_kwargs"],
            **named_here,
            "prompts_kwargs": env_kwargs(settings)["prompts_kwargs"],
        },
    )


def first_question(options: argparse.Namespace, settings: Mapping[str, Any], opening: Question) -> Question:
    """Returns the question that the page opens with: of the first example, but for what is given."""
    given = vars(options)
    own = {key: given[key] for key in ("prompt", "instance", "seed", "response") if key in given}
    if {"instance", "seed"} & set(given):  # an example's answer is to its own instance
        own = {"instance": "", "response": "", **own}
    picked = {name: settings[name] for name in PICKED}
    designs = {"designs": tuple(options.designs)} if "designs" in given else {}
    return replace(opening, **own, **picked, **designs)


def run(options: argparse.Namespace, settings: Mapping[str, Any], domain: Any) -> int:
    """Does what the command line asks for.

    Raises:
        ValueError: If there is nothing to show under these flags, or no place for the file.
        OSError: If the file can't be written, or the address not be listened on.
    """
    from rlsf_gym.explorer.page import page
    from rlsf_gym.explorer.server import Server
    from rlsf_gym.render.page_file import write_html

    explorer = make_explorer(options, settings, domain)
    question = first_question(options, settings, explorer.opening)
    if options.out is not None:
        write_html(options.out, snapshot(explorer, question))
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

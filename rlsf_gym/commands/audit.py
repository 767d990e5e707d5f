"""Audits a reward: what it pays that it must not, whether it repeats, what it is as a token reward.

    python -m rlsf_gym audit my_rewards:accuracy
    python -m rlsf_gym audit my_rewards:compute_score --cases cases.jsonl
    python -m rlsf_gym audit my_rewards:make_reward --kwargs weight=0.5 --json
    python -m rlsf_gym audit rlsf_gym:rlsf_gym/Countdown-v0 --kwargs reward_design=uniform

A reward is a function in the signature of TRL (prompts, completions, columns) or of verl (data_source,
solution_str, ground_truth, extra_info), a scorer of texts, or an environment of this library. It is called
in processes of its own, with a time limit. A line of --cases is an object with prompt, good and bad (a
response or a list of them), ground_truth and whatever columns the reward takes.

Exit status: 0 nothing, or notes alone, 1 a warning, 2 an error, 3 wrong arguments or a reward that can't be
loaded, in one line.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from rlsf_gym.commands.part_kwargs import add_kwargs
from rlsf_gym.flags.flag import add, duration, named
from rlsf_gym.flags.parser import Parser, print_error, print_line, typed
from rlsf_gym.presets.own_modules import names_module

_FAILED = 3
_LEVELS = ("error", "warning", "note", "never")


class _AuditParser(Parser):
    """Reports wrong arguments with a status that no finding has."""

    def error(self, message: str) -> NoReturn:
        """Writes `error: message`."""
        print_error(message)
        raise SystemExit(_FAILED)


def make_parser() -> Parser:
    """Returns the parser of the command line."""
    parser = _AuditParser(prog=typed("python -m rlsf_gym audit"), description=__doc__)
    parser.add_argument(
        "reward", type=named, metavar="REWARD", help="module:attribute, or the id of an environment"
    )
    add_kwargs(parser)
    parser.add_argument(
        "--cases", type=Path, metavar="FILE.jsonl", help="your own cases (default: bundled ones)"
    )
    parser.add_argument(
        "--signature", choices=("trl", "verl", "scorer"), help="how it is called (default: by its parameters)"
    )
    parser.add_argument(
        "--completions", choices=("text", "chat"), help="what a TRL reward is given (default: what works)"
    )
    add(
        parser, "time-limit", type=duration, default=5.0,
        metavar="SECONDS",
        help="that one response may take (default: 5)",
    )  # fmt: skip
    add(
        parser, "fail-on", choices=_LEVELS, default="warning",
        help="the least severity that changes the exit status (default: warning)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="write the report as JSON (docs/audit.md)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Audits what is named; returns the exit status."""
    parser = make_parser()
    options = parser.parse_args(argv)
    sys.path.append(os.getcwd())  # last: a file there takes the place of no module that is installed
    try:
        status, told = run(options)
    except (ValueError, OSError, ImportError) as error:
        print_error(error)
        return _FAILED
    sys.stdout.write(told)
    return status


def run(options: argparse.Namespace) -> tuple[int, str]:
    """Does what the command line asks for; returns the exit status and what is printed.

    Raises:
        ValueError: If the reward can't be loaded, or a case is wrong.
        OSError: If the file of cases can't be read.
    """
    from rlsf_gym.audit import (
        Severity,
        audit_reward,
        read_cases,
    )  # not for --help, which is to answer at once
    from rlsf_gym.audit.plain import plain
    from rlsf_gym.audit.screen import screen

    report = audit_reward(
        options.reward,
        kwargs=options.kwargs,
        signature=options.signature or _signature_of(options.reward),
        cases=read_cases(options.cases) if options.cases else (),
        chat=None if options.completions is None else options.completions == "chat",
        time_limit=options.time_limit,
        tell=print_line,
    )
    levels: dict[str, Any] = {one.name.lower(): one for one in Severity}
    status = report.status(levels.get(options.fail_on))
    if options.json:
        return status, json.dumps(plain(report, status=status), indent=2, allow_nan=False) + "\n"
    return status, screen(report, status=status)


def _signature_of(reward: str) -> str | None:
    """Returns "environment" for what is written as an id, None for what has to be looked at.

    Raises:
        ValueError: If it is written like neither.
    """
    file, _, attribute = reward.partition(":")
    if file.endswith(".py"):
        module = ".".join(Path(file).with_suffix("").parts)
        guess = f" (did you mean {module}:{attribute or 'NAME'}?)" if names_module(f"{module}:x") else ""
        raise ValueError(f"reward must name a module, not a file, got {reward!r}{guess}")
    if names_module(reward):
        return None
    if "/" in reward or re.search(r"-v\d+$", reward):
        return "environment"
    hint = (
        f". For a reward of your own give MODULE:NAME, as {reward}:reward." if reward.isidentifier() else ""
    )
    raise ValueError(f"reward must be 'module:attribute' or the id of an environment, got {reward!r}{hint}")

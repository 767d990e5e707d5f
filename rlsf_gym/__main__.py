"""Shows, checks and serves what the environments pay, from the command line.

    python -m rlsf_gym explore    rlsf-explore    a page that shows what each token earns, as you type
    python -m rlsf_gym view       rlsf-view       the page of coloured tokens of a JSONL file
    python -m rlsf_gym check      rlsf-check      holds a part of your own to its promises
    python -m rlsf_gym audit      rlsf-audit      one screen on a reward: what it pays that it must not
    python -m rlsf_gym serve      rlsf-serve      an environment for clients of OpenEnv

Each has --help.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence

from rlsf_gym.flags.output import run_main
from rlsf_gym.flags.parser import Parser, show_warning

COMMANDS = ("explore", "view", "check", "audit", "serve")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that the first argument names; returns the exit status."""
    words = sys.argv[1:] if argv is None else list(argv)
    parser = Parser(prog="python -m rlsf_gym", description=__doc__, usage="%(prog)s COMMAND [flags]")
    parser.add_argument("command", metavar="COMMAND", help=", ".join(COMMANDS))
    name = parser.parse_args(words[:1]).command
    if name not in COMMANDS:
        parser.error(f"expected one of {', '.join(COMMANDS)}, got {name!r}")
    return run(name, words[1:])


def run(name: str, argv: Sequence[str] | None = None) -> int:
    """Runs a command as this process; Ctrl-C ends it in one line, and warnings take one."""
    warnings.showwarning = show_warning
    try:
        return run_main(importlib.import_module(f"rlsf_gym.commands.{name}").main, argv)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return 130


def explore() -> int:
    """Runs `rlsf-explore`."""
    return run("explore")


def view() -> int:
    """Runs `rlsf-view`."""
    return run("view")


def check() -> int:
    """Runs `rlsf-check`."""
    return run("check")


def audit() -> int:
    """Runs `rlsf-audit`."""
    return run("audit")


def serve() -> int:
    """Runs `rlsf-serve`."""
    return run("serve")


if __name__ == "__main__":
    sys.exit(main())

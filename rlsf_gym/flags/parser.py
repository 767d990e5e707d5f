"""The parser of every command: one line for each wrong argument, and a guess at what was meant."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Reports wrong arguments in one line, with exit status 2; flags are spelled out, never abbreviated.

    Args:
        **kwargs: Of `argparse.ArgumentParser`.
    """

    def __init__(self, **kwargs: Any) -> None:
        # An abbreviation would change its meaning as soon as another flag begins alike.
        kwargs = {"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter, **kwargs}
        super().__init__(**kwargs)
        if self.add_help:
            package = import_module(__name__.partition(".")[0])
            told = f"rlsf-gym {package.__version__}"
            self.add_argument("--version", action="version", version=told, help="show the version and exit")

    @property
    def flags(self) -> list[str]:
        """The flags as `--help` shows them."""
        return [
            flag
            for action in self._actions
            for flag in action.option_strings
            if flag.startswith("--") and action.help != argparse.SUPPRESS
        ]

    def parse_args(self, args: Any = None, namespace: Any = None) -> argparse.Namespace:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Returns what was given; flags that nobody knows end the command."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            told = ", ".join(self._guess(word) for word in unknown)
            self.error(f"unrecognized arguments: {told}; --help lists the flags")
        return found

    def error(self, message: str) -> NoReturn:
        """Writes `error: message`."""
        print_error(message)
        raise SystemExit(2)

    def _guess(self, word: str) -> str:
        flag = word.partition("=")[0]
        if not flag.startswith("-"):
            return word
        closest = difflib.get_close_matches(flag.replace("_", "-"), self.flags, n=1)
        return f"{flag} (did you mean {closest[0]}?)" if closest else flag


def typed(command: str) -> str:
    """Returns a command as its user types commands: as an installed script, or as it is given here.

    Example:
        >>> typed("python -m package study")
        'python -m package study'
    """
    script = f"rlsf-{command.split()[-1]}"
    return script if Path(sys.argv[0]).stem.startswith("rlsf-") else command


def print_line(line: str) -> None:
    """Writes one line to stderr, each character that would act on a terminal written as an escape."""
    text = "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in line)
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def print_error(error: object) -> None:
    """Writes `error: ` and the message of an error, or its kind if it has none, in one line to stderr."""
    print_line(f"error: {' '.join(str(error).split()) or type(error).__name__}")


def show_warning(message: Warning | str, *_: Any) -> None:
    """Writes a warning in one line, without the place in the code; for `warnings.showwarning`."""
    print_line("warning: " + " ".join(str(message).split()))


def repeated(args: Sequence[str]) -> list[str]:
    """Returns the flags that are given twice or more, in either spelling, as they were given first.

    Example:
        >>> repeated(["--lr", "1", "--out", "a", "--lr=2"])
        ['--lr']
    """
    flags = [word.partition("=")[0] for word in args if word.startswith("--") and word != "--"]
    names = [flag.replace("_", "-") for flag in flags]
    return [
        flag
        for i, flag in enumerate(flags)
        if names[:i].count(names[i]) == 0 < names[i + 1 :].count(names[i])
    ]

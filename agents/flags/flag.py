"""One flag of a command: its name, its default, how its text is read and what `--help` says of it."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

MOST_THREADS = 1_024
"""More than any machine has cores; thousands can't be started, and end the process without a word."""
LARGEST = 2**63
"""No whole number is as large: a run's record would not be read again."""
LONGEST = 1e8
"""Seconds: three years, which every clock can count."""
SWITCHES = {"on": True, "off": False}


@dataclass(frozen=True)
class Flag:
    """One setting."""

    name: str
    default: Any
    """As `--help` shows it; None: none."""
    parse: Callable[[str], Any]
    help: str
    collect: type[argparse.Action] | None = None
    """Takes several words, and makes one value of them; None: there is one word."""
    metavar: str | None = None
    """How `--help` shows the value; None: by the last word of the name."""

    @property
    def key(self) -> str:
        """The name of the setting: that of the flag, with underscores."""
        return self.name.replace("-", "_")


def checked(
    convert: Callable[[str], Any], accepts: Callable[[Any], bool], expected: str
) -> Callable[[str], Any]:
    """Returns a parser of one flag that says what it expected."""

    def parse(text: str) -> Any:
        try:
            value = convert(text)
        except ValueError:
            value = None
        if value is None or not accepts(value):
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
        return value

    return parse


def optional(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Returns a parser that also takes `none`, which is None."""

    def parse_optional(text: str) -> Any:
        return None if text.lower() == "none" else parse(text)

    return parse_optional


def _text(text: str) -> str:
    text.encode()  # a lone surrogate stands for bytes that are no UTF-8
    return text.strip() and text


count = checked(int, lambda n: 1 <= n < LARGEST, "a whole number of at least 1")
whole = checked(int, lambda n: 0 <= n < LARGEST, "a whole number of at least 0")
named = checked(_text, bool, "a text that is not empty, in UTF-8")
integer = checked(int, lambda n: abs(n) < LARGEST, "a whole number below 2^63")
threads = checked(int, lambda n: 0 <= n <= MOST_THREADS, f"a whole number from 0 to {MOST_THREADS}")
number = checked(float, math.isfinite, "a number")
positive = checked(float, lambda x: 0.0 < x < math.inf, "a number above 0")
duration = checked(float, lambda x: 0.0 < x <= LONGEST, f"a number above 0, at most {LONGEST:.0e}")
seconds = checked(float, lambda x: 0.0 <= x < math.inf, "a number of at least 0")
signed = checked(float, lambda x: -1.0 <= x <= 1.0, "a number from -1 to 1")
switch = checked(SWITCHES.get, lambda on: True, "on or off")


def add_flags(group: Any, flags: Iterable[Any]) -> None:
    """Adds each `Flag` in both spellings, `--a-b` and `--a_b`, with its default in the help text."""
    for flag in flags:
        text = f"{flag.help} (default: {show(flag.default)})".replace("%", "%%")
        if flag.parse is switch:  # the flag by itself switches on
            add(group, flag.name, type=switch, nargs="?", const=True, metavar="on|off", help=text)
        elif flag.collect is not None:
            kwargs = {"type": flag.parse, "action": flag.collect, "nargs": "+", "metavar": flag.metavar}
            add(group, flag.name, help=text, **kwargs)
        else:
            shown = {} if flag.metavar is None else {"metavar": flag.metavar}
            add(group, flag.name, type=flag.parse, help=text, **shown)


def show(value: Any) -> str:
    """Returns a value as it is typed."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None or value == {} else str(value)


def add(group: Any, name: str, **kwargs: Any) -> None:
    """Adds one flag in both spellings."""
    dest = name.replace("-", "_")
    if "action" not in kwargs and "choices" not in kwargs:
        kwargs = {"metavar": name.rpartition("-")[2].upper(), **kwargs}
    group.add_argument(f"--{name}", dest=dest, **kwargs)
    if dest != name:
        group.add_argument(f"--{dest}", dest=dest, **{**kwargs, "help": argparse.SUPPRESS})

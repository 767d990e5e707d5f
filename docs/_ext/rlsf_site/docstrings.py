"""Docstrings taken apart: paragraphs, arguments, and the headings and tables of environments."""

from __future__ import annotations

import inspect
import re
from textwrap import dedent

from rlsf_site.markdown import fence

DOCTEST = re.compile(r"^ *>>> .*(?:\n(?! *$).+)*", flags=re.M)
ARGUMENT = re.compile(r"^ {4}(\*{0,2}\w+)(?: \([^)]*\))?: (.*)$")


def clean(part: object) -> str:
    """Returns the docstring of a part without indentation.

    Raises:
        ValueError: If it has none.
    """
    text = inspect.getdoc(part)
    if not text:
        raise ValueError(f"{part!r:.80} must have a docstring: the site is made from it")
    return text


def summary(text: str) -> str:
    """Returns the first paragraph on one line."""
    return " ".join(text.split("\n\n")[0].split())


def prose(text: str) -> str:
    r"""Returns what stands before the first section of Google's, or the first heading.

    Example:
        >>> prose("Returns a.\n\nMore.\n\nArgs:\n    x: One.")
        'Returns a.\n\nMore.'
    """
    return re.split(r"^(?:[A-Z][a-z]+:|## .*)$", text, maxsplit=1, flags=re.M)[0].strip()


def arguments(text: str) -> dict[str, str]:
    r"""Returns the arguments that a docstring explains, by name.

    Example:
        >>> arguments("Adds.\n\nArgs:\n    x: One,\n        or two.\n    *more: All.")
        {'x': 'One, or two.', '*more': 'All.'}
    """
    found: dict[str, str] = {}
    name = ""
    for line in text.partition("Args:\n")[2].splitlines():
        if line and not line.startswith(" "):
            break
        begins = ARGUMENT.match(line)
        if begins:
            name, found[begins[1]] = begins[1], begins[2]
        elif name and line.strip():
            found[name] += " " + line.strip()
    return found


def headings(text: str) -> dict[str, str]:
    """Returns what stands under each "## " heading of a docstring."""
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def rows(text: str) -> list[list[str]]:
    r"""Returns the cells of the first table of a text in Markdown, without its head.

    Raises:
        ValueError: If there is none.

    Example:
        >>> rows("| a | b |\n| --- | --- |\n| `1` | two |")
        [['`1`', 'two']]
    """
    table = re.search(r"(?:^\|.*\n?)+", text, flags=re.M)
    if table is None:
        raise ValueError(f"a table was expected in {text!r:.80}")
    lines = table[0].strip().splitlines()[2:]
    return [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines]


def with_fences(text: str) -> str:
    """Returns a docstring with its examples set as code, as Markdown has it."""
    return DOCTEST.sub(lambda block: fence(dedent(block[0]), "python"), text)

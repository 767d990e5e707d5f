"""Pieces of Markdown that made pages consist of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    r"""Returns a table; bars in its cells are escaped.

    Example:
        >>> print(table(("a", "b"), [("1", "x | y")]))
        | a | b |
        | --- | --- |
        | 1 | x \| y |
    """
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def fence(text: str, language: str = "text") -> str:
    """Returns a block of code, its fence longer than any in it."""
    ticks = "```"
    while ticks in text:
        ticks += "`"
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def code(value: object) -> str:
    """Returns a value as Python writes it, set as code.

    Example:
        >>> code("bytes")
        "`'bytes'`"
    """
    text = repr(value).replace("\n", " ")
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}"


def page(*parts: str) -> str:
    """Returns the parts that are not empty as the text of a page."""
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"

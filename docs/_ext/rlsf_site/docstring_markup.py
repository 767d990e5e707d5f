"""Docstrings of this project, which are written in Markdown, as the reStructuredText that autodoc reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby

from sphinx.application import Sphinx

from rlsf_site import docstrings

SPAN = re.compile(r"(`+)(.+?)\1", flags=re.S)
LINK = re.compile(r"\[([^\]]+)\]\((https?:[^)\s]+)\)")
SPECIAL = re.compile(r"[\\*|]|_(?!\w)")
BULLET = re.compile(r"^(\s*)\* ", flags=re.M)
RETURNS = re.compile(r"^((?:Returns|Yields):\n\s+\S*[^\s:]) (?=[^\n]*:)", flags=re.M)


def convert(text: str) -> str:
    r"""Returns a docstring with code, headings, tables and links as reStructuredText has them.

    Example:
        >>> convert("Gives `x` * 2, see name_.")
        'Gives ``x`` \\* 2, see name\\_.'
    """
    blocks = ("\n".join(lines) for _, lines in groupby(text.splitlines(), key=_Kinds()))
    return RETURNS.sub(r"\1\n    ", "\n".join(map(convert_block, blocks)))


class _Kinds:
    """Tells the kinds of lines apart, one after the other, so that runs of one kind are blocks."""

    def __init__(self) -> None:
        self.doctest, self.number = False, 0

    def __call__(self, line: str) -> tuple[str, int]:
        self.doctest = line.lstrip().startswith(">>>") or (self.doctest and bool(line.strip()))
        if self.doctest:
            return ("doctest", 0)
        if line.startswith("## "):
            self.number += 1
            return ("heading", self.number)
        return ("table", 0) if line.lstrip().startswith("|") else ("prose", 0)


def convert_block(block: str) -> str:
    """Returns a run of lines of one kind."""
    first = block.lstrip()
    if first.startswith(">>>"):
        return block
    if first.startswith("## "):
        return f".. rubric:: {first[3:]}\n"
    if first.startswith("|"):
        return "\n".join(list_table(block))
    return convert_prose(block)


def list_table(block: str) -> Iterator[str]:
    """Yields the lines of a table."""
    head = [cell.strip() for cell in block.splitlines()[0].strip().strip("|").split(" | ")]
    yield from ("", ".. list-table::", "   :header-rows: 1", "")
    for cells in (head, *docstrings.rows(block)):
        yield from (
            f"   {'* -' if at == 0 else '  -'} {convert_prose(cell)}" for at, cell in enumerate(cells)
        )
    yield ""


def convert_prose(text: str) -> str:
    """Returns text with its code, links and special characters as reStructuredText has them."""
    return _outside(SPAN, BULLET.sub(r"\1- ", text), _convert_code, _convert_links)


def _convert_code(span: re.Match[str]) -> str:
    """Returns code; what touches it is kept apart by a blank that is not shown."""
    before, after = span.string[: span.start()][-1:], span.string[span.end() :][:1]
    start = "\\ " if before and not (before.isspace() or before in "-:/'\"<([{") else ""
    end = "\\ " if after.isalnum() else ""
    return f"{start}``{' '.join(span[2].split())}``{end}"


def _convert_links(text: str) -> str:
    return _outside(LINK, text, lambda link: f"`{link[1]} <{link[2]}>`__", _escape)


def _escape(text: str) -> str:
    return SPECIAL.sub(r"\\\g<0>", text)


def _outside(
    pattern: re.Pattern[str],
    text: str,
    inside: Callable[[re.Match[str]], str],
    outside: Callable[[str], str],
) -> str:
    """Returns a text with the matches of a pattern, and what is between them, each replaced."""
    parts, end = [], 0
    for match in pattern.finditer(text):
        parts += [outside(text[end : match.start()]), inside(match)]
        end = match.end()
    return "".join([*parts, outside(text[end:])])


def process(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Converts a docstring that autodoc has read, before napoleon looks for its sections.

    Of an attribute napoleon takes what stands before the first colon for its type: here it is nothing.
    """
    lines[:] = convert("\n".join(lines)).splitlines()
    if lines and what in ("attribute", "data", "property"):
        lines[0] = f": {lines[0]}"


def skip(app: Sphinx, what: str, name: str, obj: object, is_skipped: bool, options: object) -> bool | None:
    """Leaves out fields of named tuples that nobody has documented."""
    return True if (getattr(obj, "__doc__", "") or "").startswith("Alias for field number") else None


def setup(app: Sphinx) -> None:
    """Has autodoc run it first."""
    app.connect("autodoc-process-docstring", process, priority=400)
    app.connect("autodoc-skip-member", skip)

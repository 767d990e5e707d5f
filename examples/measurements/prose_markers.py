"""Markers behind numbers in Markdown: where they stand, which are malformed, and which numbers lack one.

A marker is an HTML comment, `<!-- STUDY :: NAME :: FIELD :: DIGITS -->`, the last part optional; pages have
no other comments, so that one with a slip of the pen is not taken for none. Code is no prose: fences of ```
and ~~~, indented blocks, and spans.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

MARKER = re.compile(r"<!--\s+([\w-]+)\s+::\s+(.+?)\s+::\s+(.+?)(?:\s+::\s+(\d+))?\s+-->", re.DOTALL)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|(?<=\s)::(?=\s)", re.DOTALL)
"""A comment, closed or not, or what is left of one that is opened wrongly."""
INTERVAL = r"\[[-−+]?\d[\d,]*(?:\.\d+)?,\s[-−+]?\d[\d,]*(?:\.\d+)?\]"
BOLD = re.compile(r"\*\*(?:(?!\n\s*\n).)+?\*\*", re.DOTALL)
IN_BOLD = re.compile(
    rf"{INTERVAL}|(?<![\w@.,−-])[-−+]?\d[\d,]*(?:\.\d+)?(?![\w@])(?:\s{INTERVAL}|\sof\s\d+)?"
)
HELD = re.compile(r"\**\0")
"""What follows a number that has a marker, in a text whose comments are masked."""
FENCE = re.compile(r"\s*(`{3,}(?=[^`]*$)|~{3,})")
ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])(?:\s+|$)")
SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n\s*(?:\n|[-*+#|>]|\d+[.)])).)+?(?<!`)\1(?!`)", re.DOTALL)
"""A span of code, which may go on in the next line of its paragraph, not in another row or item."""


class Marked(NamedTuple):
    """A marker of a page, with the number before it."""

    line: int
    start: int
    """Position of the marker in the page's text."""
    study: str
    name: str
    field: str
    digits: int | None


class Unmarked(NamedTuple):
    """A number of a page that ought to have a marker."""

    line: int
    text: str


def markers_of(page: str) -> list[Marked]:
    """Returns the markers of a page, in order; those in code are none."""
    comments = [found.span() for found in COMMENT.finditer(without_code(page))]
    return [
        Marked(
            _line_of(page, start),
            start,
            found[1],
            " ".join(found[2].split()),
            " ".join(found[3].split()),
            None if found[4] is None else int(found[4]),
        )
        for start, end in comments
        if (found := _read(page[start:end])) is not None
    ]


def malformed(page: str) -> list[str]:
    """Returns the comments of a page that are no markers, a line for each."""
    comments = [found.span() for found in COMMENT.finditer(without_code(page))]
    return [
        f"line {_line_of(page, start)}: expected a marker <!-- STUDY :: NAME :: FIELD --> or one with "
        f":: DIGITS at its end, got {' '.join(page[start:end].split())[:80]!r}"
        for start, end in comments
        if _read(page[start:end]) is None
    ]


def unmarked(page: str) -> list[Unmarked]:
    """Returns the numbers in bold and the intervals [a, b] of a page's prose that no marker stands behind."""
    text = COMMENT.sub(lambda found: "\0" * len(found[0]), without_code(page))
    spans = [found.span() for bold in BOLD.finditer(text) for found in IN_BOLD.finditer(text, *bold.span())]
    known = {end for _, end in spans}
    spans += [found.span() for found in re.finditer(INTERVAL, text) if found.end() not in known]
    return [
        Unmarked(_line_of(page, start), " ".join(page[start:end].split()))
        for start, end in sorted(spans)
        if not HELD.match(text, end)
    ]


def without_code(page: str) -> str:
    r"""Returns a page with spaces in the place of code, so that all else keeps its position.

    Example:
        >>> without_code("a `b` c\n\n    d\n")
        'a     c\n\n     \n'
    """
    lines = page.split("\n")
    codes = _code_lines(lines)
    prose = [" " * len(line) if code else line for line, code in zip(lines, codes, strict=True)]
    return SPAN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), "\n".join(prose))


def _code_lines(lines: Sequence[str]) -> list[bool]:
    """Returns for each line whether it is code: of a fence, or indented by four columns or more.

    Indentation counts from the text of the list's item that a line belongs to.
    """
    found: list[bool] = []
    fence, may_begin = "", True
    items: list[int] = []
    for line in lines:
        if fence:
            found.append(True)
            fence = "" if re.fullmatch(rf"\s*{fence[0]}{{{len(fence)},}}\s*", line) else fence
            continue
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        item = ITEM.match(line)
        if line.strip() and (may_begin or item):
            items = [one for one in items if one <= indent]
        indented = bool(line.strip()) and may_begin and indent >= max(items, default=0) + 4
        if not indented and (opened := FENCE.match(line)):
            fence = opened[1]
        elif not indented and item:
            items.append(len(item[0].expandtabs(4)))
        found.append(indented or bool(fence))
        may_begin = indented or bool(fence) or not line.strip()
    return found


def _read(comment: str) -> re.Match[str] | None:
    """Returns the parts of a marker; None of what is none, or has more parts."""
    found = MARKER.fullmatch(comment)
    return None if found is None or any("::" in (part or "") for part in found.groups()) else found


def _line_of(page: str, position: int) -> int:
    return page.count("\n", 0, position) + 1

"""Tables of a report, as Markdown and LaTeX (booktabs); the page's template makes HTML of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.reports.escapes import LONGEST_TEXT, to_latex, to_markdown

MINUS, DASH = "\u2212", "\u2013"


@dataclass(frozen=True)
class Table:
    """A table whose cells are plain text."""

    name: str
    """Name of the table, in its LaTeX label."""
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = frozenset()
    """Numbers of the rows that stand out."""
    words: frozenset[int] = frozenset({0})
    """Numbers of the columns that hold words; all others hold numbers."""

    def __post_init__(self) -> None:
        """Checks that all rows are as wide as the head."""
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"table {self.name}: expected {len(self.head)} cells in each row, got {row}")


def table_to_markdown(table: Table) -> str:
    """Returns the table with its caption, in Markdown."""
    sides = [" --- " if i in table.words else " ---: " for i in range(len(table.head))]
    caption, head = to_markdown(table.caption, LONGEST_TEXT), map(to_markdown, table.head)
    lines = [f"**{caption}**", "", _line(head), "|" + "|".join(sides) + "|"]
    for i, row in enumerate(table.rows):
        cells = [to_markdown(cell) for cell in row]
        lines.append(_line([f"**{cells[0]}**", *cells[1:]] if i in table.strong else cells))
    return "\n".join(lines) + "\n"


def table_to_latex(table: Table) -> str:
    """Returns the table as a LaTeX float; its document needs the package booktabs."""
    columns = "".join("l" if i in table.words else "r" for i in range(len(table.head)))
    rows = [
        [
            rf"\textbf{{{to_latex(row[0])}}}" if i in table.strong else to_latex(row[0]),
            *map(to_latex, row[1:]),
        ]
        for i, row in enumerate(table.rows)
    ]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{to_latex(table.caption, LONGEST_TEXT)}}}",
            rf"\label{{tab:{table.name.replace('_', '-')}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(map(to_latex, table.head)) + r" \\",
            r"\midrule",
            *(" & ".join(row) + r" \\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def number(value: float | None, digits: int = 3) -> str:
    """Returns a number with so many digits behind the point and a real minus; a dash for None.

    Example:
        >>> number(-0.12345), number(None), number(-0.0001)
        ('−0.123', '–', '0.000')
    """
    if value is None:
        return DASH
    text = f"{abs(value):,.{digits}f}"
    return MINUS + text if value < 0 and re.search("[1-9]", text) else text


def interval(found: Mapping[str, Any] | None, digits: int = 3) -> str:
    """Returns a number with its interval, alone where it is that of one run; a dash for None.

    Example:
        >>> interval({"value": 0.5, "low": -0.25, "high": 1.0}, 2)
        '0.50 [−0.25, 1.00]'
    """
    if found is None:
        return DASH
    text = number(found["value"], digits)
    if found.get("n") == 1:
        return text
    return f"{text} [{number(found['low'], digits)}, {number(found['high'], digits)}]"


def probability(value: float | None) -> str:
    """Returns a p value: three digits, and no more than that it is small.

    Example:
        >>> probability(0.04), probability(0.0002), probability(None)
        ('0.040', '< 0.001', '–')
    """
    if value is None:
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def share(found: Mapping[str, Any] | None, of: int | None = None) -> str:
    """Returns a count and what it is of."""
    return DASH if found is None else f"{found['count']} of {of}"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"

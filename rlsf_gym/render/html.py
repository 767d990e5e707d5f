"""Texts and numbers as HTML: escaped, control characters made visible, with a true minus sign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rlsf_gym.render.visible import show_controls

__all__ = ["VISIBLE", "number_cell", "safe", "side_of", "signed", "wide_table"]

VISIBLE = 5e-4
"""Smaller rewards are shown as 0."""


def safe(text: str) -> str:
    """Returns text escaped for HTML, with control characters made visible."""
    return escape(show_controls(text), quote=True)


def signed(value: float, digits: int = 3) -> str:
    """Returns a number with its sign: a true minus sign, and no sign for zero."""
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return f"{value:+.1e}".replace("-", "\u2212", 1) if abs(value) >= VISIBLE else text
    return ("+" if value > 0 else "\u2212") + text


def side_of(value: float) -> str:
    """Returns the class of a number: "gain", "loss" or "none"."""
    if abs(value) < VISIBLE:
        return "none"
    return "gain" if value > 0 else "loss"


def number_cell(value: float) -> str:
    """Returns the cell of a table with a number."""
    return f'<td class="number {side_of(value)}">{signed(value)}</td>'


def wide_table(label: str, heads: Sequence[str], rows: Iterable[str], kind: str = "") -> str:
    """Returns a table that scrolls by itself, also from the keyboard, where the page is narrower.

    Args:
        label: What it holds, for readers who can't see it.
        heads: Cells of the head, as HTML.
        rows: Rows of the body, as HTML.
        kind: Its class.
    """
    return (
        f'<div class="wide" role="group" aria-label="{safe(label)}" tabindex="0">'
        f'<table class="{kind}"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )

"""Texts and numbers as HTML: escaped, control characters made visible, with a true minus sign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rlsf_gym.render.numbers import VISIBLE, show_number
from rlsf_gym.render.visible import show_controls

__all__ = ["number_cell", "safe", "side_of", "signed", "wide_table"]


def safe(text: str) -> str:
    """Returns text escaped for HTML, with control characters made visible."""
    return escape(show_controls(text), quote=True)


def signed(value: float, digits: int = 3, *, least: float = VISIBLE) -> str:
    """Returns a number as `show_number` does, with a true minus sign, and no sign for zero.

    Example:
        >>> signed(0.25), signed(-1e-5), signed(0.0033, 2), signed(2e-5, 2, least=1e-8)
        ('+0.250', '0.000', '+0.0033', '+2e\u221205')
    """
    text = show_number(value, digits, least=least)
    return text.replace("-", "\u2212") if float(text) else text[1:]


def side_of(value: float, *, least: float = VISIBLE) -> str:
    """Returns the class of a number: "gain", "loss" or "none"."""
    if abs(value) < least:
        return "none"
    return "gain" if value > 0 else "loss"


def number_cell(value: float, *, least: float = VISIBLE) -> str:
    """Returns the cell of a table with a number."""
    return f'<td class="number {side_of(value, least=least)}">{signed(value, least=least)}</td>'


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

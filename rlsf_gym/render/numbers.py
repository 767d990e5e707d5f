"""Numbers as they are shown: with a sign, and never so rounded that something reads as nothing."""

from __future__ import annotations

__all__ = ["VISIBLE", "least_of", "show_number"]

VISIBLE = 5e-4
"""Smaller numbers are shown as 0, where the rewards of a page are of the order of 1."""
HUGE = 1e6
"""From here on numbers are shown with an exponent."""


def show_number(value: float, digits: int = 3, *, least: float = VISIBLE) -> str:
    """Returns a number with its sign, with the digits that it needs to be told from zero.

    Args:
        value: Any number.
        digits: Decimals of a number of the usual size.
        least: Smaller numbers are shown as 0.

    Example:
        >>> show_number(0.25), show_number(-0.0033, 2), show_number(1e300), show_number(-1e-9)
        ('+0.250', '-0.0033', '+1.00e+300', '+0.000')
    """
    if abs(value) < least:
        return f"{0.0:+.{digits}f}"
    if abs(value) >= HUGE:
        return f"{value:+.2e}"
    fixed = f"{value:+.{digits}f}"
    return fixed if float(fixed) else f"{value:+.2g}"


def least_of(scale: float) -> float:
    """Returns the least reward that is shown where `scale` is the greatest.

    Of a response of thousands of tokens, between which its score is divided, none earns more than that share.

    Example:
        >>> least_of(2.0), least_of(0.5)
        (0.0005, 0.00025)
    """
    return VISIBLE * min(1.0, scale)

"""Draws the course of a number over the tokens of a response, as an SVG step line."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["step_line"]


def step_line(
    name: str, label: str, values: Sequence[float], frame: tuple[float, float], shade: str = ""
) -> str:
    """Returns an open row of HTML with a step line: a value before the first of K tokens, and K behind them.

    Args:
        name: What stands before it.
        label: What it says, in words, escaped.
        values: K + 1 values.
        frame: The lowest and the highest value that the line has room for.
        shade: SVG beneath the line.
    """
    steps: list[str] = [f"M0 {_level(values[0], *frame)}"]
    for place, value in enumerate(values[1:]):
        steps.append(f"V{_level(value, *frame)}H{place + 1}")
    zero, length = _level(0.0, *frame), max(1, len(values) - 1)
    return (
        f'<div class="course"><span>{name}</span>'
        f'<svg viewBox="0 0 {length} 1" preserveAspectRatio="none" role="img" aria-label="{label}">{shade}'
        f'<path class="zero" d="M0 {zero}H{length}" vector-effect="non-scaling-stroke"/>'
        f'<path class="path" d="{"".join(steps)}" vector-effect="non-scaling-stroke"/></svg>'
    )


def _level(value: float, low: float, high: float) -> str:
    size = max(abs(low), abs(high)) or 1.0  # by which all is divided first: the height may be no float
    height = (high / size - low / size) or 1.0
    return f"{1 - (value / size - low / size) / height:.4f}"

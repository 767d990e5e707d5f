"""The colours of a report, light and dark: ground and ink of its page and figures, and series."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]
"""Red, green and blue, from 0 to 255."""


@dataclass(frozen=True)
class Palette:
    """The colours of a page under one colour scheme."""

    ground: Colour
    """Background of the page."""
    card: Colour
    """Background of sections and figures."""
    ink: Colour
    """Colour of text."""
    soft: Colour
    """Colour of secondary text."""
    line: Colour
    """Colour of lines and borders."""
    gain: Colour
    """Background of tokens with a positive reward."""
    loss: Colour
    """Background of tokens with a negative reward."""
    gain_ink: Colour
    """Text colour of gains."""
    loss_ink: Colour
    """Text colour of losses."""
    deepest: float
    """Opacity of `gain` or `loss` behind a token with the greatest reward, in [0, 1]."""


LIGHT = Palette(
    ground=(246, 245, 242),
    card=(255, 255, 255),
    ink=(28, 27, 25),
    soft=(102, 99, 92),
    line=(226, 223, 216),
    gain=(0, 106, 173),
    loss=(205, 84, 0),
    gain_ink=(0, 86, 140),
    loss_ink=(160, 63, 0),
    deepest=0.52,
)
DARK = Palette(
    ground=(19, 20, 23),
    card=(28, 30, 34),
    ink=(236, 235, 231),
    soft=(160, 157, 149),
    line=(52, 55, 61),
    gain=(70, 150, 215),
    loss=(226, 112, 40),
    gain_ink=(124, 192, 242),
    loss_ink=(245, 160, 106),
    deepest=0.6,
)
LIGHT_SERIES = ("#0072b2", "#d55e00", "#00805e", "#a3478f", "#8a6d00", "#4b3ba8", "#1f8a8a", "#6b6b6b")
DARK_SERIES = ("#5db5ee", "#f58a4b", "#3cc79c", "#e08fd0", "#d8b84a", "#a99cff", "#6fd3d3", "#b5b5b5")
"""Told apart by colour-blind readers, and readable as text on the ground."""
_TRIPLES = ("gain", "loss")  # mixed by the style sheet, which needs their parts
_OPAQUE = ("ground", "card", "ink", "soft", "line", "gain_ink", "loss_ink")


def css_variables() -> str:
    """Returns both palettes as style sheet variables, the dark one on screens where the reader prefers it.

    `--gain` and `--loss` are bare triples, for `rgb(var(--gain) / 50%)`; all others are values.
    """
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n:root {{ {_declare(DARK)} }}\n}}"
    paper = "@media print {\n:root { color-scheme: light; }\n}"
    return f":root {{ color-scheme: light dark; {_declare(LIGHT)} }}\n{dark}\n{paper}\n"


def hexadecimal(colour: Colour) -> str:
    """Returns a colour as matplotlib takes it.

    Example:
        >>> hexadecimal((255, 0, 16))
        '#ff0010'
    """
    return "#" + "".join(f"{part:02x}" for part in colour)


def _declare(palette: Palette) -> str:
    triples = [f"--{name}: {_spaced(getattr(palette, name))};" for name in _TRIPLES]
    opaque = [f"--{name.replace('_', '-')}: rgb({_spaced(getattr(palette, name))});" for name in _OPAQUE]
    return " ".join([*triples, *opaque, f"--deepest: {palette.deepest};"])


def _spaced(colour: Colour) -> str:
    return " ".join(map(str, colour))

"""Colours of rewards: blue for gains, vermilion for losses, which colour-blind readers can tell apart."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DARK", "LIGHT", "Colour", "Palette", "contrast", "css_variables", "mix", "on_dark", "on_light"]

Colour = tuple[int, int, int]

_GAIN: Colour = (0, 114, 178)
_LOSS: Colour = (213, 94, 0)
_FAINT = 60 / 255
"""Opacity of the colour of the smallest reward."""


@dataclass(frozen=True)
class Palette:
    """Colours of a page under one colour scheme, light or dark."""

    ground: Colour
    """Background of the page."""
    card: Colour
    """Background of the cards that hold the tokens."""
    ink: Colour
    soft: Colour
    """Text colour of secondary text."""
    line: Colour
    """Colour of lines and borders."""
    gain: Colour
    loss: Colour
    gain_ink: Colour
    """Text colour of gains."""
    loss_ink: Colour
    deepest: float
    """Opacity of `gain` or `loss` behind a token with the greatest reward."""

    def tint(self, share: float) -> Colour:
        """Returns the background colour of a token.

        Args:
            share: The reward as a share of the greatest one, in [-1, 1].
        """
        return mix(self.card, self.gain if share > 0 else self.loss, self.deepest * abs(share))


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
_TRIPLES = ("gain", "loss")  # mixed by style sheets, which need their parts
_OPAQUE = ("ground", "card", "ink", "soft", "line", "gain_ink", "loss_ink")


def css_variables() -> str:
    """Returns both palettes as style sheet variables, the dark one on screens where the reader prefers it.

    `--gain` and `--loss` are bare triples, for `rgb(var(--gain) / 50%)`; all others are values.
    """
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n:root {{ {_declare(DARK)} }}\n}}"
    paper = "@media print {\n:root { color-scheme: light; }\n}"
    return f":root {{ color-scheme: light dark; {_declare(LIGHT)} }}\n{dark}\n{paper}\n"


def contrast(one: Colour, other: Colour) -> float:
    """Returns the contrast ratio of two colours, from 1 to 21, as WCAG 2.2 defines it.

    Example:
        >>> contrast((0, 0, 0), (255, 255, 255))
        21.0
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def on_dark(share: float) -> Colour:
    """Returns the background colour of a token on a dark terminal: the darker, the smaller the reward.

    Args:
        share: The reward as a share of the greatest one, in [-1, 1].
    """
    weight = min(1.0, _FAINT + abs(share))
    return mix((0, 0, 0), _GAIN if share > 0 else _LOSS, weight)


def on_light(share: float) -> Colour:
    """Returns the background colour of a token on white paper: the lighter, the smaller the reward.

    Args:
        share: The reward as a share of the greatest one, in [-1, 1].
    """
    weight = min(1.0, _FAINT + (1.0 - _FAINT) * abs(share))
    return mix((255, 255, 255), _GAIN if share > 0 else _LOSS, weight)


def mix(ground: Colour, colour: Colour, weight: float) -> Colour:
    """Returns the blend of `colour` over `ground` with an opacity in [0, 1]."""
    red, green, blue = (round(a + (b - a) * weight) for a, b in zip(ground, colour, strict=True))
    return red, green, blue


def _declare(palette: Palette) -> str:
    triples = [f"--{name}: {_spaced(getattr(palette, name))};" for name in _TRIPLES]
    opaque = [f"--{name.replace('_', '-')}: rgb({_spaced(getattr(palette, name))});" for name in _OPAQUE]
    return " ".join([*triples, *opaque, f"--deepest: {palette.deepest};"])


def _spaced(colour: Colour) -> str:
    return " ".join(map(str, colour))


def _luminance(colour: Colour) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _unit(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _unit(colour: Colour) -> list[float]:
    return [part / 255 for part in colour]

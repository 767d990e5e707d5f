"""The colours of rewards: blue for gains, vermilion for losses, which colour-blind readers tell apart."""

from __future__ import annotations

__all__ = ["Colour", "on_dark", "on_light"]

Colour = tuple[int, int, int]

_GAIN: Colour = (0, 114, 178)
_LOSS: Colour = (213, 94, 0)
_FAINT = 60 / 255
"""How much of the colour the smallest reward gets."""


def on_dark(share: float) -> Colour:
    """Returns the ground of a token on a dark terminal: the darker, the smaller the reward.

    Args:
        share: The reward as a share of the greatest one, in [-1, 1].
    """
    weight = min(1.0, _FAINT + abs(share))
    return _mix((0, 0, 0), _GAIN if share > 0 else _LOSS, weight)


def on_light(share: float) -> Colour:
    """Returns the ground of a token on white paper: the lighter, the smaller the reward.

    Args:
        share: The reward as a share of the greatest one, in [-1, 1].
    """
    weight = min(1.0, _FAINT + (1.0 - _FAINT) * abs(share))
    return _mix((255, 255, 255), _GAIN if share > 0 else _LOSS, weight)


def _mix(ground: Colour, colour: Colour, weight: float) -> Colour:
    red, green, blue = (round(a + (b - a) * weight) for a, b in zip(ground, colour, strict=True))
    return red, green, blue

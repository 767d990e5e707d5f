"""Renders a sample as an image of fixed size, for videos and loggers; Pillow is imported lazily."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.render.colours import Colour, on_light
from rlsf_gym.render.numbers import show_number
from rlsf_gym.render.sample import Sample, TokenView, describe_standings, describe_verdict
from rlsf_gym.render.visible import show_controls

__all__ = ["picture", "picture_of_text"]

SIZE = (720, 320)
"""Width and height of the image in pixels."""
_MARGIN, _TEXT, _SMALL = 16, 18, 13
_BRIGHT = 0.5
"""Share of the greatest reward from which on the token's text is white."""
_INK, _DIM, _PAPER = (24, 24, 27), (113, 113, 122), (255, 255, 255)


class _Run(NamedTuple):
    """Run of text in one colour."""

    text: str
    ink: Colour
    ground: Colour | None = None
    edge: Colour | None = None
    """Colour of a frame around it."""


def picture(sample: Sample, *, scale: float | None = None) -> npt.NDArray[np.uint8]:
    """Returns an image of the prompt and the tokens coloured by reward, a legend, score and evidence.

    Where it is known, each token that was paid says what others would have earned in its place. The token
    that lost an answer is framed, and the proof in words stands beneath. What does not fit is left out, the
    last lines first.

    Args:
        sample: Sample to draw.
        scale: The reward that gets the full colour; by default the greatest of the sample.

    Returns:
        uint8 (320, 720, 3).

    Raises:
        ImportError: If Pillow is not installed.
    """
    full = scale or max((abs(token.reward) for token in sample.tokens), default=0.0) or 1.0
    tokens = [_frame(token, _token_run(token.text, token.reward / full)) for token in sample.tokens]
    facts = "   ".join(sample.told_facts)
    legend = [
        _token_run(show_number(-full, 2, least=0.0), -1.0),
        _Run("  0  ", _INK),
        _token_run(show_number(full, 2, least=0.0), 1.0),
        _Run(f"   {show_controls(sample.design)}", _DIM),
    ]
    told = [*(record.describe() for record in sample.records), *describe_standings(sample)]
    proof = [[_Run(line, _INK)] for line in describe_verdict(sample)]
    notes = [[_Run(line, _DIM)] for line in told]
    return _draw([_Run(sample.prompt, _DIM), *tokens], [[_Run(facts, _INK)], *proof, legend, *notes])


def picture_of_text(prompt: str, text: str) -> npt.NDArray[np.uint8]:
    """Returns an image of a prompt and the response so far, without rewards; uint8 (320, 720, 3).

    Raises:
        ImportError: If Pillow is not installed.
    """
    return _draw([_Run(show_controls(prompt), _DIM), _Run(show_controls(text), _INK)], [])


def _token_run(text: str, share: float) -> _Run:
    if share == 0:
        return _Run(text, _INK)
    return _Run(text, _PAPER if abs(share) > _BRIGHT else _INK, on_light(share))


def _frame(token: TokenView, run: _Run) -> _Run:
    return run._replace(edge=_INK) if token.mark == "fatal" else run


def _draw(text: Sequence[_Run], notes: Sequence[Sequence[_Run]]) -> npt.NDArray[np.uint8]:
    image_module, draw_module, large, small = _load_pillow()
    image = image_module.new("RGB", SIZE, _PAPER)
    canvas = draw_module.Draw(image)
    bottom = _write(canvas, text, large, _MARGIN, _TEXT + 10)
    for note in notes:
        bottom = _write(canvas, note, small, bottom + 6, _SMALL + 6)
    return np.array(image, np.uint8)


def _write(canvas: Any, runs: Sequence[_Run], font: Any, top: int, height: int) -> int:
    """Draws runs with line breaks at the right margin; returns the bottom of the last line."""
    left = float(_MARGIN)
    for piece in _pieces(runs):
        width = canvas.textlength(piece.text, font=font)
        if left + width > SIZE[0] - _MARGIN and left > _MARGIN:
            left, top = float(_MARGIN), top + height
        if top + height > SIZE[1]:
            return SIZE[1]
        if piece.ground is not None:
            canvas.rectangle((left, top, left + width, top + height - 4), fill=piece.ground)
        if piece.edge is not None:
            canvas.rectangle((left - 1, top - 1, left + width, top + height - 4), outline=piece.edge, width=2)
        canvas.text((left, top), piece.text, fill=piece.ink, font=font)
        left += width
    return top + height


def _pieces(runs: Sequence[_Run]) -> Iterator[_Run]:
    """Yields the runs split after spaces, where a line may break."""
    for run in runs:
        words = run.text.split(" ")
        for place, word in enumerate(words):
            piece = word if place == len(words) - 1 else f"{word} "
            if piece:
                yield run._replace(text=piece)


def _load_pillow() -> tuple[Any, Any, Any, Any]:
    try:
        import matplotlib
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise ImportError(
            f"images need Pillow and matplotlib's font ({error}); install them with: "
            "pip install 'rlsf-gym[render]'"
        ) from error
    font = f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf"
    return Image, ImageDraw, ImageFont.truetype(font, _TEXT), ImageFont.truetype(font, _SMALL)

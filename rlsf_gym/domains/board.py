"""Board: a puzzle as a page draws it, with what was answered at its places and what contradicts what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

__all__ = ["Board", "Cell", "DrawBoard", "Mark"]

Mark = str
"""`"given"`, `"fatal"` (it lost the answer), `"core"` (shares the blame), `"clash"` (what was given, and
contradicts it), `"gone"` (written when the answer was lost) or `""`."""


class Cell(NamedTuple):
    """Place of a board."""

    text: str
    """What stands there; empty where nothing was written."""
    right: str = ""
    """What a right answer has there, if something else stands there, or nothing."""
    mark: Mark = ""


class Board(NamedTuple):
    """Puzzle by rows of cells."""

    rows: tuple[tuple[Cell, ...], ...]
    told: str
    """What contradicts what, in a sentence without capital or full stop; empty where nothing does."""
    heads: tuple[str, ...] = ()
    """Headings of the columns, the first of which names the rows; none: a grid of squares."""
    box: tuple[int, int] = (0, 0)
    """Rows and columns of the boxes of a grid; zeros: it has none."""


class DrawBoard(Protocol):
    """Protocol of a function that draws the puzzles of a domain."""

    def __call__(
        self, data: Mapping[str, Any], start: int, response: str, payload: Mapping[str, Any]
    ) -> Board | None:
        """Returns the board of an answer, None if the data is not that of a puzzle of the domain.

        Args:
            data: Of the instance; from a file, so that nothing about it is certain.
            start: Length of the prompt, from which on the spans of the payload are in the response.
            response: The answer.
            payload: Of its certificate, a verdict as `rlsf_gym.render.verdict` reads it.
        """
        ...

"""Warns if units of text never close, so that dense rewards are paid at the end alone."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

from rlsf_gym.evidence import IntArray
from rlsf_gym.text.segmentation import Segmentation, can_close

__all__ = ["BoundaryWarning", "ClosingWatch"]

_TOKENS = 4  # with characters; a shorter response may well be one unit
_IN_A_ROW = 32  # responses of any kind: no text does without closing for so long


class BoundaryWarning(UserWarning):
    """Warning that under `boundary="closed"` no unit closes before the end: dense rewards become terminal."""


@dataclass(eq=False)
class ClosingWatch:
    """Watches an environment's responses, and warns once if their units never close."""

    segmentation: Segmentation
    _is_done: bool = field(default=False, init=False)
    _open: int = field(default=0, init=False)  # responses in a row in which nothing closed

    def see(self, texts: Sequence[str], char_ends: IntArray, closes: Sequence[bool]) -> None:
        """Checks responses whose prefixes are rewarded under `boundary="closed"`.

        Args:
            texts: B responses.
            char_ends: int64 (B, T), how many characters are certain after each token.
            closes: For each response whether a unit is known to close before its end.
        """
        if self._is_done or all(closes):
            self._open = 0
            return
        for text, ends, closed in zip(texts, char_ends, closes, strict=True):
            if self._is_done:
                return
            closable = closed or can_close(self.segmentation, text)
            if closable:
                self._open = 0
            elif len(set(ends.tolist()) - {0}) >= _TOKENS:
                self._open += 1
                self._is_done = self._open >= _IN_A_ROW or closable is False
                if self._is_done:
                    _warn(text)


def _warn(text: str) -> None:
    shown = text if len(text) <= 40 else f"{text[:40]}..."
    warnings.warn(
        f'boundary="closed" counts a unit when it is closed, and none is before the end of {shown!r}: '
        '`potential` and designs like it pay all on the last token, as `terminal` does; use boundary="open"',
        BoundaryWarning,
        stacklevel=2,
    )

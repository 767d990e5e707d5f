"""Says that words never close, where a text has no white space."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Sequence

from rlsf_gym.evidence import IntArray

__all__ = ["BoundaryWarning", "ClosingWatch"]

_TOKENS = 4  # with characters; a shorter response may well be one word
_WIDE = 4  # characters of scripts without spaces: as many as no word of another script has
_IN_A_ROW = 32  # responses of any script: no text does without white space so long

# Thai, Lao, Tibetan, Burmese and Khmer; Chinese, Japanese, Korean and emoji are known by their width.
_UNSPACED = ((0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF))


class BoundaryWarning(UserWarning):
    """Under `boundary="closed"` no word closes before the end, so that a dense reward is a terminal one."""


class ClosingWatch:
    """Warns once, when the words of an environment's responses never close."""

    def __init__(self) -> None:
        self._is_done = False
        self._open = 0  # responses in a row in which nothing closed

    def see(self, texts: Sequence[str], char_ends: IntArray, closes: Sequence[bool]) -> None:
        """Looks at responses whose prefixes are paid under `boundary="closed"`.

        Args:
            texts: B responses.
            char_ends: int64 (B, T), how many characters are certain after each token.
            closes: For each response whether a word is known to close before its end.
        """
        if self._is_done or all(closes):
            self._open = 0
            return
        for text, ends, closed in zip(texts, char_ends, closes, strict=True):
            if self._is_done:
                return
            if closed or any(map(str.isspace, text)):
                self._open = 0
            elif len(set(ends.tolist()) - {0}) >= _TOKENS:
                self._open += 1
                self._is_done = self._open >= _IN_A_ROW or sum(map(_is_unspaced, text)) >= _WIDE
                if self._is_done:
                    _warn(text)


def _is_unspaced(character: str) -> bool:
    code = ord(character)
    return unicodedata.east_asian_width(character) == "W" or any(
        first <= code <= last for first, last in _UNSPACED
    )


def _warn(text: str) -> None:
    shown = text if len(text) <= 40 else f"{text[:40]}..."
    warnings.warn(
        f'boundary="closed" counts a word when white space closes it, and {shown!r} has none: `potential` '
        'and designs like it pay all on the last token, as `terminal` does; use boundary="open"',
        BoundaryWarning,
        stacklevel=2,
    )

"""Reads a growing word incrementally.

No rule knows a word of more than `LONGEST` characters: of a longer one it only matters whether it stands in
capitals, holds "n't", or (with a graph) ends a sentence. So it is read as a short one of which the same is
true.
"""

from __future__ import annotations

from string import punctuation
from typing import Final

__all__ = ["LONGEST", "GrowingToken"]

LONGEST: Final = 64
"""Most characters of a token that is read unchanged; the longest word that VADER knows has 19."""

_PUNCTUATION = frozenset(punctuation)
_ENDS = frozenset(".!?")
# Words that no lexicon has, by whether they stand in capitals and whether they negate.
_STAND_INS = {
    (False, False): "zqzqzq",
    (True, False): "ZQZQZQ",
    (False, True): "zqzqn't",
    (True, True): "ZQZQN'T",
}


class GrowingToken:
    """Growing token without whitespace, each character of which is read once.

    Args:
        text: Text that contains the token.
        start: Offset of its first character.

    Example:
        >>> token = GrowingToken("(" * 70 + "GOOD...", 0)
        >>> token.grow(74), token.grow(77)
        ('GOOD', 'GOOD.')
    """

    def __init__(self, text: str, start: int) -> None:
        self.start = start
        self._text = text
        self._read = start
        self._first = -1  # of the characters that are no punctuation
        self._behind = -1  # behind the last of them
        self._has_upper = self._has_lower = self._negates = self._ends = False

    def grow(self, stop: int) -> str:
        """Returns a short token that the rules read as they read `text[start:stop]`.

        Args:
            stop: Offset of its end so far, not below that of the last call.
        """
        if stop - self.start <= LONGEST:
            return self._text[self.start : stop]
        for at in range(self._read, stop):
            self._see(self._text[at], at)
        begun = max(self.start, self._read - 2)
        self._negates = self._negates or "n't" in self._text[begun:stop].lower()
        self._read = stop
        return self._shorten()

    def _see(self, character: str, at: int) -> None:
        if character not in _PUNCTUATION:
            self._first = at if self._first < 0 else self._first
            self._behind = at + 1
        if character.isupper():
            self._has_upper = True
        elif character.islower() or character.istitle():
            self._has_lower = True
        self._ends = not character.isalnum() and (self._ends or character in _ENDS)

    def _shorten(self) -> str:
        end = "." if self._ends else ""
        size = self._behind - self._first if self._first >= 0 else 0
        core = self._text[self._first : self._behind] if 0 < size <= LONGEST else ""
        if size > LONGEST:
            return _STAND_INS[self._has_upper and not self._has_lower, self._negates] + end
        # Of up to two characters it would be an emoticon, marks and all, if it were short.
        return core + end if size > 2 else core + "'" * LONGEST + end

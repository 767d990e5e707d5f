"""Segmentation of answers into symbols, and these into claims."""

from __future__ import annotations

import re

import numpy as np

from rlsf_gym.text.segmentation import IntArray, Symbols

__all__ = ["Claims"]


class Claims(Symbols):
    r"""Symbols of a pattern, in groups: the claims of an answer.

    Args:
        pattern: Regular expression of a symbol.
        closing: Regular expression of a symbol with which a claim ends; every one by default.

    Example:
        >>> cells = Claims("[1-9]")
        >>> cells.groups("1.\n12", cells.units("12") + 3).tolist()
        [0, 1]
        >>> claims = Claims(r"[A-Z]|knight|knave|\.", closing=r"\.")
        >>> text = "A is a knight. B"
        >>> claims.groups(text, claims.units(text)).tolist()
        [0, 0, 0, 1]
    """

    def __init__(self, pattern: str, closing: str = r"(?s:.)+") -> None:
        super().__init__(pattern)
        self.closing = re.compile(closing)

    def groups(self, text: str, units: IntArray) -> IntArray:
        """Returns the number of the claim that each symbol is in, int64 (K,)."""
        ends = [self.closing.fullmatch(text, start, end) is not None for start, end in units.tolist()]
        numbers = np.zeros(len(units), np.int64)
        np.cumsum(ends[:-1], out=numbers[1:])
        return numbers

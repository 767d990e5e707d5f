"""Splits English text into clauses, by punctuation and conjunctions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["clause_numbers"]

_CLOSING = frozenset(".,;:!?\u2026\u2014")
_OPENING = frozenset(("and", "but", "or", "nor", "yet", "so", "although", "though", "while", "because", "if"))


def clause_numbers(words: Sequence[str]) -> npt.NDArray[np.int64]:
    """Returns the number of the clause that each word is in, by punctuation and conjunctions alone.

    A clause ends with a word that ends in one of . , ; : ! ? (or an ellipsis or a dash), whatever marks stand
    behind it, and before a conjunction.

    Args:
        words: K words with the punctuation that stands at them, in order.

    Returns:
        int64 (K,), from 0, non-decreasing.

    Example:
        >>> clause_numbers(["not", "good,", "but", "short", "and", "sweet"]).tolist()
        [0, 0, 1, 1, 2, 2]
    """
    closes = [_closes(word) for word in words]
    opens = [word.lower() in _OPENING for word in words]
    starts = [before or here for before, here in zip([False, *closes], opens, strict=False)]
    return np.cumsum([False, *starts[1:]], dtype=np.int64) if words else np.zeros(0, np.int64)


def _closes(word: str) -> bool:
    """Returns whether a closing mark follows the last letter, digit or underscore of a word."""
    for character in reversed(word):
        if character in _CLOSING:
            return True
        if character.isalnum() or character == "_":
            return False
    return False

"""Units of answers: numbers, operators and other signs, in steps that commas end."""

from __future__ import annotations

import numpy as np

from rlsf_gym.text.segmentation import IntArray, Symbols

__all__ = ["AnswerSymbols"]


class AnswerSymbols(Symbols):
    """Segmentation into runs of digits and single signs; units up to a comma are a group, the comma included.

    Example:
        >>> symbols = AnswerSymbols()
        >>> units = symbols.units("12-5=7,7*6=42")
        >>> [*map("12-5=7,7*6=42".__getitem__, (slice(*span) for span in units.tolist()))]
        ['12', '-', '5', '=', '7', ',', '7', '*', '6', '=', '42']
        >>> symbols.groups("12-5=7,7*6=42", units).tolist()
        [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    """

    def __init__(self) -> None:
        super().__init__(r"[0-9]+|[-+*/=,()]")

    def groups(self, text: str, units: IntArray) -> IntArray:
        """Returns the number of the step that each unit is in, int64 (K,)."""
        is_comma = np.array([text[start] == "," for start in units[:, 0].tolist()], np.int64)
        return np.cumsum(is_comma) - is_comma

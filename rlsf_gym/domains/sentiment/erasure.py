"""Erases words of an English text, for designs that ask for the score without them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rlsf_gym.text.segmentation import cut_out

__all__ = ["NEUTRAL", "erase_words"]

NEUTRAL = "it"
"""Replacement of an absent word: in no lexicon, and no rule asks for it."""


def erase_words(text: str, spans: npt.NDArray[np.int64], absences: Sequence[Sequence[int]]) -> list[str]:
    """Returns the text without some of its words, each replaced in place by a neutral one.

    In place, so that no other word comes nearer to a rule's window; in capitals where the word was, so that
    the text mixes capitals or does not as before. A word that goes on from the characters before it, such as
    the rest of a prompt's last word, is dropped instead: the neutral word would become a part of another one.

    Args:
        text: The text.
        spans: int64 (K, 2), its words in order, none overlapping another.
        absences: For each requested text, the numbers of the words that are absent.

    Returns:
        One text for each entry of `absences`.

    Example:
        >>> words = np.array([[13, 16], [17, 21]])
        >>> erase_words("The film was NOT good", words, [[0], [1], [0, 1]])
        ['The film was IT good', 'The film was NOT it', 'The film was IT it']
    """
    stand_ins = [_stand_in(text, start, stop) for start, stop in spans.tolist()]
    return cut_out(text, spans, absences, stand_ins)


def _stand_in(text: str, start: int, stop: int) -> str:
    if start and not text[start - 1].isspace():
        return ""
    return NEUTRAL.upper() if text[start:stop].isupper() else NEUTRAL

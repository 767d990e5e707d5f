"""Segmentation of English text into words between white space, grouped by clause."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from string import punctuation

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains.sentiment.clauses import clause_numbers
from rlsf_gym.domains.sentiment.erasure import erase_words
from rlsf_gym.text.segmentation import find_spans

__all__ = ["EnglishWords"]

IntArray = npt.NDArray[np.int64]

_WORD = re.compile(r"\S+")
# By code point, up to the first one behind the last whitespace of Unicode, U+3000.
_IS_SPACE = np.array([chr(code).isspace() for code in range(0x3002)])
_WIDE = 4  # characters of scripts without spaces: as many as no word of another script has
# Thai, Lao, Tibetan, Burmese and Khmer; Chinese, Japanese, Korean and emoji are known by their width.
_UNSPACED = ((0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF))


class EnglishWords:
    """Segmentation into words, the runs of characters between white space, grouped by clause.

    A word is closed by white space, or by the end of the response. An absent word is replaced in place by a
    neutral one.
    """

    def units(self, text: str) -> IntArray:
        """Returns the spans of the words, int64 (K, 2), with the punctuation that stands at them.

        Example:
            >>> EnglishWords().units(" a film!").tolist()
            [[1, 2], [3, 8]]
        """
        return find_spans(_WORD, text)

    def ends(self, text: str, units: IntArray) -> IntArray:
        """Returns where each word ends, the punctuation behind it left out, int64 (K,).

        Where a word is nothing but punctuation, that is the end of its span.

        Args:
            text: The text.
            units: int64 (K, 2), words as spans of the text.

        Example:
            >>> words = EnglishWords()
            >>> words.ends("a film!? ...", words.units("a film!? ...")).tolist()
            [1, 6, 12]
        """
        words = [text[start:end] for start, end in units.tolist()]
        sizes = [len(word.rstrip(punctuation)) or len(word) for word in words]
        return units[:, 0] + np.array(sizes, np.int64)

    def closed_ends(self, text: str, char_ends: IntArray) -> IntArray:
        """Returns the number of a response's characters in closed words after each token, int64 (T,).

        After token t that is the offset of the last white space in `text[:char_ends[t]]` (0 without one), and
        the whole text after the last token.

        Args:
            text: The response.
            char_ends: int64 (T,), non-decreasing, how many characters are certain after each token.

        Example:
            >>> EnglishWords().closed_ends(" a good film", np.array([2, 7, 10, 12])).tolist()
            [0, 2, 7, 12]
        """
        return self.closed_ends_batch([text], char_ends[None], np.array([len(char_ends)]))[0]

    def closed_ends_batch(self, texts: Sequence[str], char_ends: IntArray, lengths: IntArray) -> IntArray:
        """Returns `closed_ends` of B responses, whose texts are searched as one, int64 (B, T).

        Args:
            texts: B responses.
            char_ends: int64 (B, T), non-decreasing offsets into each text.
            lengths: int64 (B,), the number of tokens of each response; what is behind them closes everything.
        """
        sizes = np.array([len(text) for text in texts], np.int64)[:, None]  # (B, 1)
        starts = sizes.cumsum(axis=0) - sizes  # (B, 1), of each text in all of them
        spaces = _find_whitespace("".join(texts))
        before = spaces.searchsorted(char_ends + starts)  # (B, T), whitespace up to each end
        last = np.concatenate([[0], spaces])[before]  # (B, T), of an earlier text where its own has none
        positions = np.arange(char_ends.shape[1], dtype=np.int64)
        is_last = np.greater_equal(positions, lengths[:, None] - 1)  # (B, T)
        return np.where(is_last, sizes, np.maximum(last - starts, 0))

    def count_closed(self, text: str) -> int:
        """Returns the offset of the last white space, 0 without any.

        Example:
            >>> EnglishWords().count_closed(" a good fi")
            7
        """
        *_, word = text.rsplit(None, 1) or [""]
        return max(0, len(text) - 1 - (0 if text[-1:].isspace() else len(word)))

    def can_close(self, text: str) -> bool | None:
        """Returns whether words of such a text ever close: True with white space, False in a script without.

        None of a text that may well be a single word.
        """
        if any(map(str.isspace, text)):
            return True
        return False if sum(map(_is_unspaced, text)) >= _WIDE else None

    def groups(self, text: str, units: IntArray) -> IntArray:
        """Returns the number of the clause that each word is in, int64 (K,)."""
        return clause_numbers([text[start:end] for start, end in units.tolist()])

    def without(self, text: str, units: IntArray, absences: Sequence[Sequence[int]]) -> list[str]:
        """Returns N texts, in which the absent words are replaced by a neutral one."""
        return erase_words(text, units, absences)


def _find_whitespace(text: str) -> IntArray:
    """Returns the offsets of the characters at which `str.split` splits, in ascending order."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    return _IS_SPACE[np.minimum(codes, len(_IS_SPACE) - 1)].nonzero()[0]


def _is_unspaced(character: str) -> bool:
    code = ord(character)
    return unicodedata.east_asian_width(character) == "W" or any(
        first <= code <= last for first, last in _UNSPACED
    )

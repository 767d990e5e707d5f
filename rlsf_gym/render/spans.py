"""Finds the tokens of a response on which spans of its text stand."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from rlsf_gym.text.segmentation import Segmentation, find_spans, find_units

__all__ = ["IntArray", "by_token", "find_runs", "tokens_of_span", "tokens_of_word"]

IntArray = npt.NDArray[np.int64]

_LONG = 256  # characters
_RUN = re.compile(r"\S+")


def find_runs(text: str, segmentation: Segmentation | None = None) -> IntArray:
    """Returns the units of a text, without segmentation its runs between white space, int64 (K, 2)."""
    return find_spans(_RUN, text) if segmentation is None else find_units(segmentation, text)


def tokens_of_word(words: IntArray, spans: IntArray, start: int, end: int) -> range:
    """Returns the tokens of the words that `[start, end)` touches, and the token that closes the last one.

    Under the closed boundary a word is paid for by the token that opens the next one. Of words of more than
    256 characters together, such as a text without white space, they are the tokens of `[start, end)` alone.
    A word that the next one follows at once, such as a bracket, is closed by its own last token.

    Args:
        words: int64 (K, 2), the words of the text.
        spans: int64 (T, 2), the characters that each token completed.
        start: Offset of the first character.
        end: Offset behind the last one.
    """
    first_word, last_word = _between(words, start, end)
    if first_word == last_word:
        return tokens_of_span(spans, start, end) if start < end else range(0)
    first, last = int(words[first_word, 0]), int(words[last_word - 1, 1])
    if last - first > _LONG:
        return tokens_of_span(spans, start, end)
    closes_itself = last_word < len(words) and int(words[last_word, 0]) == last
    return tokens_of_span(spans, first, last if closes_itself else last + 1)


def tokens_of_span(spans: IntArray, start: int, end: int) -> range:
    """Returns the tokens that completed a character of `[start, end)`; the span may lie in the prompt."""
    return range(*_between(spans, start, end))


def _between(spans: IntArray, start: int, end: int) -> tuple[int, int]:
    """Returns the first of the spans that end behind `start`, and the first that begins at `end` or later."""
    first = np.searchsorted(spans[:, 1], start, side="right")
    return int(first), int(np.searchsorted(spans[:, 0], end, side="left"))


def by_token(ranges: Iterable[Iterable[int]], length: int) -> list[list[int]]:
    """Returns for each of `length` tokens the numbers of the ranges that contain it."""
    numbers: list[list[int]] = [[] for _ in range(length)]
    for number, tokens in enumerate(ranges):
        for token in tokens:
            numbers[token].append(number)
    return numbers

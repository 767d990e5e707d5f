"""Segmentation of text into units: the protocol, a segmentation into single symbols, and checks.

A unit is what a reward design credits: a word, a number or operator, a bracket. What that is in a domain, no
general code knows: it asks the domain's `Segmentation`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

__all__ = [
    "Segmentation",
    "Symbols",
    "can_close",
    "choose_segmentation",
    "closed_ends_batch",
    "closed_ends_by_row",
    "cut_out",
    "find_groups",
    "find_spans",
    "find_texts_without",
    "find_unit_ends",
    "find_units",
]

IntArray = npt.NDArray[np.int64]


class Segmentation(Protocol):
    """Protocol of a segmentation: spans of units, when they close, their groups, the text without some.

    A segmentation may also have any of these, which are done without where they are absent:

    - `ends(text, units) -> int64 (K,)`: the offset with which each unit is complete, so that the token that
      completed it is paid: the end of a word without the punctuation behind it. Without it, the unit's end.
    - `closed_ends_batch(texts, char_ends, lengths) -> int64 (B, T)`: `closed_ends` of B responses at once.
    - `count_closed(text) -> int`: how many characters lie in closed units of a text that begins where a unit
      may begin and goes on. With it, environments whose steps are tokens look at each character once.
    - `closes_at_once`, True where `closed_ends` returns `char_ends` of any text: each character counts with
      the token that completes it. Without it, what other tokens would earn is known for `boundary="open"`;
    - `can_close(text) -> bool | None`: whether units of a text of such a kind ever close before its end, None
      where one text can't tell. Environments warn of texts in which they don't.
    """

    def units(self, text: str) -> IntArray:
        """Returns the spans of the units of a response, int64 (K, 2): in order, none empty, none overlapping.

        Args:
            text: The response.
        """
        ...

    def closed_ends(self, text: str, char_ends: IntArray) -> IntArray:
        """Returns how many characters of a response lie in closed units after each token, int64 (T,).

        A unit is closed once no further character can change what it is. The number may depend on the
        characters up to `char_ends[t]` alone, and is the length of the text at the last token.

        Args:
            text: The response.
            char_ends: int64 (T,), non-decreasing, how many characters are certain after each token.
        """
        ...

    def groups(self, text: str, units: IntArray) -> IntArray:
        """Returns the number of the group that each unit is in (its clause), int64 (K,), from 0, in order.

        Args:
            text: Prompt and response.
            units: int64 (K, 2), the response's units as spans of the text.
        """
        ...

    def without(self, text: str, units: IntArray, absences: Sequence[Sequence[int]]) -> list[str]:
        """Returns the text without some of its units, once for each choice of absent ones.

        What stands before the first unit stays as it is.

        Args:
            text: Prompt and response.
            units: int64 (K, 2), the response's units as spans of the text.
            absences: N choices of units, by their numbers.
        """
        ...


class Symbols:
    r"""Segmentation in which each symbol is a unit, closed as soon as it is complete.

    For domains in which the value of a text is decided character by character. All units are one group, and
    an absent one is cut out.

    Args:
        pattern: Regular expression of a symbol; without it each character is one. What no match covers
            belongs to no unit.

    Example:
        >>> Symbols().units("(a)").tolist()
        [[0, 1], [1, 2], [2, 3]]
        >>> numbers = Symbols(r"\d+|[-+*/()]")
        >>> numbers.units("12 + 3").tolist()
        [[0, 2], [3, 4], [5, 6]]
        >>> numbers.without("12 + 3", numbers.units("12 + 3"), [[1], [0, 1]])
        ['12  3', '  3']
    """

    closes_at_once = True

    def __init__(self, pattern: str = r"(?s:.)") -> None:
        self.pattern = re.compile(pattern)

    def units(self, text: str) -> IntArray:
        """Returns the spans of the matches, int64 (K, 2)."""
        return find_spans(self.pattern, text)

    def closed_ends(self, text: str, char_ends: IntArray) -> IntArray:
        """Returns `char_ends`: every character counts with the token that completes it, int64 (T,)."""
        return char_ends

    def closed_ends_batch(self, texts: Sequence[str], char_ends: IntArray, lengths: IntArray) -> IntArray:
        """Returns `char_ends`, int64 (B, T)."""
        return char_ends

    def groups(self, text: str, units: IntArray) -> IntArray:
        """Returns zeros, int64 (K,): one group of all."""
        return np.zeros(len(units), np.int64)

    def without(self, text: str, units: IntArray, absences: Sequence[Sequence[int]]) -> list[str]:
        """Returns N texts, from which the absent units are cut out."""
        return cut_out(text, units, absences, [""] * len(units))


def choose_segmentation(scorer: Any, default: Segmentation) -> Segmentation:
    """Returns the segmentation that a scorer brings as its `segmentation`, or else the default.

    Raises:
        ValueError: If what it brings lacks a method of `Segmentation`.
    """
    chosen = getattr(scorer, "segmentation", None)
    if chosen is None:
        chosen = default
    needed = ("units", "closed_ends", "groups", "without")
    missing = [name for name in needed if not callable(getattr(chosen, name, None))]
    if missing or isinstance(chosen, type):
        lacks = f"a class; make an object of {chosen.__name__}" if isinstance(chosen, type) else repr(chosen)
        raise ValueError(
            f"segmentation must be an object with the methods {', '.join(needed)}, got {lacks}"
            + (f", which lacks {', '.join(missing)}" if missing else "")
        )
    return chosen


def find_spans(pattern: re.Pattern[str], text: str) -> IntArray:
    r"""Returns the spans of the matches of a pattern that are not empty, int64 (K, 2).

    Example:
        >>> find_spans(re.compile(r"\S+"), " a film").tolist()
        [[1, 2], [3, 7]]
    """
    ends = (end for match in pattern.finditer(text) for end in match.span())
    spans = np.fromiter(ends, np.int64).reshape(-1, 2)  # without a list of as many tuples
    return spans[spans[:, 0] < spans[:, 1]]


def cut_out(
    text: str, units: IntArray, absences: Sequence[Sequence[int]], stand_ins: Sequence[str]
) -> list[str]:
    """Returns the text with something else in the place of absent units, once for each choice of them.

    Args:
        text: The text.
        units: int64 (K, 2), spans in order, none overlapping another.
        absences: N choices of units, by their numbers.
        stand_ins: Replacement of each of the K units where it is absent; "" to cut it out.
    """
    pieces: list[str] = []
    end = 0
    for start, stop in units.tolist():
        pieces += [text[end:start], text[start:stop]]
        end = stop
    pieces.append(text[end:])
    cut: list[str] = []
    for absent in absences:
        parts = pieces.copy()
        for unit in absent:
            parts[2 * unit + 1] = stand_ins[unit]
        cut.append("".join(parts))
    return cut


def find_units(segmentation: Segmentation, text: str) -> IntArray:
    """Returns the spans of the units of a response, int64 (K, 2).

    Raises:
        ValueError: If they are not spans of the text, in order and apart.
    """
    units = segmentation.units(text)
    _check_kind(segmentation, "units", units)
    borders: list[int] = units.ravel().tolist()  # as a list, which is faster for a response's few units
    is_ordered = units.shape == (len(units), 2) and [0, *borders] == sorted([0, *borders])
    if not is_ordered or any(map(operator.eq, borders[::2], borders[1::2])):
        raise _wrong(segmentation, "units", "non-empty spans (K, 2) in order", units, text)
    if borders and borders[-1] > len(text):
        raise _wrong(segmentation, "units", f"spans within {len(text)} characters", units, text)
    return units


def find_unit_ends(segmentation: Segmentation, text: str, units: IntArray) -> IntArray:
    """Returns the offset with which each unit is complete, int64 (K,).

    Args:
        segmentation: The segmentation.
        text: Prompt and response.
        units: int64 (K, 2), the response's units as spans of the text.

    Raises:
        ValueError: If an end does not lie in its unit.
    """
    find_ends: Any = getattr(segmentation, "ends", None)
    if find_ends is None:
        return units[:, 1]
    ends: IntArray = find_ends(text, units)
    _check_kind(segmentation, "ends", ends)
    if ends.shape != units.shape[:1] or (ends <= units[:, 0]).any() or (ends > units[:, 1]).any():
        raise _wrong(segmentation, "ends", f"offsets within its units {units.tolist()}", ends, text)
    return ends


def find_groups(segmentation: Segmentation, text: str, units: IntArray) -> IntArray:
    """Returns the number of the group that each unit is in, int64 (K,).

    Args:
        segmentation: The segmentation.
        text: Prompt and response.
        units: int64 (K, 2), the response's units as spans of the text.

    Raises:
        ValueError: If there is not one number for each unit.
    """
    groups = segmentation.groups(text, units)
    _check_kind(segmentation, "groups", groups)
    if groups.shape != units.shape[:1]:
        raise _wrong(segmentation, "groups", f"{len(units)} numbers", groups, text)
    return groups


def closed_ends_batch(
    segmentation: Segmentation, texts: Sequence[str], char_ends: IntArray, lengths: IntArray
) -> IntArray:
    """Returns how many characters of B responses lie in closed units after each token, int64 (B, T).

    Args:
        segmentation: The segmentation.
        texts: B responses.
        char_ends: int64 (B, T), non-decreasing offsets into each text; at padding its length.
        lengths: int64 (B,), the number of tokens of each response; what is behind them closes everything.

    Raises:
        ValueError: If they are not non-decreasing offsets, up to `char_ends` each, and the whole text at the
            last token.
    """
    batched: Any = getattr(segmentation, "closed_ends_batch", None)
    if batched is None:
        return closed_ends_by_row(segmentation, texts, char_ends, lengths)
    closed = batched(texts, char_ends, lengths)
    if type(segmentation).__module__.startswith("rlsf_gym."):  # ours are held to it by tests, at no cost here
        return closed
    _check_kind(segmentation, "closed_ends_batch", closed)
    return _check_closed(segmentation, texts, char_ends, lengths, closed)


def closed_ends_by_row(
    segmentation: Segmentation, texts: Sequence[str], char_ends: IntArray, lengths: IntArray
) -> IntArray:
    """Returns the same as `closed_ends_batch`, with one call per response, int64 (B, T).

    Args:
        segmentation: The segmentation.
        texts: B responses.
        char_ends: int64 (B, T), non-decreasing offsets into each text; at padding its length.
        lengths: int64 (B,), the number of tokens of each response.

    Raises:
        ValueError: As `closed_ends_batch` says.
    """
    closed = char_ends.copy()
    for row, (text, length) in enumerate(zip(texts, lengths.tolist(), strict=True)):
        if not length:
            continue  # nothing closes without a token
        given = segmentation.closed_ends(text, char_ends[row, :length])
        _check_kind(segmentation, "closed_ends", given)
        if given.shape != (length,):
            raise _wrong(segmentation, "closed_ends", f"{length} offsets", given, text)
        closed[row, :length] = given
    return _check_closed(segmentation, texts, char_ends, lengths, closed)


def _check_closed(
    segmentation: Segmentation,
    texts: Sequence[str],
    char_ends: IntArray,
    lengths: IntArray,
    closed: IntArray,
) -> IntArray:
    """Returns a segmentation's closed ends after checking them, int64 (B, T)."""
    method = "closed_ends_batch" if hasattr(segmentation, "closed_ends_batch") else "closed_ends"
    if closed.shape != char_ends.shape:
        raise _wrong(segmentation, method, f"an array of shape {char_ends.shape}", closed, "".join(texts))
    rows, last = np.arange(len(texts)), np.maximum(lengths - 1, 0)  # (B,) each
    is_wrong = closed > char_ends  # (B, T)
    is_wrong[:, 1:] |= closed[:, 1:] < closed[:, :-1]
    is_wrong[:, 0] |= closed[:, 0] < 0
    is_wrong[rows, last] |= (closed[rows, last] < char_ends[rows, last]) & (lengths > 0)
    if is_wrong.any():
        row = int(is_wrong.any(axis=1).argmax())
        ends = char_ends[row, : lengths[row]].tolist()
        wanted = f"non-decreasing offsets up to {ends}, the last one {len(texts[row])}"
        raise _wrong(segmentation, method, wanted, closed[row], texts[row])
    return closed


def can_close(segmentation: Segmentation, text: str) -> bool | None:
    """Returns whether units of such a text ever close before its end, None where that can't be told."""
    told: Any = getattr(segmentation, "can_close", None)
    return None if told is None else told(text)


def find_texts_without(
    segmentation: Segmentation, text: str, units: IntArray, absences: Sequence[Sequence[int]]
) -> list[str]:
    """Returns the text without some of its units, once for each choice of absent ones.

    Args:
        segmentation: The segmentation.
        text: Prompt and response.
        units: int64 (K, 2), the response's units as spans of the text.
        absences: N choices of units, by their numbers.

    Raises:
        ValueError: If they are not so many texts, each of which begins as the text does.
    """
    texts = segmentation.without(text, units, absences)
    kept = text[: int(units[0, 0])] if len(units) else text
    is_list = isinstance(cast(object, texts), list) and len(texts) == len(absences)
    if not is_list or not all(isinstance(cast(object, one), str) and one.startswith(kept) for one in texts):
        raise ValueError(
            f"segmentation {type(segmentation).__name__} must return {len(absences)} texts that begin with "
            f"{kept!r:.80} from without, got {texts!r:.200}"
        )
    return texts


def _check_kind(segmentation: Segmentation, method: str, got: Any) -> None:
    if not isinstance(got, np.ndarray) or cast(Any, got).dtype != np.int64:
        kind = f"{cast(Any, got)!r:.80}"
        raise ValueError(
            f"segmentation {type(segmentation).__name__} must return an array of int64 from {method}, "
            f"got {kind}"
        )


def _wrong(segmentation: Segmentation, method: str, wanted: str, got: IntArray, text: str) -> ValueError:
    return ValueError(
        f"segmentation {type(segmentation).__name__} must return {wanted} from {method}, "
        f"got {got.tolist()} for {text!r:.80}"
    )

"""Maps between the characters of a response and its tokens, by byte offsets.

Tokens of a byte-level vocabulary are byte strings: one may be half a character, several characters, or none
(the end token). A character belongs to the token that completes it. Rewards are assigned to the ids that were
sampled, so nothing here ever tokenises.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

_Decoder = codecs.getincrementaldecoder("utf-8")


def decode_pieces(pieces: Sequence[bytes]) -> tuple[str, IntArray]:
    r"""Returns the text of the pieces and how much of it is certain after each of them.

    The bytes run through an incremental UTF-8 decoder, so that `char_ends[t]` and the characters before it
    depend on the pieces up to `t` alone; bytes that are no UTF-8 become U+FFFD. The last piece flushes half
    a character.

    Args:
        pieces: The byte string of each token.

    Returns:
        The text, and int64 (K,): the number of its characters that are certain after each piece; the last
        one is the length of the text.

    Example:
        >>> text, char_ends = decode_pieces([b" caf", b"\xc3", b"\xa9", b"!"])
        >>> text, char_ends.tolist()
        (' café!', [4, 4, 5, 6])
    """
    joined = b"".join(pieces)
    if joined.isascii():
        return joined.decode("ascii"), np.fromiter(accumulate(map(len, pieces)), np.int64, len(pieces))
    decoder = _Decoder("replace")
    last = len(pieces) - 1
    parts = [decoder.decode(piece, position == last) for position, piece in enumerate(pieces)]
    return "".join(parts), np.fromiter(accumulate(map(len, parts)), np.int64, len(parts))


def token_spans(char_ends: IntArray) -> IntArray:
    """Returns the span of characters that each token completed.

    Args:
        char_ends: int64 (K,), non-decreasing.

    Returns:
        int64 (K, 2), start and end offsets; empty for a token that completed no character.

    Example:
        >>> token_spans(np.array([4, 4, 5])).tolist()
        [[0, 4], [4, 4], [4, 5]]
    """
    starts = np.concatenate([np.zeros(1, np.int64), char_ends[:-1]])[: len(char_ends)]
    return np.stack([starts, char_ends], axis=1)


def tokens_of_span(char_ends: IntArray, char_start: int, char_end: int) -> range:
    """Returns the positions of the tokens that completed a character of `[char_start, char_end)`.

    Every non-empty span inside the text has at least one; the last one is the token that completed the span.

    Raises:
        ValueError: If the span is empty, or not inside the text.

    Example:
        >>> tokens_of_span(np.array([4, 4, 5, 9]), 3, 5)
        range(0, 3)
    """
    length = int(char_ends[-1]) if len(char_ends) else 0
    if not 0 <= char_start < char_end <= length:
        raise ValueError(f"span must be non-empty and inside [0, {length}], got [{char_start}, {char_end})")
    first = int(np.searchsorted(char_ends, char_start, side="right"))
    last = int(np.searchsorted(char_ends, char_end, side="left"))
    return range(first, last + 1)

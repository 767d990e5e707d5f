"""Maps between the characters of a response and its tokens, by byte offsets.

Tokens of a byte-level vocabulary are byte strings: one may be half a character, several characters, or none
(the end token). A character belongs to the token that completes it. Rewards are laid on the ids that were
sampled, so nothing here ever tokenises.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from itertools import accumulate
from string import punctuation

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

# By code point, up to the first one behind the last whitespace of Unicode, U+3000.
_IS_SPACE = np.array([chr(code).isspace() for code in range(0x3002)])
_WORD = re.compile(r"\S+")
_CLOSING = frozenset(".,;:!?\u2026\u2014")
_OPENING = frozenset(("and", "but", "or", "nor", "yet", "so", "although", "though", "while", "because", "if"))
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


def closed_ends(text: str, char_ends: IntArray) -> IntArray:
    """Returns how much of the text is made of closed words after each token.

    A word is closed by whitespace, or by the end of the response: after token t that is the offset of the
    last whitespace in `text[:char_ends[t]]` (0 without one), and the whole text after the last token.

    Args:
        text: The response.
        char_ends: int64 (K,), non-decreasing offsets into `text`, as `decode_pieces` gives them.

    Returns:
        int64 (K,), non-decreasing offsets into `text`.

    Example:
        >>> closed_ends(" a good film", np.array([2, 7, 10, 12])).tolist()
        [0, 2, 7, 12]
    """
    return closed_ends_batch([text], char_ends[None], np.array([len(char_ends)]))[0]


def closed_ends_batch(texts: Sequence[str], char_ends: IntArray, lengths: IntArray) -> IntArray:
    """Returns `closed_ends` of B responses, whose texts are searched as one.

    Args:
        texts: B responses.
        char_ends: int64 (B, T), non-decreasing offsets into each text.
        lengths: int64 (B,), the number of tokens of each response; what is behind them closes everything.

    Returns:
        int64 (B, T), non-decreasing offsets into each text.
    """
    sizes = np.array([len(text) for text in texts], np.int64)[:, None]  # (B, 1)
    starts = sizes.cumsum(axis=0) - sizes  # (B, 1), of each text in all of them
    spaces = _find_whitespace("".join(texts))
    before = spaces.searchsorted(char_ends + starts)  # (B, T), whitespace up to each end
    last = np.concatenate([[0], spaces])[before]  # (B, T), of an earlier text where its own has none
    positions = np.arange(char_ends.shape[1], dtype=np.int64)
    is_last = np.greater_equal(positions, lengths[:, None] - 1)  # (B, T)
    return np.where(is_last, sizes, np.maximum(last - starts, 0))


def _find_whitespace(text: str) -> IntArray:
    """Returns the offsets of the characters at which `str.split` splits, in ascending order."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    return _IS_SPACE[np.minimum(codes, len(_IS_SPACE) - 1)].nonzero()[0]


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


def word_spans(text: str, offset: int = 0) -> IntArray:
    """Returns the spans of the words of a text: its runs of characters between whitespace.

    Args:
        text: The text.
        offset: Added to every start and end.

    Returns:
        int64 (K, 2).

    Example:
        >>> word_spans(" a film").tolist()
        [[1, 2], [3, 7]]
    """
    spans = [match.span() for match in _WORD.finditer(text)]
    return np.array(spans, np.int64).reshape(-1, 2) + offset


def word_ends(text: str, spans: IntArray, offset: int = 0) -> IntArray:
    """Returns where each word ends, the punctuation behind it left out.

    Args:
        text: The text.
        spans: int64 (K, 2), its words, `offset` added.
        offset: What was added.

    Returns:
        int64 (K,); the end of the span where a word is nothing but punctuation.

    Example:
        >>> word_ends("a film!?", word_spans("a film!?")).tolist()
        [1, 6]
    """
    words = [text[start - offset : end - offset] for start, end in spans.tolist()]
    sizes = [len(word.rstrip(punctuation)) or len(word) for word in words]
    return spans[:, 0] + np.array(sizes, np.int64)


def clause_numbers(words: Sequence[str]) -> IntArray:
    """Returns the number of the clause that each word stands in, by its marks alone.

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
    """Returns whether a closing mark stands behind the last letter, digit or underscore of a word."""
    for character in reversed(word):
        if character in _CLOSING:
            return True
        if character.isalnum() or character == "_":
            return False
    return False

"""Decodes token ids into responses: texts, masks and character offsets."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from rlsf_gym.evidence import BoolArray, IntArray
from rlsf_gym.text.bytes import decode_pieces
from rlsf_gym.text.tokenizer import Tokenizer

_Decoder = codecs.getincrementaldecoder("utf-8")


class Responses(NamedTuple):
    """Batch of responses, decoded from token ids."""

    texts: list[str]
    """Decoded texts of the B responses."""
    finish_reasons: list[str]
    """Why each response ended: `eos`, `stop`, `length` or `empty`."""
    mask: BoolArray
    """bool (B, T), True on real tokens."""
    lengths: IntArray
    """int64 (B,), the number of real tokens."""
    char_ends: IntArray
    """int64 (B, T), characters of the response that are certain after each token; all of them at padding."""


class Pieces(dict[int, bytes]):
    """Cache of the byte strings of tokens.

    Args:
        tokenizer: Tokenizer that maps an id to its bytes.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer

    def __missing__(self, token: int) -> bytes:
        """Looks up the bytes of a token that is not in the cache."""
        piece = self[token] = self._tokenizer.token_bytes(token)
        return piece

    def read(self, ids: Sequence[int]) -> tuple[str, bytes]:
        """Returns the characters that are certain after so many tokens, and the bytes that wait for more."""
        decoder = _Decoder("replace")
        text = decoder.decode(b"".join(self[token] for token in ids))
        return text, decoder.getstate()[0]


def read_responses(actions: IntArray, tokenizer: Tokenizer, pieces: Pieces | None = None) -> Responses:
    """Returns the responses that token ids spell.

    A response ends at the first end token, which is counted, or at the first V, which is not; what follows is
    ignored.

    Args:
        actions: int64 (B, T), ids from 0 to V.
        tokenizer: Tokenizer that maps an id to its bytes.
        pieces: Cache of the tokens' bytes.
    """
    vocab_size, eos = tokenizer.vocab_size, tokenizer.eos_token_id
    is_eos = np.equal(actions, eos)  # (B, T) bool
    stops = is_eos | np.equal(actions, vocab_size)
    earlier = stops.cumsum(axis=1) - stops  # (B, T) int64, stops before each token
    mask = np.less(actions, vocab_size) & np.equal(earlier, 0)
    lengths = mask.sum(axis=1)  # (B,) int64
    by_eos = (mask & is_eos).any(axis=1)
    texts, char_ends = _decode(
        actions, mask, lengths.tolist(), Pieces(tokenizer) if pieces is None else pieces
    )
    limit = actions.shape[1]
    ended, counts = cast(list[bool], by_eos.tolist()), cast(list[int], lengths.tolist())
    reasons = [
        "eos" if at_eos else "length" if 0 < count == limit else "stop" if count else "empty"
        for at_eos, count in zip(ended, counts, strict=True)
    ]
    return Responses(texts, reasons, mask, lengths, char_ends)


def _decode(
    actions: IntArray, mask: BoolArray, lengths: list[int], pieces: Pieces
) -> tuple[list[str], IntArray]:
    """Returns B texts, and int64 (B, T): how many of their characters are certain after each token."""
    parts = [pieces[token] for token in actions[mask].tolist()]  # of all responses, one behind the other
    joined = b"".join(parts)
    ends = np.zeros(actions.shape, np.int64)
    ends[mask] = np.fromiter(map(len, parts), np.int64, len(parts))
    ends.cumsum(axis=1, out=ends)  # (B, T), in bytes, which of ASCII are characters
    texts: list[str] = []
    first = start = 0
    for row, (length, size) in enumerate(zip(lengths, ends[:, -1].tolist(), strict=True)):
        spelled = joined[start : start + size]
        if spelled.isascii():
            texts.append(spelled.decode("ascii"))
        else:
            text, ends[row, :length] = decode_pieces(parts[first : first + length])
            ends[row, length:] = len(text)
            texts.append(text)
        first, start = first + length, start + size
    return texts, ends


def find_pending(actions: IntArray, responses: Responses, pieces: Pieces) -> dict[bytes, list[int]]:
    """Returns before which tokens half a character waits: its bytes to positions in the flattened (B, T).

    Args:
        actions: int64 (B, T), the ids of the tokens.
        responses: The responses that they spell.
        pieces: Cache of the tokens' bytes.
    """
    found: dict[bytes, list[int]] = {}
    for row, text in enumerate(responses.texts):
        if text.isascii():
            continue
        decoder = _Decoder("replace")
        tokens: list[int] = actions[row, : int(responses.lengths[row])].tolist()
        for at, token in enumerate(tokens, start=row * actions.shape[1]):
            waiting = decoder.getstate()[0]
            if waiting:
                found.setdefault(waiting, []).append(at)
            decoder.decode(pieces[token])
    return found


def char_spans(char_ends: IntArray, offsets: IntArray) -> IntArray:
    """Returns int64 (B, T, 2): the characters of prompt + response that each token completed.

    Args:
        char_ends: int64 (B, T), as `Responses` has them.
        offsets: int64 (B,), the number of characters of each prompt.
    """
    spans = np.empty((*char_ends.shape, 2), np.int64)
    np.add(char_ends, offsets[:, None], out=spans[:, :, 1])
    spans[:, 0, 0] = offsets
    spans[:, 1:, 0] = spans[:, :-1, 1]
    return spans

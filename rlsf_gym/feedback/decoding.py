"""Token ids to the responses that they spell."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from rlsf_gym.evidence import BoolArray, IntArray
from rlsf_gym.text.bytes import decode_pieces
from rlsf_gym.text.tokenizer import Tokenizer


class Responses(NamedTuple):
    """A batch of responses, read from the token ids."""

    texts: list[str]
    """The decoded responses."""
    finish_reasons: list[str]
    """`eos`, `stop`, `length` or `empty`."""
    mask: BoolArray
    """bool (B, T), True on real tokens."""
    char_ends: IntArray
    """int64 (B, T), characters of the response that are certain after each token; all of them at padding."""


def read_responses(actions: IntArray, tokenizer: Tokenizer) -> Responses:
    """Returns what the token ids say.

    A response ends at the first end token, which is counted, or at the first V, which is not; what follows is
    ignored.

    Args:
        actions: int64 (B, T), ids from 0 to V.
        tokenizer: Says which bytes an id stands for.
    """
    vocab_size, eos = tokenizer.vocab_size, tokenizer.eos_token_id
    is_eos = np.equal(actions, eos)  # (B, T) bool
    stops = is_eos | np.equal(actions, vocab_size)
    earlier = stops.cumsum(axis=1) - stops  # (B, T) int64, stops before each token
    mask = np.less(actions, vocab_size) & np.equal(earlier, 0)
    lengths = mask.sum(axis=1)  # (B,) int64
    by_eos = (mask & is_eos).any(axis=1)
    char_ends = np.zeros(actions.shape, np.int64)
    texts: list[str] = []
    pieces = {token: tokenizer.token_bytes(token) for token in set(actions[mask].tolist())}
    for row, (tokens, length) in enumerate(zip(actions.tolist(), lengths.tolist(), strict=True)):
        text, char_ends[row, :length] = decode_pieces([pieces[token] for token in tokens[:length]])
        char_ends[row, length:] = len(text)
        texts.append(text)
    limit = actions.shape[1]
    ended, counts = cast(list[bool], by_eos.tolist()), cast(list[int], lengths.tolist())
    reasons = [
        "eos" if at_eos else "length" if 0 < count == limit else "stop" if count else "empty"
        for at_eos, count in zip(ended, counts, strict=True)
    ]
    return Responses(texts, reasons, mask, char_ends)


def char_spans(char_ends: IntArray, offsets: IntArray) -> IntArray:
    """Returns int64 (B, T, 2): the characters of prompt + response that each token completed.

    Args:
        char_ends: int64 (B, T), as `Responses` has them.
        offsets: int64 (B,), the number of characters of each prompt.
    """
    starts = np.concatenate([np.zeros_like(char_ends[:, :1]), char_ends[:, :-1]], axis=1)
    return np.stack([starts, char_ends], axis=2) + offsets[:, None, None]

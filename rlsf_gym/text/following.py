"""Text that each token of a vocabulary would add to a response."""

from __future__ import annotations

import codecs
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["Following", "read_following"]

BoolArray = npt.NDArray[np.bool_]

_Decoder = codecs.getincrementaldecoder("utf-8")


@dataclass(frozen=True, eq=False)
class Following:
    """Text that each of V next tokens would add to what is certain of a response.

    One object stands for one text per token, and is compared by identity: scorers keep tables for it.
    """

    texts: tuple[str, ...]
    """V texts, the characters that become certain; empty for the end token and for half a character."""
    ends: BoolArray
    """bool (V,), whether the response would be over with the token."""


def read_following(tokenizer: Tokenizer, pending: bytes = b"", *, is_last: bool = False) -> Following:
    r"""Returns what each token of a vocabulary adds behind bytes that are no character yet.

    The texts are those of `decode_pieces`: bytes that are no UTF-8 become U+FFFD, and half a character does
    where the response is over. Takes O(V) time; asked again of the same tokenizer, it is the same object, so
    that environments share the tables that a scorer keeps for it.

    Args:
        tokenizer: Tokenizer with V tokens.
        pending: The bytes of half a character at the end of the response.
        is_last: Whether the response is over with any token, as at its last position.

    Example:
        >>> from rlsf_gym.text.tokenizer import ByteTokenizer
        >>> following = read_following(ByteTokenizer(), pending=b"\xc3")
        >>> following.texts[ord("n")], following.texts[0xa9], following.texts[256]
        ('\ufffdn', 'é', '\ufffd')
        >>> following.ends.sum()
        np.int64(1)
    """
    read = _remember if isinstance(cast(Any, tokenizer), Hashable) else _read
    return read(tokenizer, pending, is_last)


def _read(tokenizer: Tokenizer, pending: bytes, is_last: bool) -> Following:
    size = tokenizer.vocab_size
    ends = np.full(size, is_last)
    ends[tokenizer.eos_token_id] = True
    ends.flags.writeable = False
    is_over: list[bool] = ends.tolist()
    texts = [_decode(pending + tokenizer.token_bytes(token), is_over[token]) for token in range(size)]
    return Following(tuple(texts), ends)


_remember = lru_cache(maxsize=16)(_read)


def _decode(spelled: bytes, is_over: bool) -> str:
    return spelled.decode("ascii") if spelled.isascii() else _Decoder("replace").decode(spelled, is_over)

"""Tokenizer padded with unused ids, for models that have more logits than there are tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["WiderTokenizer"]


class WiderTokenizer:
    """Wrapper of a tokenizer with further ids that stand for no text.

    Args:
        tokenizer: The tokenizer.
        vocab_size: Number of ids, at least those of the tokenizer.

    Example:
        >>> from rlsf_gym.text.tokenizer import ByteTokenizer
        >>> wider = WiderTokenizer(ByteTokenizer(), 300)
        >>> wider.vocab_size, wider.decode([110, 299, 111]), wider.token_bytes(299)
        (300, 'no', b'')
    """

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        """Wraps a tokenizer."""
        if vocab_size < tokenizer.vocab_size:
            raise ValueError(
                f"vocab_size must be at least the tokenizer's {tokenizer.vocab_size}, got {vocab_size}"
            )
        self._tokenizer = tokenizer
        self.vocab_size = vocab_size
        self.eos_token_id = int(tokenizer.eos_token_id)

    def encode(self, text: str) -> list[int]:
        """Returns the token ids of a text, none of the further ones among them."""
        return self._tokenizer.encode(text)

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of the ids; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """Returns the bytes that a token stands for: none for a further id.

        Raises:
            ValueError: If it is not an id in [0, V - 1].
        """
        if self._tokenizer.vocab_size <= token_id < self.vocab_size:
            return b""
        return self._tokenizer.token_bytes(token_id)

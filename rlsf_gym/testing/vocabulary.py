"""A vocabulary small enough to work rewards out by hand."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["PieceTokenizer"]


class PieceTokenizer:
    """A tokenizer of given byte strings; one more id, the last, ends a response.

    Args:
        *pieces: The bytes of each token.

    Example:
        >>> tokenizer = PieceTokenizer(b"un", b"happy")
        >>> tokenizer.encode("unhappy"), tokenizer.eos_token_id
        ([0, 1], 2)
    """

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = [*pieces, b""]
        self.vocab_size = len(self.pieces)
        self.eos_token_id = len(pieces)

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text: the longest piece that fits, one after the other.

        Raises:
            ValueError: If no piece fits.
        """
        ids: list[int] = []
        rest = text.encode()
        while rest:
            fitting = [token for token, piece in enumerate(self.pieces) if piece and rest.startswith(piece)]
            if not fitting:
                raise ValueError(f"text must be made of the pieces of the vocabulary, none fits {rest!r}")
            ids.append(max(fitting, key=lambda token: len(self.pieces[token])))
            rest = rest[len(self.pieces[ids[-1]]) :]
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of the ids; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self.pieces[token] for token in ids).decode("utf-8", "replace")

    def token_bytes(self, token_id: int) -> bytes:
        """Returns the bytes that a token stands for: none for the end token."""
        return self.pieces[token_id]

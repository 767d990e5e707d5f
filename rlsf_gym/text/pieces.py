"""Tokenizer of a fixed list of texts, for domains that are written in a few dozen of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rlsf_gym.text.byte_pair import byte_of_character, check_token_id

__all__ = ["PieceTokenizer", "read_pieces"]


class PieceTokenizer:
    """Tokenizer with one token per text of a list; the id behind the last one ends a response.

    A text is read from left to right, each time by the longest piece that it goes on with. Tokenizers with
    equal pieces are equal.

    Args:
        pieces: The texts, by id.

    Raises:
        ValueError: If one is empty or occurs twice, or there is none.

    Example:
        >>> tokenizer = PieceTokenizer(["1", "12", "+", "="])
        >>> tokenizer.encode("12+1="), tokenizer.eos_token_id
        ([1, 2, 0, 3], 4)
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        """Tabulates ids and bytes."""
        self.pieces = tuple(pieces)
        """The texts, by id."""
        if not self.pieces or not all(self.pieces) or len(set(self.pieces)) < len(self.pieces):
            raise ValueError(f"pieces must be texts that differ, none of them empty, got {pieces!r:.80}")
        self.vocab_size = len(self.pieces) + 1
        self.eos_token_id = len(self.pieces)
        self._bytes = (*(piece.encode("utf-8") for piece in self.pieces), b"")
        self._ids = {piece: token_id for token_id, piece in enumerate(self.pieces)}
        longest_first = sorted(self.pieces, key=len, reverse=True)
        self.pattern = "|".join(map(re.escape, longest_first))
        """Regular expression that finds the pieces of a text."""
        self._piece = re.compile(self.pattern)

    def encode(self, text: str) -> list[int]:
        """Returns the ids of the pieces of a text.

        Raises:
            ValueError: If no piece is found at some place.
        """
        ids: list[int] = []
        place = 0
        while place < len(text):
            match = self._piece.match(text, place)
            if match is None:
                raise ValueError(
                    f"text must be made of the tokenizer's {len(self.pieces)} pieces, none of which begins "
                    f"{text[place : place + 20]!r}, got {text!r:.80}: take another tokenizer"
                )
            ids.append(self._ids[match[0]])
            place = match.end()
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of the ids, nothing for the end token."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8")

    def token_bytes(self, token_id: int) -> bytes:
        """Returns the bytes of a piece, none for the end token."""
        check_token_id(token_id, self.vocab_size)
        return self._bytes[token_id]

    def __eq__(self, other: object) -> bool:
        """Returns whether the other one is of the same kind and has the same pieces."""
        return type(other) is type(self) and getattr(other, "pieces", None) == self.pieces

    def __hash__(self) -> int:
        """Returns a hash of the pieces."""
        return hash(self.pieces)

    def __repr__(self) -> str:
        """Returns a description with the number of pieces."""
        return f"{type(self).__name__}({len(self.pieces)} pieces)"


def read_pieces(data: Mapping[str, Any]) -> PieceTokenizer | None:
    """Returns the tokenizer of pieces that a `tokenizer.json` describes, None where it is of another kind.

    Such a file has one word per piece and splits texts by `PieceTokenizer.pattern`; its last word ends.

    Args:
        data: The file's content.
    """
    model: dict[str, Any] = data["model"]
    before: dict[str, Any] = data.get("pre_tokenizer") or {}
    splits: list[dict[str, Any]] = before.get("pretokenizers") or [{}]
    if model["type"] != "WordLevel" or splits[0].get("behavior") != "Isolated":
        return None
    bytes_of = byte_of_character()
    words = [word for word, _ in sorted(model["vocab"].items(), key=lambda item: item[1])]
    if (
        not words
        or {*model["vocab"].values()} != {*range(len(words))}
        or not {*"".join(words)} <= {*bytes_of}
    ):
        return None
    pieces = [bytes(bytes_of[character] for character in word) for word in words[:-1]]
    tokenizer = PieceTokenizer([piece.decode("utf-8", "replace") for piece in pieces])
    return tokenizer if splits[0].get("pattern") == {"Regex": tokenizer.pattern} else None

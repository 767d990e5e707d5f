"""Toy language of film reviews: a few hundred words, each of them one token.

Small enough for agents that begin with nothing, and rich enough that the rules of the scorer matter: charged
words of both signs, boosters, dampeners, negations, "but", and marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import resources
from itertools import product
from typing import ClassVar

from rlsf_gym.text.byte_pair import check_token_id

__all__ = ["TOY_PROMPTS", "ToyTokenizer"]


def _read_words() -> dict[str, tuple[str, ...]]:
    """Returns the words of each section of the asset."""
    text = (resources.files("rlsf_gym.domains.sentiment") / "assets" / "toy.txt").read_text(encoding="utf-8")
    words: dict[str, tuple[str, ...]] = {}
    for section in text.split("\n[")[1:]:
        name, _, listed = section.partition("]")
        words[name] = tuple(listed.split())
    return words


_WORDS = _read_words()
_INSIDE = ("things", "links", "good", "bad", "other")
_PIECES = (
    *_WORDS["openings"],
    *dict.fromkeys(f" {word}" for section in _INSIDE for word in _WORDS[section]),
    *_WORDS["marks"],
)

TOY_PROMPTS = tuple(map(" ".join, product(_WORDS["openings"], _WORDS["things"], _WORDS["links"])))
"""Openings such as "The film was"."""


class ToyTokenizer:
    """Tokenizer of the toy language: one token per word with its leading space; the last id ends a response.

    Example:
        >>> tokenizer = ToyTokenizer()
        >>> tokenizer.decode(tokenizer.encode("The film was not bad!"))
        'The film was not bad!'
    """

    vocab_size = len(_PIECES) + 1
    eos_token_id = len(_PIECES)

    _bytes = (*(piece.encode("utf-8") for piece in _PIECES), b"")
    _ids: ClassVar = {piece: token for token, piece in enumerate(_PIECES)}
    _piece = re.compile("|".join(map(re.escape, sorted(_PIECES, key=len, reverse=True))))

    def encode(self, text: str) -> list[int]:
        """Returns the ids of the words of a text.

        Raises:
            ValueError: If a word is not in the toy language.
        """
        ids: list[int] = []
        place = 0
        while place < len(text):
            match = self._piece.match(text, place)
            if match is None:
                raise ValueError(
                    f"the toy language has no word for {text[place : place + 20]!r} in {text!r:.80}"
                )
            ids.append(self._ids[match[0]])
            place = match.end()
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the words of the ids."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8")

    def token_bytes(self, token_id: int) -> bytes:
        """Returns the bytes of a word, none for the end token."""
        check_token_id(token_id, self.vocab_size)
        return self._bytes[token_id]

    def __repr__(self) -> str:
        """Returns the expression that makes this tokenizer."""
        return "ToyTokenizer()"

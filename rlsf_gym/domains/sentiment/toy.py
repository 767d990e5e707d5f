"""Toy language of film reviews: a few hundred words, each of them one token.

Small enough for agents that begin with nothing, and rich enough that the rules of the scorer matter: charged
words of both signs, boosters, dampeners, negations, "but", and marks.
"""

from __future__ import annotations

from importlib import resources
from itertools import product

from rlsf_gym.text.pieces import PieceTokenizer

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


class ToyTokenizer(PieceTokenizer):
    """Tokenizer of the toy language: one token per word with its leading space; the last id ends a response.

    Example:
        >>> tokenizer = ToyTokenizer()
        >>> tokenizer.decode(tokenizer.encode("The film was not bad!"))
        'The film was not bad!'
    """

    def __init__(self) -> None:
        """Takes the words of the asset."""
        super().__init__(_PIECES)

    def __repr__(self) -> str:
        """Returns the expression that makes this tokenizer."""
        return "ToyTokenizer()"

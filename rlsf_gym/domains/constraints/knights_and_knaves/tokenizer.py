"""Tokenizer of puzzles of knights and knaves: names, numbers, and the phrases that statements are made of."""

from __future__ import annotations

from rlsf_gym.text.pieces import PieceTokenizer

__all__ = ["KnightsTokenizer"]

_PIECES = (
    *"ABCDEFGH",
    *"012345678",
    *(" says: ", " is a ", "knight", "knave", "knights", "knaves"),
    *(" and ", " or ", "either ", " but not both", "if ", " then "),
    *(" are of the same kind", " are of different kinds"),
    *("exactly ", "at least ", "at most ", " of us is a ", " of us are "),
    *(". ", ".", " ", "\n"),
)


class KnightsTokenizer(PieceTokenizer):
    r"""Tokenizer of statements and answers, a few dozen phrases; the last id ends a response.

    Example:
        >>> len(KnightsTokenizer().encode("A says: B is a knave. B says: A and B are of the same kind.\n"))
        14
    """

    def __init__(self) -> None:
        """Takes the phrases."""
        super().__init__(_PIECES)

    def __repr__(self) -> str:
        """Returns the expression that makes this tokenizer."""
        return "KnightsTokenizer()"

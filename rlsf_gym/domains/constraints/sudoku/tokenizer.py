"""Tokenizer of Sudoku: one token for each character that puzzles and answers are made of."""

from __future__ import annotations

from rlsf_gym.text.pieces import PieceTokenizer

__all__ = ["SudokuTokenizer"]


class SudokuTokenizer(PieceTokenizer):
    """Tokenizer with the digits 1 to 9, the blank "." and the line feed; the last id ends a response.

    Example:
        >>> tokenizer = SudokuTokenizer()
        >>> tokenizer.encode("1..4"), tokenizer.eos_token_id
        ([0, 9, 9, 3], 11)
    """

    def __init__(self) -> None:
        """Takes the characters."""
        super().__init__("123456789.\n")

    def __repr__(self) -> str:
        """Returns the expression that makes this tokenizer."""
        return "SudokuTokenizer()"

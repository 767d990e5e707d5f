"""Tokenizer of Countdown: the numbers from 0 to 49, and the signs of prompts and answers."""

from __future__ import annotations

from typing import Final

from rlsf_gym.text.pieces import PieceTokenizer

__all__ = ["TOKENIZER"]

TOKENIZER: Final = PieceTokenizer([*map(str, range(50)), " ", " -> ", ": ", *"+-*/=,()"])
"""Tokenizer of 61 pieces; a number from 50 on is spelled by several."""

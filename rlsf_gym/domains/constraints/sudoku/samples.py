"""Sample texts of Sudoku, on which scorers, reward designs and environments are tested."""

from rlsf_gym.domains.domain import Samples

__all__ = ["SAMPLES"]

SAMPLES = Samples((b"1", b"2", b"3", b"4", b"12", b"34", b" ", b".", b"\xc2\xb2", b"\xc2"))
"""Digits alone and in pairs, a space, what is no digit of an answer, and half of a character."""

"""Sample texts of Sudoku, on which scorers, reward designs and environments are tested and pages open."""

from rlsf_gym.domains.domain import Example, Samples

__all__ = ["SAMPLES"]

_ONE = {"grid": ".134431232..1..."}
_MANY = {"grid": ".....3..42...1.."}

SAMPLES = Samples(
    pieces=(b"1", b"2", b"3", b"4", b"12", b"34", b" ", b".", b"\xc2\xb2", b"\xc2"),
    examples=(
        Example("A digit that can't stand there", "", "2134431232431421", _ONE),
        Example("Three digits that can't stand together", "", "1423234342143133", _MANY),
        Example("Right", "", "2134431232411423", _ONE),
        Example("A given digit changed", "", "2234431232411423", _ONE),
        Example("A blank copied", "", "2134431232.11423", _ONE),
        Example("Unfinished", "", "21344312", _ONE),
    ),
)
"""Digits alone and in pairs, a space, what is no digit of an answer, and half of a character; answers to a
puzzle of one solution, and to one of many."""

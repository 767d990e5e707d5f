"""Rational numbers of puzzles as pairs of ints, and how answers write them."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import Final

__all__ = ["OPERATIONS", "Number", "Numbers", "as_numbers", "order", "reduce_number", "write_number"]

Number = tuple[int, int]
"""Numerator and denominator in lowest terms, the denominator above 0."""
Numbers = tuple[Number, ...]
"""Numbers that are left, in a fixed order, equal ones beside each other."""


def reduce_number(numerator: int, denominator: int) -> Number:
    """Returns a quotient in lowest terms.

    Args:
        numerator: Any int.
        denominator: Any int but 0.

    Example:
        >>> reduce_number(6, -4)
        (-3, 2)
    """
    divisor = gcd(numerator, denominator)
    if denominator < 0:
        divisor = -divisor
    return numerator // divisor, denominator // divisor


def _add(one: Number, other: Number) -> Number:
    if one[1] == other[1] == 1:
        return one[0] + other[0], 1
    return reduce_number(one[0] * other[1] + other[0] * one[1], one[1] * other[1])


def _subtract(one: Number, other: Number) -> Number:
    return _add(one, (-other[0], other[1]))


def _multiply(one: Number, other: Number) -> Number:
    if one[1] == other[1] == 1:
        return one[0] * other[0], 1
    return reduce_number(one[0] * other[0], one[1] * other[1])


def _divide(one: Number, other: Number) -> Number:
    return reduce_number(one[0] * other[1], one[1] * other[0])


OPERATIONS: Final[dict[str, Callable[[Number, Number], Number]]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
}
"""Operators in the order in which answers are tried; no number is divided by 0."""


def write_number(number: Number) -> str:
    """Returns a number as answers write it.

    Example:
        >>> write_number((-4, 1)), write_number((3, 2))
        ('-4', '(3/2)')
    """
    numerator, denominator = number
    return str(numerator) if denominator == 1 else f"({numerator}/{denominator})"


def as_numbers(given: list[int]) -> Numbers:
    """Returns whole numbers as those that are left at the beginning."""
    return tuple(sorted((number, 1) for number in given))


def order(numbers: Numbers) -> list[str]:
    """Returns numbers as answers write them, by size.

    Example:
        >>> order(((1, 1), (1, 2)))
        ['(1/2)', '1']
    """
    scale = 1
    for _, denominator in numbers:
        scale *= denominator // gcd(scale, denominator)
    return [write_number(one) for one in sorted(numbers, key=lambda one: one[0] * (scale // one[1]))]

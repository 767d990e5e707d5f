"""Evaluates whole answers, in a reading of its own: whether one is right, and nothing else."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from rlsf_gym.domains.countdown.checker.rationals import Rational, combine, spell, whole

__all__ = ["is_right_in_steps", "is_right_infix"]

_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)|\(-?[1-9][0-9]*/[1-9][0-9]*\)"
_TOKEN: Final = re.compile(r" *([0-9]+|[-+*/()]) *")
_RANKS: Final = {"+": 1, "-": 1, "*": 2, "/": 2}
_STEP: Final = re.compile(rf" *({_NUMBER}) *([-+*/]) *({_NUMBER}) *= *({_NUMBER}) *")


def is_right_in_steps(answer: str, numbers: Sequence[int], target: int, *, uses_all: bool) -> bool:
    """Returns whether the steps of an answer are true, take what is left, and end with the target.

    Example:
        >>> is_right_in_steps("11-5=6, 7*6=42", [5, 7, 11], 42, uses_all=True)
        True
    """
    values = {str(number): whole(number) for number in numbers}
    left, last = Counter(map(str, numbers)), ""
    for step in answer.split(","):
        parts = _STEP.fullmatch(step)
        if parts is None:
            return False
        first, operator, second, last = parts.groups()
        left.subtract((first, second))
        if left[first] < 0 or left[second] < 0:
            return False
        result = combine(values[first], operator, values[second])
        if result is None or spell(result) != last:
            return False
        values[last] = result
        left[last] += 1
    return last == str(target) and (not uses_all or left.total() == 1)


def is_right_infix(answer: str, numbers: Sequence[int], target: int, *, uses_all: bool) -> bool:
    """Returns whether an expression takes numbers that are there, once each, and makes the target.

    Operators wait until one of no higher rank follows, so that no nesting is too deep for it.

    Example:
        >>> is_right_infix("(11 - 5)*7", [5, 7, 11], 42, uses_all=True)
        True
    """
    symbols = _split(answer)
    left = Counter(map(str, numbers))
    left.subtract(symbol for symbol in symbols if symbol.isdigit())
    if not symbols or min(left.values()) < 0 or (uses_all and max(left.values()) > 0):
        return False
    return _evaluate(symbols, left.total()) == whole(target)


def _split(answer: str) -> list[str]:
    """Returns the symbols of an expression, none where something else stands in it."""
    symbols, end = list[str](), 0
    while end < len(answer):
        found = _TOKEN.match(answer, end)
        if found is None:
            return []
        symbols.append(found[1])
        end = found.end()
    return symbols


def _evaluate(symbols: Sequence[str], spare: int) -> Rational | None:
    """Returns the value of an expression, None where it is none, or divides by zero.

    Args:
        symbols: Its symbols.
        spare: How many numbers it does not take: at one place, no more parentheses open than are left.
    """
    waiting, wants_number, opened = _Waiting([], []), True, 0
    left = sum(map(str.isdigit, symbols)) + spare
    for symbol in symbols:
        opened = opened + 1 if symbol == "(" else 0
        left -= symbol.isdigit()
        if wants_number != (symbol == "(" or symbol.isdigit()) or (symbol == "(" and opened > left):
            return None
        if symbol.isdigit():
            waiting.values.append(whole(int(symbol)))
        elif symbol == "(":
            waiting.symbols.append(symbol)
        elif not waiting.apply(_RANKS.get(symbol, 0)):
            return None
        elif symbol == ")":
            if not waiting.symbols:
                return None
            waiting.symbols.pop()
        else:
            waiting.symbols.append(symbol)
        wants_number = symbol == "(" or symbol in _RANKS
    if wants_number or not waiting.apply(0) or waiting.symbols:
        return None
    return waiting.values[0]


class _Waiting(NamedTuple):
    """Values, and operators and open parentheses that wait for what follows."""

    values: list[Rational]
    symbols: list[str]

    def apply(self, rank: int) -> bool:
        """Applies the operators of this rank or a higher one; returns whether none divides by zero."""
        while self.symbols and self.symbols[-1] != "(" and _RANKS[self.symbols[-1]] >= rank:
            other = self.values.pop()
            result = combine(self.values.pop(), self.symbols.pop(), other)
            if result is None:
                return False
            self.values.append(result)
        return True

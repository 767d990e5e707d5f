"""Partial credits of answers that need not be right: for their form, for their numbers, for coming near.

They are read from the text alone and forgive what a verdict does not: a step that is well formed counts
whether its result is true or not, and the result that it states is what is left of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from rlsf_gym.domains.countdown.arithmetic import OPERATIONS, Number, as_numbers, reduce_number

__all__ = ["credit_expression", "credit_steps"]

_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)|\(-?[1-9][0-9]*/[1-9][0-9]*\)"
_STEP: Final = re.compile(rf" *({_NUMBER}) *[-+*/] *({_NUMBER}) *= *({_NUMBER}) *")
_SYMBOL: Final = re.compile(r"0(?![0-9])|[1-9][0-9]*|[-+*/()]| +")
_LONGEST: Final = 40  # characters of a number that is looked at: others are none of a puzzle
_BINDING: Final = {"+": 1, "-": 1, "*": 2, "/": 2}


def credit_steps(numbers: list[int], target: int, response: str) -> dict[str, float]:
    """Returns the credits of steps, each in [0, 1].

    `well_formed` is the share of what commas part that is a step, `numbers` the share of the numbers in such
    steps that are left when they are used, and `nearness` 1 / (1 + abs(r - target)) of the last result r.

    Example:
        >>> credit_steps([5, 7, 11], 24, "5*7=35,35-9=25,+")
        {'well_formed': 0.6666666666666666, 'numbers': 0.75, 'nearness': 0.5}
    """
    parts = response.split(",")
    steps = [found.groups() for found in map(_STEP.fullmatch, parts) if found]
    left, used, last = Counter(as_numbers(numbers)), 0, None
    for *operands, result in steps:
        for number in map(_read, operands):
            if number is not None and left[number] > 0:
                left[number] -= 1
                used += 1
        last = _read(result)
        if last is not None:
            left[last] += 1
    return _tell(len(steps) / len(parts), used / (2 * len(steps)) if steps else 0.0, last, target)


def credit_expression(numbers: list[int], target: int, response: str, *, is_any: bool) -> dict[str, float]:
    """Returns the credits of an infix answer, each in [0, 1].

    `well_formed` is 1 for an expression, `numbers` the share of right ones among all that are written (and,
    where all have to be used, of those that are missing), and `nearness` 1 / (1 + abs(v - target)) of its
    value v, where it has no more numbers than there are.

    Example:
        >>> credit_expression([5, 7, 11], 24, "5*(7-2)", is_any=False)
        {'well_formed': 1.0, 'numbers': 0.6666666666666666, 'nearness': 0.5}
    """
    symbols = [found[0] for found in _SYMBOL.finditer(response) if found[0][0] != " "]
    covered = sum(len(found[0]) for found in _SYMBOL.finditer(response))
    is_right = covered == len(response) and _is_expression(symbols)
    written = [_read(symbol) for symbol in symbols if symbol[0].isdigit()]
    given = Counter(as_numbers(numbers))
    right = sum((given & Counter(one for one in written if one is not None)).values())
    needed = len(written) if is_any else max(len(written), len(numbers))
    value = _evaluate(symbols) if is_right and len(written) <= len(numbers) else None
    return _tell(float(is_right), right / needed if needed else 0.0, value, target)


def _tell(well_formed: float, numbers: float, value: Number | None, target: int) -> dict[str, float]:
    nearness = 0.0 if value is None else value[1] / (value[1] + abs(value[0] - target * value[1]))
    return {"well_formed": well_formed, "numbers": numbers, "nearness": nearness}


def _read(text: str) -> Number | None:
    """Returns a number as it is written; None for one that is too long to be of a puzzle."""
    if len(text) > _LONGEST:
        return None
    top, _, bottom = text.strip("()").partition("/")
    return reduce_number(int(top), int(bottom or 1))


def _is_expression(symbols: Sequence[str]) -> bool:
    """Returns whether symbols follow each other as in an expression."""
    depth, is_operand_due = 0, True
    for symbol in symbols:
        if (symbol == "(" or symbol[0].isdigit()) != is_operand_due:
            return False
        depth += (symbol == "(") - (symbol == ")")
        is_operand_due = symbol == "(" or symbol in _BINDING
        if depth < 0:
            return False
    return depth == 0 and not is_operand_due


def _evaluate(symbols: Sequence[str]) -> Number | None:
    """Returns the value of an expression; None where it divides by 0 or has a number that is too long."""
    values: list[Number] = []
    waiting: list[str] = []
    for symbol in (*symbols, ")"):
        if symbol[0].isdigit():
            number = _read(symbol)
            if number is None:
                return None
            values.append(number)
        elif symbol == "(":
            waiting.append(symbol)
        else:
            while waiting and waiting[-1] != "(" and _BINDING[waiting[-1]] >= _BINDING.get(symbol, 0):
                other, sign = values.pop(), waiting.pop()
                if sign == "/" and not other[0]:
                    return None
                values[-1] = OPERATIONS[sign](values[-1], other)
            if symbol != ")":
                waiting.append(symbol)
            elif waiting:
                waiting.pop()
    return values[0]

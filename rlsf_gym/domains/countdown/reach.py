"""Whether an infix answer can still reach the target: values that numbers can make, met in the middle.

With E(N) the values of all expressions over the numbers N, a group of which `s + t` is written can end with
any `s + t f + a`: the factor f is 1, e or 1 / e of an e in E where operators follow, and the terms a are 0, e
or -e. Where an operand is due, f is what can be multiplied by, or divided by. So what is left is split into
parts: values of the smaller ones are listed, and the larger ones are asked whether they make the rest. Open
groups are closed from the inside where that takes fewer numbers than what follows, else from the outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

from rlsf_gym.domains.countdown.arithmetic import OPERATIONS, Number, Numbers

__all__ = ["Frame", "Frames", "Reach"]

_LISTED: Final = 4  # numbers, up to which the values of all expressions are listed
_ZERO: Final = (0, 1)
_ONE: Final = (1, 1)
_MINUS_ONE: Final = (-1, 1)
_add, _subtract, _multiply, _divide = (OPERATIONS[sign] for sign in "+-*/")

Values = frozenset[Number]
Split = tuple[Numbers, Numbers]


class Frame(NamedTuple):
    """A group that is open, or the whole answer: `total + term`, and an operator if an operand is due."""

    total: Number = _ZERO
    """Sum of all terms but the last."""
    term: Number = _ONE
    """Last term, with its sign; what the operand is multiplied by where it begins a term."""
    operator: str = "("
    """Operator before the operand that is due, "(" where none stands yet; "" where no operand is due."""

    @property
    def value(self) -> Number:
        """Value where no operand is due."""
        return _add(self.total, self.term)

    def put(self, operand: Number) -> Frame | None:
        """Returns the frame with the operand that is due; None where that divides by 0."""
        if self.operator == "/":
            return Frame(self.total, _divide(self.term, operand), "") if operand[0] else None
        return Frame(self.total, _multiply(self.term, operand), "")

    def operate(self, operator: str) -> Frame:
        """Returns the frame with an operator."""
        if operator in "*/":
            return self._replace(operator=operator)
        return Frame(self.value, _ONE if operator == "+" else _MINUS_ONE, operator)


Frames = tuple[Frame, ...]
"""Frames from the outermost to the innermost, in all but the last of which a group is the operand due."""


class _Wanted(NamedTuple):
    """Values of an operand that lead to a right end."""

    values: set[Number]
    unwanted: set[Number] | None = None
    """Those that do not, where any other value does, as of what is multiplied by 0; None elsewhere."""


class Reach:
    """What can be made of numbers.

    Args:
        target: The number to reach.
        is_any: Whether numbers may be left over.
    """

    def __init__(self, target: Number, *, is_any: bool) -> None:
        self._target, self._is_any = target, is_any
        self._values: dict[Numbers, Values] = {}
        self._splits: dict[Numbers, list[Split]] = {}
        self._found: dict[tuple[Frames, Numbers], bool] = {}

    def __len__(self) -> int:
        return len(self._found) + sum(map(len, self._values.values()))

    def can_end(self, frames: Frames, left: Numbers) -> bool:
        """Returns whether an answer can go on to a right end.

        Args:
            frames: The answer so far.
            left: Numbers that are left.
        """
        found = self._found.get((frames, left))
        if found is None:
            found = self._found[frames, left] = self._can_end(frames, left)
        return found

    def _can_end(self, frames: Frames, left: Numbers) -> bool:
        frame, outer = frames[-1], frames[:-1]
        if not outer:
            return self._makes(frame, left, self._target)
        return any(
            self._ends_inside(frame, outer, split)
            if len(split[0]) <= len(split[1])
            else self._ends_outside(frame, outer, split)
            for split in self._split(left)
        )

    def _ends_inside(self, frame: Frame, outer: Frames, split: Split) -> bool:
        """Returns whether a group can be closed with some numbers so that the others lead to a right end."""
        for value in self._list(frame, split[0]):
            closed = outer[-1].put(value)
            if closed is not None and self.can_end((*outer[:-1], closed), split[1]):
                return True
        return False

    def _ends_outside(self, frame: Frame, outer: Frames, split: Split) -> bool:
        """Returns the same, from the values that the others ask the group for."""
        wanted, unwanted = self._want(outer, split[1])
        if any(self._makes(frame, split[0], value) for value in wanted):
            return True
        return unwanted is not None and any(value not in unwanted for value in self._list(frame, split[0]))

    def _want(self, frames: Frames, left: Numbers) -> _Wanted:
        """Returns the values of the operand of the last frame that lead to a right end with what is left."""
        frame, outer = frames[-1], frames[:-1]
        found, unwanted = set[Number](), None
        no_divisor: set[Number] = {_ZERO} if frame.operator == "/" else set()
        for inside, outside in self._split(left):
            if outer:
                ends = self._want(outer, outside)
            elif outside and not self._is_any:
                continue
            else:
                ends = _Wanted({self._target})
            for factor, added in self._list_parts("", inside):
                start = _add(frame.total, added)
                solved = [_solve(frame, factor, _subtract(end, start)) for end in ends.values]
                found.update(value for values in solved if values is not None for value in values)
                if None in solved:
                    unwanted = _join(unwanted, no_divisor)
                if ends.unwanted is not None:
                    lost = [_solve(frame, factor, _subtract(end, start)) for end in ends.unwanted]
                    if None not in lost:
                        values = {value for values in lost if values is not None for value in values}
                        unwanted = _join(unwanted, values | no_divisor)
        return _Wanted(found, unwanted)

    def _makes(self, frame: Frame, left: Numbers, value: Number) -> bool:
        """Returns whether a frame can end with a value, given the numbers for it."""
        gap = _subtract(value, frame.total)
        if frame.operator and frame.operator in "(+":
            return bool(left) and self._has(left, gap)
        return any(self._fills(frame, split, gap) for split in self._split(left))

    def _fills(self, frame: Frame, split: Split, gap: Number) -> bool:
        """Returns whether a factor of some numbers and terms of others make up for what is missing."""
        factors, terms = split
        if len(terms) > len(factors):
            return any(
                self._is_term(terms, _subtract(gap, _multiply(frame.term, factor)))
                for factor in self._list_factors(frame.operator, factors)
            )
        for added in self._list_terms(terms):
            rest = _subtract(gap, added)
            if frame.term[0]:
                if self._is_factor(frame.operator, factors, _divide(rest, frame.term)):
                    return True
            elif not rest[0] and any(True for _ in self._list_factors(frame.operator, factors)):
                return True
        return False

    def _list(self, frame: Frame, left: Numbers) -> Iterator[Number]:
        """Yields the values that a frame can end with, given the numbers for it."""
        if frame.operator and frame.operator in "(+":
            yield from (_add(frame.total, value) for value in (self._all(left) if left else ()))
            return
        for factor, added in self._list_parts(frame.operator, left):
            yield _add(_add(frame.total, _multiply(frame.term, factor)), added)

    def _list_parts(self, operator: str, left: Numbers) -> Iterator[tuple[Number, Number]]:
        """Yields factors and terms of numbers that are split among them."""
        for factors, terms in self._split(left):
            yield from product(self._list_factors(operator, factors), self._list_terms(terms))

    def _list_terms(self, left: Numbers) -> Iterator[Number]:
        """Yields what further terms can add up to."""
        if not left or self._is_any:
            yield _ZERO
        for value in self._all(left) if left else ():
            yield value
            yield -value[0], value[1]

    def _list_factors(self, operator: str, left: Numbers) -> Iterator[Number]:
        """Yields what a term can be multiplied by: first by an operand, or behind `/` divided by one."""
        if operator != "/":
            if not operator and (not left or self._is_any):
                yield _ONE
            values = self._all(left) if left else ()
            yield from values
            if not operator:
                yield from (_divide(_ONE, value) for value in values if value[0])
            return
        for dividend, divisor in self._split(left):
            if divisor:
                divisors = [value for value in self._all(divisor) if value[0]]
                dividends = [_ONE] if not dividend else [_ONE, *self._all(dividend)][not self._is_any :]
                yield from (_divide(*pair) for pair in product(dividends, divisors))

    def _is_term(self, left: Numbers, value: Number) -> bool:
        """Returns whether further terms can add up to a value."""
        if not value[0] and (not left or self._is_any):
            return True
        return bool(left) and (self._has(left, value) or self._has(left, (-value[0], value[1])))

    def _is_factor(self, operator: str, left: Numbers, value: Number) -> bool:
        """Returns whether a term can be multiplied by a value."""
        if operator == "/":
            return self._is_quotient(left, value)
        if not operator and value == _ONE and (not left or self._is_any):
            return True
        if not left:
            return False
        is_inverse = not operator and value[0] != 0 and self._has(left, _divide(_ONE, value))
        return is_inverse or self._has(left, value)

    def _is_quotient(self, left: Numbers, value: Number) -> bool:
        """Returns whether numbers make a quotient, of 1 or some of them by others."""
        if left and value[0] and self._has(left, _divide(_ONE, value)):
            return True
        for dividend, divisor in self._split(left):
            if not dividend or not divisor:
                continue
            if len(divisor) <= len(dividend):
                divisors = (one for one in self._all(divisor) if one[0])
                if any(self._has(dividend, _multiply(value, one)) for one in divisors):
                    return True
            elif value[0]:
                dividends = (one for one in self._all(dividend) if one[0])
                if any(self._has(divisor, _divide(one, value)) for one in dividends):
                    return True
            elif self._has(dividend, _ZERO) and any(one[0] for one in self._all(divisor)):
                return True
        return False

    def _has(self, left: Numbers, value: Number) -> bool:
        """Returns whether an expression over numbers has a value."""
        if len(left) <= _LISTED:
            return value in self._all(left)
        if self._is_any and any(self._has(fewer, value) for fewer in _leave_one(left)):
            return True
        for large, small in self._split(left):
            if 0 < len(small) <= len(large):
                for one in self._all(small):
                    asked = [_subtract(value, one), _add(value, one), _subtract(one, value)]
                    if one[0]:
                        asked += [_divide(value, one), _multiply(value, one)]
                        asked += [_divide(one, value)] if value[0] else []
                    elif not value[0]:
                        return True  # times 0
                    if any(self._has(large, other) for other in asked):
                        return True
        return False

    def _all(self, left: Numbers) -> Values:
        """Returns the values of all expressions over numbers, one or more."""
        found = self._values.get(left)
        if found is None:
            made = {left[0]} if len(left) == 1 else set[Number]()
            if self._is_any and len(left) > 1:
                made.update(*map(self._all, _leave_one(left)))
            for large, small in self._split(left):
                if 0 < len(small) <= len(large):
                    for one, other in product(self._all(large), self._all(small)):
                        made.update((_add(one, other), _subtract(one, other), _subtract(other, one)))
                        made.add(_multiply(one, other))
                        if other[0]:
                            made.add(_divide(one, other))
                        if one[0]:
                            made.add(_divide(other, one))
            found = self._values[left] = frozenset(made)
        return found

    def _split(self, left: Numbers) -> list[Split]:
        """Returns all ways to part numbers into two, all of them in the first part first."""
        found = self._splits.get(left)
        if found is None:
            parts: dict[Split, None] = {}
            for chosen in product((True, False), repeat=len(left)):
                first = tuple(one for one, is_in in zip(left, chosen, strict=True) if is_in)
                second = tuple(one for one, is_in in zip(left, chosen, strict=True) if not is_in)
                parts[first, second] = None
            found = self._splits[left] = list(parts)
        return found


def _solve(frame: Frame, factor: Number, rest: Number) -> tuple[Number, ...] | None:
    """Returns the operands with which term times factor is the rest; None where all are, but a divisor 0."""
    if not factor[0] or not frame.term[0]:
        return () if rest[0] else None
    wanted = _divide(rest, factor)
    if frame.operator != "/":
        return (_divide(wanted, frame.term),)
    return (_divide(frame.term, wanted),) if wanted[0] else ()


def _join(unwanted: set[Number] | None, more: set[Number]) -> set[Number]:
    """Returns what is unwanted in both of two ways."""
    return set(more) if unwanted is None else unwanted & more


def _leave_one(left: Numbers) -> Iterator[Numbers]:
    """Yields numbers without one of them, each once."""
    for place in range(len(left)):
        if place == 0 or left[place] != left[place - 1]:
            yield left[:place] + left[place + 1 :]

"""Chance that a random writer of expressions ends right, by how what it writes spreads.

Whatever stands before, the writer goes on in the same ways: a product P and the terms T before it become
T + P f + t. So how a group goes on is worked out once for the numbers that are left, as chances of f, t and
what is then left, and put behind everything that can stand before. No value is searched for.
"""

from functools import lru_cache
from typing import Final

from rlsf_gym.domains.countdown.checker.rationals import ONE, ZERO, Rational, combine
from rlsf_gym.domains.countdown.checker.recount import Goal, Left
from rlsf_gym.domains.countdown.checker.stand import Group, Stand, list_numbers, list_operators, plus

__all__ = ["chance_of_stand", "count_ways"]

_KEPT: Final = 2**16

Spread = dict[tuple[Rational, Left], float]
"""Values that an operand or a group may have, with what is then left, to their chances."""
Course = dict[tuple[Rational, Rational, Left], float]
"""Factors and terms by which a group may go on up to its end, with what is then left, to their chances."""


def chance_of_stand(stand: Stand, goal: Goal) -> float:
    """Returns the chance that a random writer ends right."""
    if not stand.is_due:
        return _go_on(stand.groups, stand.left, goal)
    groups, left, opened, _ = stand
    operand = _spread_operand(left, opened, groups[-1].operator == "/")
    return sum(chance * _put(groups, value, rest, goal) for (value, rest), chance in operand.items())


def _put(groups: tuple[Group, ...], value: Rational, left: Left, goal: Goal) -> float:
    """Returns the chance behind an operand of the innermost group."""
    total, product, operator = groups[-1]
    put = combine(product, operator, value)
    return 0.0 if put is None else _go_on((*groups[:-1], Group(total, put, "*")), left, goal)


@lru_cache(maxsize=_KEPT)
def _go_on(groups: tuple[Group, ...], left: Left, goal: Goal) -> float:
    """Returns the chance where an operator has to follow, or an end."""
    *outer, (total, product, _) = groups
    ends: Spread = {}
    for (factor, terms, rest), chance in _follow(left, not outer, goal.uses_all or bool(outer)).items():
        value = plus(plus(total, _times(product, factor)), terms)
        ends[value, rest] = ends.get((value, rest), 0.0) + chance
    if outer:
        return sum(chance * _put(tuple(outer), *end, goal) for end, chance in ends.items())
    return sum(chance for (value, _), chance in ends.items() if value == goal.target)


@lru_cache(maxsize=2048)
def _follow(left: Left, is_outside: bool, uses_all: bool) -> Course:
    """Returns how a group goes on behind an operand, or the answer outside of all groups."""
    may_end = not is_outside or not (left and uses_all)
    operators = list_operators(left)
    share = 1.0 / (len(operators) + may_end)
    found: Course = {(ONE, ZERO, left): share} if may_end else {}
    for operator in operators:
        for (value, rest), drawn in _spread_operand(left, 0, operator == "/").items():
            for (factor, terms, end), chance in _follow(rest, is_outside, uses_all).items():
                way = _lead(operator, value, factor, terms)
                if way is not None:
                    key = (*way, end)
                    found[key] = found.get(key, 0.0) + share * drawn * chance
    return found


def _lead(
    operator: str, value: Rational, factor: Rational, terms: Rational
) -> tuple[Rational, Rational] | None:
    """Returns factor and terms of a course that begins with an operand; None for a division by 0."""
    if operator == "*":
        return _times(value, factor), terms
    if operator == "/":
        divided = combine(factor, "/", value)
        return None if divided is None else (divided, terms)
    term = _times(value, factor)
    return ONE, plus(term if operator == "+" else (-term[0], term[1]), terms)


@lru_cache(maxsize=2048)
def _spread_operand(left: Left, opened: int, is_divisor: bool) -> Spread:
    """Returns the operands that may follow: a number, or a group."""
    numbers = list_numbers(left, "/" if is_divisor else "*")
    may_open = len(left) >= opened + 2
    share = 1.0 / (len(numbers) + may_open)
    found: Spread = {}
    for number in numbers:
        at = left.index(number)
        found[number, left[:at] + left[at + 1 :]] = share
    if may_open:
        for (value, rest), drawn in _spread_operand(left, opened + 1, False).items():
            for (factor, terms, end), chance in _follow(rest, False, True).items():
                key = plus(_times(value, factor), terms), end
                found[key] = found.get(key, 0.0) + share * drawn * chance
    return found


def _times(one: Rational, other: Rational) -> Rational:
    return combine(one, "*", other) or ZERO


def count_ways(stand: Stand, uses_all: bool) -> int:
    """Returns the number of ways in which a random writer may go on to an end, whatever comes out of it."""
    depth = len(stand.groups)
    if stand.is_due:
        return _count_due(stand.left, depth, stand.opened, stand.groups[-1].operator == "/", uses_all)
    return _count_behind(stand.left, depth, uses_all)


@lru_cache(maxsize=2048)
def _count_due(left: Left, depth: int, opened: int, is_divisor: bool, uses_all: bool) -> int:
    found = 0
    for number in list_numbers(left, "/" if is_divisor else "*"):
        at = left.index(number)
        found += _count_behind(left[:at] + left[at + 1 :], depth, uses_all)
    if len(left) >= opened + 2:
        found += _count_due(left, depth + 1, opened + 1, False, uses_all)
    return found


@lru_cache(maxsize=2048)
def _count_behind(left: Left, depth: int, uses_all: bool) -> int:
    found = sum(_count_due(left, depth, 0, operator == "/", uses_all) for operator in list_operators(left))
    if depth > 1:
        return found + _count_behind(left, depth - 1, uses_all)
    return found + (not (left and uses_all))

"""Recount of answers in steps: the chance that a random writer ends right, and in how many ways it goes on.

The scorer's tables are not used: it is the plain recursion over all steps that what is left admits,
remembered by what is left. Where three numbers are left, as is by far the most often so, the recursion stops:
the last step has to make the target, so the step before must make one of six numbers at most.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from rlsf_gym.domains.countdown.checker.rationals import OPERATORS, Rational, combine

__all__ = [
    "Goal",
    "Left",
    "chance_behind",
    "chance_of",
    "legal_operators",
    "legal_seconds",
    "ways_behind",
    "ways_of",
]

Left = tuple[Rational, ...]
"""Numbers that are left, sorted as pairs."""

_KEPT: Final = 2**18  # numbers in each memory: a puzzle of six numbers needs half of it


class Goal(NamedTuple):
    """When an answer is right."""

    target: Rational
    """The number that the last result has to be."""
    uses_all: bool
    """Whether no other number may be left."""


_chances: dict[tuple[Left, Goal], float] = {}
_ways: dict[tuple[Left, bool], int] = {}


def chance_of(left: Left, goal: Goal) -> float:
    """Returns the chance that a random writer who begins a step ends right, in [0, 1].

    Args:
        left: Two or more numbers that are left.
        goal: When an answer is right.
    """
    key = left, goal
    found = _chances.get(key)
    if found is None:
        found = _recount_three(left, goal) if len(left) == 3 and _is_plain(left) else _recount(left, goal)
        if len(_chances) >= _KEPT:
            _chances.clear()
        _chances[key] = found
    return found


def chance_behind(result: Rational, rest: Left, goal: Goal) -> float:
    """Returns the chance that a random writer ends right behind a step, in [0, 1].

    Args:
        result: Result of the step.
        rest: The other numbers that are left.
        goal: When an answer is right.
    """
    is_right = float(result == goal.target)
    if not rest:
        return is_right
    chance = chance_of(_join(rest, result), goal)
    return chance if goal.uses_all else (is_right + chance) / 2


def ways_of(left: Left, uses_all: bool) -> int:
    """Returns the number of ways in which a random writer who begins a step may go on to an end.

    Args:
        left: Two or more numbers that are left.
        uses_all: Whether an answer may end only where one number is left.
    """
    if len(left) == 2:
        firsts = {left, left[::-1]}  # the second one decides on the operators
        return sum(len(legal_operators(pair[1:])) for pair in firsts)
    key = left, uses_all
    found = _ways.get(key)
    if found is None:
        found = sum(ways_behind(result, rest, uses_all) * times for times, result, rest in _list_steps(left))
        if len(_ways) >= _KEPT:
            _ways.clear()
        _ways[key] = found
    return found


def ways_behind(result: Rational, rest: Left, uses_all: bool) -> int:
    """Returns the number of ways in which a random writer may go on to an end behind a step."""
    if not rest:
        return 1
    return ways_of(_join(rest, result), uses_all) + (not uses_all)


def legal_operators(others: Left) -> str:
    """Returns the operators that may stand before one of some numbers."""
    return OPERATORS if any(number for number, _ in others) else OPERATORS[:-1]


def legal_seconds(others: Left, operator: str) -> tuple[Rational, ...]:
    """Returns the different numbers that may stand behind an operator."""
    return tuple(sorted({one for one in others if operator != "/" or one[0]}))


def _is_plain(left: Left) -> bool:
    """Returns whether no number is left twice, or 0: the writer then draws any step with the same chance."""
    return len(set(left)) == len(left) and all(number for number, _ in left)


def _recount(left: Left, goal: Goal) -> float:
    if _is_plain(left):
        steps = 4 * len(left) * (len(left) - 1)
        return sum(times * chance_behind(made, rest, goal) for times, made, rest in _list_plain(left)) / steps
    return sum(chance * chance_behind(made, rest, goal) for chance, made, rest in _list_drawn(left))


def _recount_three(left: Left, goal: Goal) -> float:
    """Returns the chance for three plain numbers, by what the step before the last must make."""
    total = 0.0
    for times, result, (other,) in _list_plain(left):
        chance = _last_chances(other, goal.target).get(result, 0.0)
        if not goal.uses_all:
            chance = (chance + (result == goal.target)) / 2
        total += times * chance
    return total / 24


@lru_cache(maxsize=4096)
def _last_chances(other: Rational, target: Rational) -> dict[Rational, float]:
    """Returns for each number from which, with another one but 0, a step leads to the target, its chance."""
    makers = [
        *(combine(target, operator, other) for operator in OPERATORS),  # it op other = target, by inversion
        *(combine(other, "-", target), combine(other, "/", target)),  # other op it = target
    ]
    goal = Goal(target, True)
    found = {one: chance_of(_join((other,), one), goal) for one in {*makers} if one is not None}
    return {one: chance for one, chance in found.items() if chance}


def _list_steps(left: Left) -> Iterator[tuple[int, Rational, Left]]:
    """Yields how many steps make a result, the result, and what is left beside it."""
    if _is_plain(left):
        yield from _list_plain(left)
    else:
        yield from ((1, result, rest) for _, result, rest in _list_drawn(left))


def _list_plain(left: Left) -> Iterator[tuple[int, Rational, Left]]:
    """Yields the same for plain numbers: of two of them, either may stand first."""
    for high in range(1, len(left)):
        for low in range(high):
            rest = left[:low] + left[low + 1 : high] + left[high + 1 :]
            for times, result in _results(left[low], left[high]):
                yield times, result, rest


@lru_cache(maxsize=16384)
def _results(one: Rational, other: Rational) -> list[tuple[int, Rational]]:
    """Returns what a step may make of two numbers that are not 0, and in how many orders."""
    both = [(2, combine(one, operator, other)) for operator in "+*"]
    each = [
        (1, combine(*pair)) for operator in "-/" for pair in ((one, operator, other), (other, operator, one))
    ]
    return [(times, result) for times, result in (*both, *each) if result is not None]


def _list_drawn(left: Left) -> Iterator[tuple[float, Rational, Left]]:
    """Yields the chance of each step, its result, and what is left beside it."""
    firsts = sorted(set(left))
    for first in firsts:
        others = _without(left, first)
        operators = legal_operators(others)
        for operator in operators:
            seconds = legal_seconds(others, operator)
            chance = 1.0 / (len(firsts) * len(operators) * len(seconds))
            for second in seconds:
                result = combine(first, operator, second)
                assert result is not None  # no 0 behind "/"
                yield chance, result, _without(others, second)


def _join(rest: Left, result: Rational) -> Left:
    return tuple(sorted((*rest, result)))


def _without(left: Left, number: Rational) -> Left:
    at = left.index(number)
    return left[:at] + left[at + 1 :]

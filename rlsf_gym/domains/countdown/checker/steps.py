"""Places of answers in steps, such as `11-5=6,7*6=42`."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, cast

from rlsf_gym.domains.countdown.checker.places import NO_FAULTS, Place, average, begin
from rlsf_gym.domains.countdown.checker.rationals import Rational, ascending, combine, spell
from rlsf_gym.domains.countdown.checker.recount import (
    Goal,
    Left,
    chance_behind,
    chance_of,
    legal_operators,
    legal_seconds,
    ways_behind,
    ways_of,
)

__all__ = ["Steps"]

_PUZZLES: Final = 4096  # of which places are remembered
_PLACES: Final = 512  # of each


class _Step(NamedTuple):
    """A step as far as it stands: before its first number, behind it, behind its operator, or whole."""

    left: Left
    """The numbers that were left before it."""
    first: Rational | None = None
    operator: str = ""
    second: Rational | None = None
    seen: str = ""
    """What stands behind the second number: nothing, "=", or the result as well; or "," before the first."""


class Steps:
    """Places of the answers in steps to one puzzle.

    Args:
        left: The numbers, sorted as pairs.
        goal: When an answer is right.
    """

    begins = re.compile(r"-?(?:0|[1-9][0-9]*)?|\((?:-?(?:[1-9][0-9]*(?:/(?:[1-9][0-9]*\)?)?)?)?)?")
    wholes = re.compile(r"-?(?:0|[1-9][0-9]*)|\(-?[1-9][0-9]*/[1-9][0-9]*\)")

    def __init__(self, left: Left, goal: Goal) -> None:
        self._goal = goal
        self._places: dict[_Step, Place] = {}
        self.start = self._place(_Step(left))

    @classmethod
    def of(cls, left: Left, goal: Goal) -> "Steps":
        """Returns the places of a puzzle, the same ones as long as they are remembered."""
        return _recall(left, goal)

    def behind(self, place: Place, symbol: str) -> Place:
        """Returns the place behind a symbol that a place admits."""
        step = cast(_Step, place.key)
        if step.first is None:
            return self._place(step._replace(first=_find(step.left, symbol), seen=""))
        if not step.operator:
            return self._place(step._replace(operator=symbol))
        if step.second is None:
            return self._place(step._replace(second=_find(step.left, symbol)))
        if symbol == ",":
            result, rest = _do(step)
            return self._place(_Step(tuple(sorted((*rest, result))), seen=","))
        return self._place(step._replace(seen=step.seen + symbol))

    def count(self, place: Place) -> int:
        """Returns the number of ways in which a random writer may go on from a place to an end."""
        return self._count(cast(_Step, place.key))

    def explain(self, written: str, left: Sequence[str]) -> str:
        """Returns that no way leads from what was written, and what is left, to the target."""
        way = f"no way leads from {', '.join(left)} to {spell(self._goal.target)}"
        shown = "a comma" if written == "," else written
        return f"after {shown} {way}" if written else way

    def _count(self, step: _Step) -> int:
        if step.first is None:
            return ways_of(step.left, self._goal.uses_all)
        if step.second is None:
            return sum(self._count(more) for more in _list_next(step).values())
        result, rest = _do(step)
        return ways_behind(result, rest, self._goal.uses_all)

    def _place(self, step: _Step) -> Place:
        found = self._places.get(step)
        if found is None:
            found = self._make(step)
            if len(self._places) >= _PLACES:
                self._places.clear()
            self._places[step] = found
        return found

    def _make(self, step: _Step) -> Place:
        if step.second is None:
            chances = {symbol: self._chance(more) for symbol, more in _list_next(step).items()}
            return self._make_open(step, chances)
        result, rest = _do(step)
        chance, text = chance_behind(result, rest, self._goal), spell(result)
        due, symbol = {"": ("'='", "="), "=": ("the result", text)}.get(step.seen, ("the end", ""))
        chances = {symbol: chance} if symbol else {}
        is_right = False
        if not symbol:
            is_right = result == self._goal.target and not (rest and self._goal.uses_all)
            if rest:
                due = "','" if self._goal.uses_all else "',' or the end"
                chances = {",": chance_of(tuple(sorted((*rest, result))), self._goal)}
        return Place(
            key=step,
            due=due,
            asks="result" if step.seen == "=" else "",
            chances=chances,
            begun=begin(chances),
            chance=chance,
            written=f"{_write(step)}={text}",
            left=_spell_all((*rest, result)),
            others=_spell_all(rest),
            is_right=is_right,
            faults=NO_FAULTS,
        )

    def _make_open(self, step: _Step, chances: dict[str, float]) -> Place:
        """Returns a place of a step that has no second number yet."""
        written, is_second = _write(step) or step.seen, bool(step.operator)
        faults: dict[str, tuple[str, str]] = {}
        if step.operator == "/" and (0, 1) in _without(step.left, step.first):
            faults["0"] = "arithmetic", f"{written}0 has no value"
        if step.first is not None and not is_second and "/" not in chances:
            faults["/"] = "arithmetic", f"{written}/ needs a number other than 0"
        return Place(
            key=step,
            due="an operator" if step.first is not None and not is_second else "a number",
            asks="" if step.first is not None and not is_second else "number",
            chances=chances,
            begun=begin(chances),
            chance=average(chances.values()),
            written=written,
            left=_spell_all(step.left),
            others=_spell_all(_without(step.left, step.first)),
            is_right=False,
            faults=faults,
        )

    def _chance(self, step: _Step) -> float:
        if step.second is None:
            return average(self._chance(more) for more in _list_next(step).values())
        return chance_behind(*_do(step), self._goal)


_recall = lru_cache(maxsize=_PUZZLES)(Steps)


def _list_next(step: _Step) -> dict[str, _Step]:
    """Returns the symbols that may come next where there is no second number yet, with what follows them."""
    if step.first is None:
        return {spell(one): step._replace(first=one, seen="") for one in sorted(set(step.left))}
    others = _without(step.left, step.first)
    if not step.operator:
        return {operator: step._replace(operator=operator) for operator in legal_operators(others)}
    seconds = legal_seconds(others, step.operator)
    return {spell(one): step._replace(second=one) for one in seconds}


def _do(step: _Step) -> tuple[Rational, Left]:
    """Returns the result of a step, and what else is left."""
    assert step.first is not None and step.second is not None
    result = combine(step.first, step.operator, step.second)
    assert result is not None  # no 0 behind "/"
    return result, _without(_without(step.left, step.first), step.second)


def _write(step: _Step) -> str:
    numbers = ["" if one is None else spell(one) for one in (step.first, step.second)]
    return step.operator.join(numbers) if step.operator else numbers[0]


def _spell_all(left: Left) -> tuple[str, ...]:
    return tuple(map(spell, ascending(left)))


def _find(left: Left, text: str) -> Rational:
    return next(one for one in left if spell(one) == text)


def _without(left: Left, number: Rational | None) -> Left:
    if number is None:
        return left
    at = left.index(number)
    return left[:at] + left[at + 1 :]

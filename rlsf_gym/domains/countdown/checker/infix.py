"""Places of answers that are expressions, such as `(11-5)*7`."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, cast

from rlsf_gym.domains.countdown.checker.places import Chances, Place, begin
from rlsf_gym.domains.countdown.checker.rationals import OPERATORS, ascending, spell
from rlsf_gym.domains.countdown.checker.recount import Goal, Left, chance_of
from rlsf_gym.domains.countdown.checker.spread import chance_of_stand, count_ways
from rlsf_gym.domains.countdown.checker.stand import OUTSIDE, Stand, list_legal, plus, take

__all__ = ["Infix"]

_PUZZLES: Final = 1024  # of which places are remembered
_PLACES: Final = 1024  # of each
_NO_DIVISOR: Final = "a division by 0 has no value"


class Infix:
    """Places of the answers to one puzzle that are expressions.

    Args:
        left: The numbers, sorted as pairs.
        goal: When an answer is right.
        is_graded: Whether chances are those of a random writer, or just some above 0 where a right answer can
            follow.
    """

    begins = re.compile(r"0|[1-9][0-9]*")
    wholes = begins

    def __init__(self, left: Left, goal: Goal, is_graded: bool) -> None:
        self._goal, self._is_graded = goal, is_graded
        self._places: dict[Stand, Place] = {}
        self.start = self._place(Stand((OUTSIDE,), left, 0, True))

    @classmethod
    def of(cls, left: Left, goal: Goal, is_graded: bool) -> "Infix":
        """Returns the places of a puzzle, the same ones as long as they are remembered."""
        return _recall(left, goal, is_graded)

    def behind(self, place: Place, symbol: str) -> Place:
        """Returns the place behind a symbol that a place admits."""
        stand = take(cast(Stand, place.key), symbol)
        assert stand is not None  # what divides by 0 is a fault of the place
        return self._place(stand)

    def count(self, place: Place) -> int:
        """Returns the number of ways in which a random writer may go on from a place to an end."""
        return count_ways(cast(Stand, place.key), self._goal.uses_all)

    def explain(self, written: str, left: Sequence[str]) -> str:
        """Returns that no way leads from what was written, and what is left, to the target."""
        target = spell(self._goal.target)
        after = f"after {written} " if written else ""
        if not left:
            return f"{after}no number is left to reach {target}"
        return f"{after}no way leads from {', '.join(left)} to {target}"

    def _place(self, stand: Stand) -> Place:
        found = self._places.get(stand)
        if found is None:
            found = self._make(stand)
            if len(self._places) >= _PLACES:
                self._places.clear()
            self._places[stand] = found
        return found

    def _make(self, stand: Stand) -> Place:
        chances = Chances(list_legal(stand), lambda symbol: self._chance(take(stand, symbol)))
        left = tuple(map(spell, ascending(stand.left)))
        may_end = not stand.is_due and len(stand.groups) == 1 and not (self._goal.uses_all and stand.left)
        (group, *_) = stand.groups
        return Place(
            key=stand,
            due=_tell_due(stand, may_end),
            asks="number" if stand.is_due else "",
            chances=chances,
            begun=begin(chances),
            chance=self._chance(stand),
            written=None,
            left=left,
            others=left,
            is_right=may_end and plus(group.total, group.product) == self._goal.target,
            faults=_find_faults(stand),
        )

    def _chance(self, stand: Stand | None) -> float:
        if stand is None:
            return 0.0
        if not self._is_graded and stand.is_due and {*stand.groups} == {OUTSIDE}:
            return self._chance_of_start(stand.left)
        return chance_of_stand(stand, self._goal)

    def _chance_of_start(self, left: Left) -> float:
        """Returns a number above 0 where a right answer can begin: expressions make what steps make."""
        if left == (self._goal.target,) or (not self._goal.uses_all and self._goal.target in left):
            return 1.0
        return chance_of(left, self._goal) if len(left) > 1 else 0.0


_recall = lru_cache(maxsize=_PUZZLES)(Infix)


def _find_faults(stand: Stand) -> dict[str, tuple[str, str]]:
    """Returns the symbols that are wrong for another reason than that they are not due."""
    left, faults = stand.left, dict[str, tuple[str, str]]()
    if stand.is_due:
        if stand.opened >= len(left):
            faults["("] = "syntax", f"no more than {len(left)} parentheses may open here"
        if stand.groups[-1].operator == "/" and (0, 1) in left:
            faults["0"] = "arithmetic", _NO_DIVISOR
        return faults
    legal = list_legal(stand)
    if not left:
        faults |= {one: ("number", f"{one} needs a number, and none is left") for one in OPERATORS}
    elif "/" not in legal:
        faults["/"] = "arithmetic", _NO_DIVISOR
    if ")" in legal and take(stand, ")") is None:
        faults[")"] = "arithmetic", _NO_DIVISOR
    return faults


def _tell_due(stand: Stand, may_end: bool) -> str:
    """Returns what must stand at a place, in words."""
    if stand.is_due:
        return "a number or '('" if stand.opened < len(stand.left) else "a number"
    due = ["an operator"] * bool(stand.left) + ["')'"] * (len(stand.groups) > 1) + ["the end"] * may_end
    return " or ".join(filter(None, (", ".join(due[:-1]), due[-1])))

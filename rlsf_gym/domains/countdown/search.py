"""Search for the steps that lead to a target: how likely a random writer gets there, and by how many ways.

The writer of steps draws uniformly among the symbols that are well formed: a first number among the distinct
values that are left, an operator, a second number among the others, then the true result, and a comma or the
end. `/` is not drawn where all other numbers are 0, and 0 is not drawn behind it. What is worked out of some
numbers that are left is remembered, whichever way led to them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from rlsf_gym.domains.countdown.arithmetic import OPERATIONS, Number, Numbers, as_numbers
from rlsf_gym.domains.countdown.sweep import sweep
from rlsf_gym.remembered import Remembered

__all__ = ["Move", "Search", "Worth", "find_search"]

Worth = tuple[float, int]
"""Chance that a random writer ends right, and number of ways in which it may go on to an end."""

_SWEPT: Final = 4  # numbers, from which on arrays of all that can be left are faster than one after the other
_ENTRY: Final = 600  # bytes of the numbers and worth that are remembered of one place
_ROOM: Final = 96 * 2**20


class Move(NamedTuple):
    """A step: what comes out of it, and what it is worth."""

    result: Number
    left: Numbers
    """Numbers behind it, the result among them."""
    worth: Worth
    is_right: bool
    """Whether an answer that ends with it is right."""


Moves = dict[Number, dict[str, dict[Number, Move]]]
"""First number to operator to second number to move."""


class Search:
    """Search of one puzzle.

    Args:
        numbers: The numbers at the beginning.
        target: The number to reach.
        use: "all": the answer is right if the target is all that is left; "any": if it is the last result.
    """

    def __init__(self, numbers: Numbers, target: int, use: str) -> None:
        self.numbers = numbers
        self.target: Number = (target, 1)
        self.is_any = use == "any"
        self._worths: dict[Numbers, Worth] = {}
        if len(numbers) >= _SWEPT:
            self._worths = sweep(numbers, target, is_any=self.is_any)

    def __len__(self) -> int:
        return len(self._worths)

    def worth(self, left: Numbers) -> Worth:
        """Returns what it is worth to begin a step with these numbers, two or more."""
        found = self._worths.get(left)
        if found is None:
            chance, ways = 0.0, 0
            moves = self.moves(left)
            for by_operator in moves.values():
                for by_second in by_operator.values():
                    share = len(moves) * len(by_operator) * len(by_second)
                    chance += sum(move.worth[0] for move in by_second.values()) / share
                    ways += sum(move.worth[1] for move in by_second.values())
            found = self._worths[left] = chance, ways
        return found

    def moves(self, left: Numbers) -> Moves:
        """Returns all steps that are well formed, in the order in which they are tried."""
        found: Moves = {}
        for first in dict.fromkeys(left):
            others = list(left)
            others.remove(first)
            operators: dict[str, dict[Number, Move]] = {}
            for operator in OPERATIONS:
                seconds = {
                    second: self._move(first, operator, second, others)
                    for second in dict.fromkeys(others)
                    if operator != "/" or second[0]
                }
                if seconds:
                    operators[operator] = seconds
            found[first] = operators
        return found

    def ending(self, result: Number, left: Numbers) -> Worth:
        """Returns what it is worth to have written a step with this result that leaves these numbers."""
        if len(left) == 1:
            return float(result == self.target), 1
        chance, ways = self.worth(left)
        if self.is_any:
            return (chance + float(result == self.target)) / 2, ways + 1
        return chance, ways

    def is_right(self, result: Number, left: Numbers) -> bool:
        """Returns whether an answer that ends with this result, and these numbers left, is right."""
        return result == self.target and (self.is_any or len(left) == 1)

    def _move(self, first: Number, operator: str, second: Number, others: list[Number]) -> Move:
        result = OPERATIONS[operator](first, second)
        rest = [*others, result]
        rest.remove(second)
        left = tuple(sorted(rest))
        return Move(result, left, self.ending(result, left), self.is_right(result, left))


def find_search(numbers: list[int], target: int, use: str) -> Search:
    """Returns the search of a puzzle, remembered, whatever the order of its numbers."""
    ordered = as_numbers(numbers)
    key = f"{ordered} {target} {use}"
    found = _SEARCHES.get(key)
    if found is None:
        found = Search(ordered, target, use)
        found.worth(ordered)
        _SEARCHES.put(key, found)
    return found


def _measure(search: Search) -> int:
    return _ENTRY * len(search)


_SEARCHES = Remembered[Search](_measure, max_bytes=_ROOM)

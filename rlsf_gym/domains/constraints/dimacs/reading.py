"""Reading of answers that say one symbol of each slot."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple, cast

from rlsf_gym.domains.constraints.cnf import Clause, Formula
from rlsf_gym.domains.constraints.dimacs.slots import Slots
from rlsf_gym.domains.constraints.reading import Symbol

__all__ = ["SlotReading"]


class _Place(NamedTuple):
    """Place in an answer."""

    told: int = 0
    """The slots of which it has said a symbol, as bits."""
    due: str = "symbol"
    """What is due: a "symbol", the "separator", the "last" text or the "end"."""


class SlotReading:
    """Reading of answers to one puzzle.

    Args:
        slots: What an answer says.
        formula: The formula.
        given: Literals that the prompt gives.
        is_even: Whether each solution has one symbol of each slot.
    """

    def __init__(self, slots: Slots, formula: Formula, given: Sequence[int], *, is_even: bool) -> None:
        self._slots, self._given, self._is_even = slots, frozenset(given), is_even
        self._all = (1 << len(slots.slots)) - 1
        self.start: Hashable = _Place()
        self.alphabet = frozenset(" ".join(slots.find_texts())) | {" "}
        spoken = {abs(literal) for slot in slots.slots for _, literal in slot}
        self.variables = sorted(spoken)
        self.goals = () if slots.is_ordered else _list_goals(formula, spoken)
        self._symbols = dict[_Place, tuple[Symbol, ...]]()
        self._refused = {one: self._find_refused(number) for number, one in enumerate(slots.slots)}
        self._drawn = [len(slot) - len(self._refused[slot]) for slot in slots.slots]

    def symbols(self, node: Hashable) -> tuple[Symbol, ...]:
        """Returns the symbols of the next slot, or of all that are left, or what stands between two."""
        place = cast(_Place, node)
        if place not in self._symbols:
            self._symbols[place] = tuple(self._list_symbols(place))
        return self._symbols[place]

    def may_end(self, node: Hashable) -> bool:
        """Returns whether a symbol of each slot was said, and what stands behind the last one."""
        return cast(_Place, node).due == "end"

    def chance(self, node: Hashable) -> float | None:
        """Returns the chance that evenly drawn symbols of the slots that are left are those of a solution."""
        if not self._is_even:
            return None
        told, ways = cast(_Place, node).told, 1.0
        for number, count in enumerate(self._drawn):
            ways *= 1 if told >> number & 1 else count
        return 1.0 / ways

    def expected(self, node: Hashable) -> str:
        """Returns what may follow, in words."""
        due = cast(_Place, node).due
        if due == "end":
            return "the end"
        texts = [repr(symbol.text) for symbol in self.symbols(node)]
        if due == "symbol" and not self._slots.is_ordered:
            return f"a symbol such as {texts[0]}"
        return " or ".join(texts)

    def say(self, literal: int) -> str:
        """Returns the text of a literal."""
        return self._slots.say(literal)

    def refuse(self, literal: int) -> str:
        """Returns what is given where another symbol of the slot stands."""
        for slot, refused in self._refused.items():
            if literal in refused:
                given = next((one for _, one in slot if one in self._given), None)
                told = f"no {self.say(literal)}" if given is None else self.say(given)
                text = next(text for text, one in slot if one == literal)
                return f"{told} is given, not {text}"
        raise ValueError(f"literal must be against what is given, got {literal}")

    def _find_refused(self, number: int) -> frozenset[int]:
        """Returns the literals of a slot that are against what is given."""
        literals = [literal for _, literal in self._slots.slots[number]]
        has_given = not self._given.isdisjoint(literals)
        return frozenset(
            one for one in literals if -one in self._given or (has_given and one not in self._given)
        )

    def _list_symbols(self, place: _Place) -> list[Symbol]:
        slots, (told, due) = self._slots, place
        if due == "separator":
            after = "last" if told == self._all else "symbol"
            return [Symbol(slots.separator, 0, _Place(told, after))]
        if due == "last":
            return [Symbol(slots.last, 0, _Place(told, "end"))]
        if due == "end":
            return []
        left = [number for number in range(len(slots.slots)) if not told >> number & 1]
        found = list[Symbol]()
        for number in left[:1] if slots.is_ordered else left:
            behind = self._find_place(told | 1 << number)
            refused = self._refused[slots.slots[number]]
            found += [
                Symbol(text, literal, behind, "given" if literal in refused else "")
                for text, literal in slots.slots[number]
            ]
        return found

    def _find_place(self, told: int) -> _Place:
        """Returns the place behind a symbol."""
        is_over = told == self._all and not self._slots.last
        if is_over or not self._slots.separator:
            return _Place(told, "end" if is_over else "symbol")
        return _Place(told, "separator")


def _list_goals(formula: Formula, spoken: set[int]) -> Sequence[Sequence[Clause]]:
    """Returns a goal for each clause of which all variables are said."""
    return [[clause] for clause in formula.clauses if spoken.issuperset(map(abs, clause))]

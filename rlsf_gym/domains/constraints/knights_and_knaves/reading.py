"""Reading of answers to knights and knaves: claims such as "A is a knight.", in any order."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import NamedTuple, cast

from rlsf_gym.domains.constraints.cnf import Clause
from rlsf_gym.domains.constraints.knights_and_knaves.statements import KINDS, NAMES
from rlsf_gym.domains.constraints.reading import Symbol

__all__ = ["LINK", "STOP", "ClaimReading"]

LINK = " is a "
STOP = "."


class _Place(NamedTuple):
    """Place in an answer, whatever was claimed."""

    told: str = ""
    """Whom it has told of, in the order of their names."""
    name: str = ""
    """Whom it tells of now."""
    due: str = "name"
    """Symbol that is due: a "name", the "link", a "kind" or the "stop"."""


class ClaimReading:
    """Reading of answers to one puzzle; variable i + 1 says that person i is a knight.

    Args:
        goals: For each person, clauses that hold if they are a knight and say what is true, or neither.
    """

    def __init__(self, goals: Sequence[Sequence[Clause]]) -> None:
        self.names = NAMES[: len(goals)]
        self.start: Hashable = _Place()
        self.alphabet = frozenset("".join([self.names, LINK, *KINDS, STOP]))
        self.variables = range(1, len(goals) + 1)
        self.goals = goals

    def symbols(self, node: Hashable) -> tuple[Symbol, ...]:
        """Returns the names that are left, or what comes next in a claim."""
        return _list_symbols(self.names, cast(_Place, node))

    def may_end(self, node: Hashable) -> bool:
        """Returns whether there is a claim of each person."""
        told, _, due = cast(_Place, node)
        return due == "name" and len(told) == len(self.names)

    def chance(self, node: Hashable) -> float:
        """Returns the chance that evenly drawn kinds of those who are left are those of a solution."""
        return 2.0 ** (len(cast(_Place, node).told) - len(self.names))

    def expected(self, node: Hashable) -> str:
        """Returns what may follow, in words."""
        if self.may_end(node):
            return "the end"
        texts = [symbol.text for symbol in self.symbols(node)]
        return " or ".join(texts if cast(_Place, node).due == "name" else map(repr, texts))

    def say(self, literal: int) -> str:
        """Returns who is what."""
        return f"{self.names[abs(literal) - 1]} is a {KINDS[literal < 0]}"

    def refuse(self, literal: int) -> str:
        """Never called: no symbol is refused at once.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"nothing is given against {self.say(literal)!r}")


@lru_cache(maxsize=16_384)
def _list_symbols(names: str, place: _Place) -> tuple[Symbol, ...]:
    """Returns the symbols of a place: the same for all puzzles of as many people."""
    told, name, due = place
    if due == "name":
        return tuple(Symbol(one, 0, _Place(told, one, "link")) for one in names if one not in told)
    if due == "link":
        return (Symbol(LINK, 0, _Place(told, name, "kind")),)
    if due == "stop":
        return (Symbol(STOP, 0, _Place(told)),)
    behind = _Place("".join(sorted(told + name)), "", "stop")
    number = names.index(name) + 1
    return tuple(Symbol(kind, sign * number, behind) for kind, sign in zip(KINDS, (1, -1), strict=True))

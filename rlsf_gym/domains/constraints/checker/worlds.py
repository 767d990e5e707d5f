"""What is left of the solutions of a puzzle behind what an answer says: counted, or known of one of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any, Final, Protocol

from rlsf_gym.certificates.claimed import CertificateError
from rlsf_gym.domains.constraints.checker.puzzle import Puzzle

__all__ = ["Counted", "Tried", "Worlds", "mean"]


_KEPT: Final = 4096  # chances that are remembered of one puzzle


class Worlds(Protocol):
    """Protocol of what is left of the solutions; None stands for nothing."""

    start: Any
    """What is left before anything is said."""
    is_chance: bool
    """Whether a prefix is worth the chance that it ends right, not 1 while it can."""

    def narrow(self, left: Any, literals: Sequence[int]) -> Any:
        """Returns what is left where one of some literals holds (0 says nothing); None if that is nothing."""
        ...

    def chance(self, node: Any, left: Any) -> float:
        """Returns what a prefix is worth between two symbols."""
        ...


class Counted:
    """Solutions that are all known; some of them are the bits of a number.

    Args:
        puzzle: The puzzle.
        solutions: Its solutions, each as the literals that are true; a variable that is left out is false.
        is_chance: Whether a prefix is worth the chance that it ends right, not 1 while it can.
    """

    def __init__(self, puzzle: Puzzle, solutions: Sequence[Sequence[int]], *, is_chance: bool) -> None:
        self._puzzle, self.is_chance = puzzle, is_chance
        self.start = (1 << len(solutions)) - 1
        self._where = dict[int, int]()
        for number, solution in enumerate(solutions):
            for literal in solution:
                if literal > 0:
                    self._where[literal] = self._where.get(literal, 0) | 1 << number
        self._known = dict[tuple[Any, int], float]()

    def narrow(self, left: int, literals: Sequence[int]) -> int | None:
        """Returns those of some solutions in which one of the literals is true."""
        if 0 in literals:
            return left or None
        found = 0
        for literal in literals:
            holding = self._where.get(abs(literal), 0)
            found |= holding if literal > 0 else self.start & ~holding
        return left & found or None

    def chance(self, node: Any, left: int) -> float:
        """Returns the chance that a random writer goes on from a place to an answer that is right."""
        if not self.is_chance:
            return 1.0
        key = node, left
        found = self._known.get(key)
        if found is None:
            found = self._recount(node, left)
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = found
        return found

    def _recount(self, node: Any, left: int) -> float:
        ways = self._puzzle.count_ways(node)
        if ways is not None:
            return left.bit_count() / ways  # of integers, and so rounded once
        drawn = [1.0] * self._puzzle.may_end(node)
        for one in self._puzzle.choices(node):
            if one.is_given:
                rest = self.narrow(left, [one.literal])
                drawn.append(0.0 if rest is None else self.chance(one.node, rest))
        return mean(drawn)


class Tried:
    """Solutions that are too many: one is known, and a proof; what neither tells is searched for.

    Args:
        puzzle: The puzzle.
        model: The variables that are true in a solution.
        core: Literals that the proof claims can't all hold with the next ones.
        proof: The proof, which may be wrong.
    """

    start = frozenset[int]()
    is_chance = False

    def __init__(self, puzzle: Puzzle, model: Collection[int], core: Sequence[int], proof: Any) -> None:
        self._puzzle, self._model = puzzle, frozenset(model)
        self._core, self._proof = core, proof

    def narrow(self, left: frozenset[int], literals: Sequence[int]) -> frozenset[int] | None:
        """Returns what is said, with the one literal where there is one alone; None if it can't hold."""
        if 0 in literals:
            return left
        more = left | {literals[0]} if len(literals) == 1 else left
        if any(map(self._holds, literals)) and all(map(self._holds, left)):
            return more
        if left.issuperset(self._core) and self._is_refuted(literals):
            return None
        said = [*self._puzzle.givens, *sorted(left)]
        return more if self._puzzle.formula.is_satisfiable(said, tuple(literals)) else None

    def chance(self, node: Any, left: frozenset[int]) -> float:
        """Returns 1: a right answer begins so."""
        return 1.0

    def _holds(self, literal: int) -> bool:
        return (abs(literal) in self._model) == (literal > 0)

    def _is_refuted(self, literals: Sequence[int]) -> bool:
        try:
            self._puzzle.formula.check_refutation(
                [*self._puzzle.givens, *self._core], tuple(literals), self._proof
            )
        except CertificateError:
            return False
        return True


def mean(values: Sequence[float]) -> float:
    """Returns the mean of some values, 0 of none."""
    return math.fsum(values) / len(values) if values else 0.0

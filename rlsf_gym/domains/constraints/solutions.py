"""Solutions that agree with what an answer has said so far: listed, or asked of the solver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from rlsf_gym.domains.constraints.solver import Oracle

__all__ = ["Asked", "Listed", "Solutions"]


class Solutions(Protocol):
    """The solutions of a problem; what is left of them after some literals is told by a value of its own."""

    everything: Any
    """What is left before any literal."""
    is_many: bool
    """Whether there is more than one."""

    def narrow(self, left: Any, literal: int) -> Any:
        """Returns what is left with one more literal (0 says nothing), None if nothing is."""
        ...

    def narrow_any(self, left: Any, literals: Sequence[int]) -> bool:
        """Returns whether something is left with at least one of these literals."""
        ...

    def count(self, left: Any) -> int | None:
        """Returns how many solutions are left, None where they are not counted."""
        ...

    def model(self, left: Any) -> tuple[int, ...]:
        """Returns the true variables of the first solution that is left."""
        ...

    def find_core(self, literals: Sequence[int], last: Sequence[int]) -> tuple[int, ...]:
        """Returns a minimal core of literals that no solution has with one of `last`: their positions."""
        ...


class Listed:
    """Solutions that are known, as the bits of a number.

    Args:
        models: True variables of each solution.

    Example:
        >>> solutions = Listed([(1, 4), (2, 3)])
        >>> left = solutions.narrow(solutions.everything, -1)
        >>> solutions.count(left), solutions.model(left), solutions.narrow(left, 4)
        (1, (2, 3), None)
    """

    def __init__(self, models: Sequence[tuple[int, ...]]) -> None:
        self.models = models
        self.everything = (1 << len(models)) - 1
        self.is_many = len(models) > 1
        self._with = dict[int, int]()  # variable to the solutions in which it is true
        for number, model in enumerate(models):
            for variable in model:
                self._with[variable] = self._with.get(variable, 0) | 1 << number

    def narrow(self, left: int, literal: int) -> int | None:
        """Returns what is left with one more literal, None if nothing is."""
        return (left & self._holding(literal) if literal else left) or None

    def narrow_any(self, left: int, literals: Sequence[int]) -> bool:
        """Returns whether something is left with at least one of these literals."""
        return any(self.narrow(left, literal) for literal in literals)

    def count(self, left: int) -> int:
        """Returns how many solutions are left."""
        return left.bit_count()

    def model(self, left: int) -> tuple[int, ...]:
        """Returns the true variables of the first solution that is left."""
        return self.models[(left & -left).bit_length() - 1]

    def find_core(self, literals: Sequence[int], last: Sequence[int]) -> tuple[int, ...]:
        """Returns a minimal core of literals that no solution has with one of `last`: their positions."""
        rests = [self.everything]  # the solutions that agree with the literals from behind
        for literal in reversed(literals):
            rests.append(rests[-1] & self._holding(literal))
        kept, agreeing = list[int](), 0
        for literal in last:
            agreeing |= self._holding(literal)
        for position, literal in enumerate(literals):
            if agreeing & rests[len(literals) - position - 1]:
                kept.append(position)
                agreeing &= self._holding(literal)
        return tuple(kept)

    def _holding(self, literal: int) -> int:
        found = self._with.get(abs(literal), 0)
        return found if literal > 0 else self.everything & ~found


class Asked:
    """Solutions that are too many to be listed: the solver is asked what is left with some literals.

    Args:
        oracle: Answers questions on the problem's formula.
        givens: Literals that the problem gives.
    """

    everything = frozenset[int]()
    is_many = True

    def __init__(self, oracle: Oracle, givens: Sequence[int]) -> None:
        self._oracle, self._givens = oracle, tuple(givens)

    def narrow(self, left: frozenset[int], literal: int) -> frozenset[int] | None:
        """Returns what is left with one more literal, None if nothing is."""
        if not literal or literal in left:
            return left
        more = left | {literal}
        return more if self._oracle.is_satisfiable([*self._givens, *more]) else None

    def narrow_any(self, left: frozenset[int], literals: Sequence[int]) -> bool:
        """Returns whether something is left with at least one of these literals."""
        return any(self.narrow(left, literal) is not None for literal in literals)

    def count(self, left: frozenset[int]) -> None:
        """Returns None: they are not counted."""
        return

    def model(self, left: frozenset[int]) -> tuple[int, ...]:
        """Returns the true variables of the first solution that is left."""
        found = self._oracle.find_model([*self._givens, *sorted(left)])
        assert found is not None
        return found

    def find_core(self, literals: Sequence[int], last: Sequence[int]) -> tuple[int, ...]:
        """Returns a minimal core of literals that no solution has with one of `last`: their positions."""
        return self._oracle.find_core(self._givens, literals, last)

"""Unit propagation, and a search by it: slow, small and the checker's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["Clause", "Clauses"]

Clause = tuple[int, ...]


class Clauses:
    """Clauses of a formula, found by the literals in them.

    Args:
        clauses: The clauses.

    Example:
        >>> clauses = Clauses([(1, 2), (-1, 3), (-2, 3)])
        >>> clauses.propagate([-3]) is None, clauses.propagate([-1]) == {-1, 2, 3}
        (True, True)
        >>> clauses.search([-1]), clauses.search([-3])
        ({2, 3, -1}, None)
    """

    def __init__(self, clauses: Iterable[Clause]) -> None:
        self._clauses = [tuple(dict.fromkeys(clause)) for clause in clauses]
        self._with = dict[int, list[Clause]]()
        for clause in self._clauses:
            for literal in clause:
                self._with.setdefault(literal, []).append(clause)
        self._units = [clause[0] for clause in self._clauses if len(clause) == 1]
        self._is_hopeless = any(not clause for clause in self._clauses)

    def propagate(
        self, literals: Iterable[int], lemmas: Sequence[Clause] = (), known: frozenset[int] = frozenset()
    ) -> set[int] | None:
        """Returns what follows from literals by unit propagation, these included; None for a conflict.

        Args:
            literals: What holds.
            lemmas: Further clauses, few of them.
            known: What followed from fewer literals, with the lemmas' help or without.
        """
        if self._is_hopeless:
            return None
        true, waiting = set(known), list(literals) if known else [*self._units, *literals]
        while True:
            while waiting:
                literal = waiting.pop()
                if -literal in true:
                    return None
                if literal in true:
                    continue
                true.add(literal)
                if not self._list_units(self._with.get(-literal, ()), true, waiting):
                    return None
            if not self._list_units(lemmas, true, waiting):
                return None
            if not waiting:
                return true

    @staticmethod
    def _list_units(clauses: Iterable[Clause], true: set[int], waiting: list[int]) -> bool:
        """Adds the last literals of clauses that have one left; False if one has none."""
        for clause in clauses:
            left = 0
            for literal in clause:
                if literal in true or (-literal not in true and left):
                    break  # it holds, or has two left
                if -literal not in true:
                    left = literal
            else:
                if not left:
                    return False
                waiting.append(left)
        return True

    def search(self, literals: Iterable[int], lemmas: Sequence[Clause] = ()) -> set[int] | None:
        """Returns literals that satisfy every clause, these included; None if there are none."""
        start = self.propagate(literals, lemmas)
        if start is None:
            return None
        waiting = [start]
        while waiting:
            true = waiting.pop()
            shortest = self._find_shortest(lemmas, true)
            if shortest is None:
                return true
            for literal in shortest:
                more = self.propagate([literal], lemmas, frozenset(true))
                if more is not None:
                    waiting.append(more)
        return None

    def _find_shortest(self, lemmas: Sequence[Clause], true: set[int]) -> Clause | None:
        """Returns what is left of the clause that has least left, of those that do not hold yet."""
        best: Clause | None = None
        for clause in (*self._clauses, *lemmas):
            left = tuple(literal for literal in clause if -literal not in true)
            if (best is None or len(left) < len(best)) and true.isdisjoint(clause):
                best = left
                if len(best) == 2:
                    break  # none has less after propagation
        return best

"""Satisfiability solver: what follows from a formula under assumed literals, by PySAT."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final

from rlsf_gym.domains.constraints.cnf import Clause, Formula

__all__ = ["TRIMMED", "Oracle", "import_solvers"]

TRIMMED: Final = 64
"""Lines of a proof, up to which none is left in that is not needed."""

_SEARCH: Final = "cadical153"
_LISTING: Final = "minisat22"  # takes clauses that rule models out in half the time
_PROPAGATION: Final = "minisat22"  # never asked to search, so that it knows the formula's clauses alone


class Oracle:
    """Answers questions on one formula under assumed literals, by solvers that are made when first asked.

    What it answers follows from the formula and the question alone, whatever was asked before, but for which
    proof it finds.

    Args:
        formula: The formula.
    """

    def __init__(self, formula: Formula) -> None:
        self.formula = formula

    def __getstate__(self) -> dict[str, Any]:
        """Returns the formula: solvers are made again."""
        return {"formula": self.formula}

    def is_satisfiable(self, literals: Sequence[int]) -> bool:
        """Returns whether the formula has a model in which these literals hold."""
        return self._search.solve(assumptions=literals)

    def is_refuted_by_units(self, literals: Sequence[int]) -> bool:
        """Returns whether unit propagation from these literals alone ends in a conflict."""
        return not self._propagate(literals)[0]

    def find_model(self, literals: Sequence[int]) -> tuple[int, ...] | None:
        """Returns the variables that are true in a model in which these literals hold, None without any.

        Of several models it is the one in which the first variable in which they differ is true.
        """
        sound, known = self._propagate(literals)
        if not sound:
            return None
        if len(known) < self.formula.variables:
            if not self._search.solve(assumptions=literals):
                return None
            known = self._find_first(list(literals))
        return tuple(sorted(literal for literal in known if literal > 0))

    def list_models(
        self, literals: Sequence[int], variables: Sequence[int], most: int
    ) -> list[tuple[int, ...]] | None:
        """Returns models in which these literals hold, one for each assignment of some variables.

        Args:
            literals: What is assumed.
            variables: The variables in which models have to differ, those of answers.
            most: How many there may be.

        Returns:
            The true variables of each model, in the order of `find_model`; None where there are more.
        """
        sound, known = self._propagate(literals)
        if not sound:
            return []
        open_to = [one for one in variables if one not in known and -one not in known]
        assignments = self._list_assignments(literals, open_to, most)
        if assignments is None:
            return None
        models = [self.find_model([*literals, *assignment]) for assignment in assignments]
        return sorted((model for model in models if model is not None), key=_order)

    def find_core(
        self, fixed: Sequence[int], literals: Sequence[int], last: Sequence[int]
    ) -> tuple[int, ...]:
        """Returns a minimal core of literals that can't hold with one of `last`: their positions.

        Each is left out in turn, in their order, where the rest still can't hold.

        Args:
            fixed: Literals that hold in any case.
            literals: N literals that can't all hold with any of `last`.
            last: Literals, one of which is to hold.
        """
        kept = list(range(len(literals)))
        for position in range(len(literals)):
            rest = [*fixed, *(literals[other] for other in kept if other != position)]
            if not any(self.is_satisfiable([*rest, one]) for one in last):
                kept.remove(position)
        return tuple(kept)

    def refute(self, literals: Sequence[int], clause: Clause = ()) -> list[str]:
        """Returns a proof that these literals can't hold, with a clause beside the formula's, in DRUP.

        Args:
            literals: Literals that hold.
            clause: One more clause that holds; without literals, none.

        Returns:
            A line for each clause that follows, such as "-3 7 0", the last of them "0"; none where unit
            propagation alone ends in a conflict. Of up to `TRIMMED` lines none can be left out.
        """
        if not clause and self.is_refuted_by_units(literals):
            return []
        clauses = [
            *self.formula.clauses,
            *((literal,) for literal in literals),
            *([clause] if clause else ()),
        ]
        with _open(_SEARCH, clauses, with_proof=True) as solver:
            if solver.solve():
                raise ValueError("literals must be refutable, got some that can hold")
            lines: list[str] = [line for line in solver.get_proof() if not line.startswith("d")]
        lemmas = [tuple(map(int, line.split()[:-1])) for line in lines]
        lemmas = _trim(clauses, [lemma for lemma in lemmas if lemma])
        return [" ".join(map(str, (*lemma, 0))) for lemma in (*lemmas, ())] if lemmas else []

    @cached_property
    def _search(self) -> Any:
        return _open(_SEARCH, self.formula.clauses)

    @cached_property
    def _propagation(self) -> Any:
        return _open(_PROPAGATION, [clause for clause in self.formula.clauses if len(clause) != 1])

    @cached_property
    def _units(self) -> list[int]:
        return [clause[0] for clause in self.formula.clauses if len(clause) == 1]

    def _propagate(self, literals: Sequence[int]) -> tuple[bool, set[int]]:
        """Returns whether unit propagation meets no conflict, and the literals that hold by it."""
        assumed = [*self._units, *literals]  # assumed as well: what clauses of one literal imply is not told
        sound, implied = self._propagation.propagate(assumptions=assumed)
        return sound, {*assumed, *implied}

    def _find_first(self, literals: list[int]) -> set[int]:
        """Returns the literals of the first model, after the solver found one."""
        true = frozenset[int](self._search.get_model())
        known = self._propagate(literals)[1]
        for variable in range(1, self.formula.variables + 1):
            if variable in known or -variable in known:
                continue
            if variable not in true and self._search.solve(assumptions=[*literals, variable]):
                true = frozenset(self._search.get_model())
            literals.append(variable if variable in true else -variable)
            known = self._propagate(literals)[1] if variable in true else known | {-variable}
        return known

    def _list_assignments(
        self, literals: Sequence[int], variables: Sequence[int], most: int
    ) -> list[list[int]] | None:
        """Returns the assignments of some variables in models, None where there are more than so many."""
        if not variables:
            return [[]]
        if not self.is_satisfiable(literals):
            return []
        true = frozenset[int](self._search.get_model())
        first = [one if one in true else -one for one in variables]
        if not any(self.is_satisfiable([*literals, -one]) for one in first):
            return [first]  # mostly so, and told without a solver of its own
        found = list[list[int]]()
        clauses = [*self.formula.clauses, *((literal,) for literal in literals)]
        with _open(_LISTING, clauses) as solver:
            while solver.solve():
                if len(found) == most:
                    return None
                true = frozenset[int](solver.get_model())
                found.append([one if one in true else -one for one in variables])
                solver.add_clause([-literal for literal in found[-1]])
        return found


def _order(model: Sequence[int]) -> tuple[float, ...]:
    return (*model, math.inf)  # behind a model in which one more variable is true


def _trim(clauses: Iterable[Clause], lemmas: list[Clause]) -> list[Clause]:
    """Returns the lemmas that a refutation needs: each is left out in turn, from the last, if it can be."""
    if len(lemmas) > TRIMMED:
        return lemmas
    with _open(_PROPAGATION, clauses) as solver:
        first = max((abs(literal) for clause in clauses for literal in clause), default=0) + 1
        switches = dict(zip(lemmas, range(first, first + len(lemmas)), strict=False))
        for lemma, switch in switches.items():
            solver.add_clause([*lemma, -switch])

        def proves(kept: Sequence[Clause], start: int) -> bool:
            assumed = [switches[lemma] for lemma in kept[:start]]
            for lemma in (*kept[start:], ()):
                if solver.propagate(assumptions=[*assumed, *(-literal for literal in lemma)])[0]:
                    return False
                assumed += [switches[lemma]] if lemma else []
            return True

        kept = list(switches)
        for position in reversed(range(len(kept))):
            rest = kept[:position] + kept[position + 1 :]
            if proves(rest, position):
                kept = rest
    return kept


def import_solvers() -> Any:
    """Returns the module `pysat.solvers`.

    Raises:
        ImportError: If PySAT is not installed.
    """
    try:
        return importlib.import_module("pysat.solvers")
    except ImportError as error:
        raise ImportError(
            "puzzles with constraints need python-sat: pip install 'rlsf-gym[constraints]'"
        ) from error


def _open(name: str, clauses: Iterable[Clause], **options: Any) -> Any:
    """Returns a new solver."""
    return import_solvers().Solver(name=name, bootstrap_with=clauses, **options)

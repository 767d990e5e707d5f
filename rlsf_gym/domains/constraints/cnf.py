"""Propositional formulas in conjunctive normal form, with the numbers that DIMACS and solvers use."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Clause", "Formula"]

Clause = tuple[int, ...]
"""Literals of which one must hold: a variable's number, or its negative."""


@dataclass(frozen=True, eq=False)
class Formula:
    """Conjunction of clauses over the variables 1 to `variables`.

    Formulas are compared by identity: one that many instances share has its solvers made once.

    Raises:
        ValueError: If a literal is 0, or of a variable beyond.

    Example:
        >>> Formula(((1, -2), (2,)), 2).variables
        2
    """

    clauses: tuple[Clause, ...]
    """The clauses; without literals, one can't hold."""
    variables: int
    """Number of variables."""

    def __post_init__(self) -> None:
        for clause in self.clauses:
            for literal in clause:
                if not 0 < abs(literal) <= self.variables:
                    raise ValueError(
                        f"clauses must be made of literals from 1 to {self.variables} or their negatives, "
                        f"got {literal} in {list(clause)!r:.80}"
                    )

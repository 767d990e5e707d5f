"""A formula: which models it has, and what refutes literals, checked line by line by dratify."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, TypeGuard

from rlsf_gym.certificates.claimed import CertificateError, tell
from rlsf_gym.domains.constraints.checker.propagation import Clause, Clauses

__all__ = ["TRIMMED", "Formula", "is_list"]

TRIMMED: Final = 64
"""Lines of a proof, up to which each of them has to be needed."""

_LINE: Final = re.compile(r"(?:-?[1-9][0-9]{0,8} )*0")
_REMEMBERED: Final = 16_384


class Formula:
    """A formula, which many puzzles may share.

    Args:
        clauses: Its clauses.
        variables: How many variables it has.
    """

    def __init__(self, clauses: Sequence[Clause], variables: int) -> None:
        self.clauses, self.variables = clauses, variables
        self._checked = dict[tuple[Any, ...], str]()

    def check_model(self, model: Any, literals: Sequence[int]) -> None:
        """Checks a model, clause by clause, and that literals hold in it.

        Args:
            model: The variables that are true, in increasing order.
            literals: What else has to hold.

        Raises:
            CertificateError: If it is no model.
        """
        if not is_list(model) or not {*map(type, model)} <= {int}:
            raise CertificateError(f"model must be a list of variables, but is {tell(model)}")
        true: set[int] = {*model}
        if sorted(true) != model or not all(0 < one <= self.variables for one in true):
            raise CertificateError(
                f"model must be variables from 1 to {self.variables}, increasing, but is {tell(model)}"
            )
        for clause in (*self.clauses, *((literal,) for literal in literals)):
            if not any((abs(literal) in true) == (literal > 0) for literal in clause):
                raise CertificateError(f"model must satisfy {list(clause)}, but is {tell(model)}")

    def propagate(self, literals: Sequence[int]) -> set[int] | None:
        """Returns what follows from literals by unit propagation, these included; None for a conflict."""
        return self._own.propagate(literals)

    def is_satisfiable(self, literals: Sequence[int], clause: Clause = ()) -> bool:
        """Returns whether literals can hold, and a clause beside those of the formula."""
        return self._own.search(literals, [clause] if clause else []) is not None

    def check_refutation(self, literals: Sequence[int], clause: Clause, proof: Any) -> None:
        """Checks a proof that literals can't all hold, with a clause beside those of the formula.

        Args:
            literals: What is given, and what the answer says.
            clause: The clause: what the fatal symbol asserts, or those that begin as it does; () for none.
            proof: Clauses in the form "-3 7 0", each of which follows by unit propagation from what stands
                before it, up to "0", or none where unit propagation needs no help.

        Raises:
            CertificateError: If it proves no such thing, or has a line that can be left out.
        """
        if not is_list(proof) or not {*map(type, proof)} <= {str}:
            raise CertificateError(f"proof must be a list of lines, but is {tell(proof)}")
        key = tuple(literals), clause, *proof
        wrong = self._checked.get(key)
        if wrong is None:
            wrong = self._explain(literals, clause, [*proof])
            if len(self._checked) >= _REMEMBERED:
                self._checked.clear()
            self._checked[key] = wrong
        if wrong:
            raise CertificateError(f"proof must {wrong}, but is {tell(proof)}")

    def _explain(self, literals: Sequence[int], clause: Clause, proof: list[str]) -> str:
        """Returns what a proof must be or do that it does not; "" for one that holds."""
        lines = [tuple(map(int, line.split()[:-1])) for line in proof if _LINE.fullmatch(line)]
        if len(lines) < len(proof) or lines[-1:] not in ([], [()]) or () in lines[:-1]:
            return "have lines such as '-3 7 0' and end with '0'"
        if any(abs(literal) > self.variables for line in lines for literal in line):
            return f"be about the {self.variables} variables of the formula"
        more = [*((literal,) for literal in literals), *([clause] if clause else ())]
        dratify = self._dratify
        formula = dratify.CNF(self.variables)
        formula.clauses = [*self._base, *(self._encode(one) for one in more)]
        steps = [("a", self._encode(line)) for line in lines]
        found = dratify.check_proof(formula, steps, check_rat=False, engine="python")
        if not found.ok:
            return f"refute {[*map(list, more)]}: {found.reason}"
        if lines and len(lines) <= TRIMMED:
            return self._explain_spare(lines, more)
        return ""

    def _explain_spare(self, lines: list[Clause], more: list[Clause]) -> str:
        """Returns which line can be left out of a proof that holds, "" if none can."""
        units, rest = [one[0] for one in more if len(one) == 1], [one for one in more if len(one) > 1]
        known = self._own.propagate(units, rest)
        if known is None:
            return "be empty, as unit propagation refutes"
        for number, line in enumerate(lines[:-1]):
            kept = [*lines[:number], *lines[number + 1 :]]
            if self._follows(kept, number, rest, frozenset(known)):
                return f"have no line that can be left out, such as {' '.join(map(str, (*line, 0)))!r}"
        return ""

    def _follows(self, lines: list[Clause], start: int, rest: list[Clause], known: frozenset[int]) -> bool:
        """Returns whether each line from a position on follows by unit propagation from those before it."""
        lemmas = [*rest, *lines[:start]]
        for line in lines[start:]:
            if self._own.propagate([-literal for literal in line], lemmas, known) is not None:
                return False
            lemmas.append(line)
        return True

    @cached_property
    def _own(self) -> Clauses:
        return Clauses(self.clauses)

    @cached_property
    def _base(self) -> list[tuple[int, ...]]:
        """Returns the clauses as dratify has them, without those that hold in any case."""
        return [self._encode(one) for one in self.clauses if not any(-literal in one for literal in one)]

    def _encode(self, clause: Clause) -> tuple[int, ...]:
        """Returns the literals as dratify numbers them: 2 v for variable v from 0, 2 v + 1 if negated."""
        return tuple(dict.fromkeys(2 * abs(literal) - 2 + (literal < 0) for literal in clause))

    @cached_property
    def _dratify(self) -> Any:
        try:
            return importlib.import_module("dratify")
        except ImportError as error:
            raise ImportError(
                "certificates of puzzles with constraints need dratify: pip install 'rlsf-gym[constraints]'"
            ) from error


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Returns whether a value is a plain list, and of no subclass."""
    return type(value) is list

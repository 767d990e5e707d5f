"""A problem with what is worked out of it once: its solutions, the automaton of its answers, proofs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rlsf_gym.domains.constraints.automaton import Answer, Answers, Value
from rlsf_gym.domains.constraints.problem import Problem
from rlsf_gym.domains.constraints.reading import Symbol, read_symbols, spell_rest
from rlsf_gym.domains.constraints.solutions import Asked, Listed, Solutions
from rlsf_gym.domains.constraints.solver import Oracle

__all__ = ["MOST_STATES", "Puzzle", "Refutation", "Witness"]

MOST_STATES: Final = 1_000
"""Number of prefixes, and of proofs, of which a puzzle remembers what was worked out."""
_FEW: Final = 300
"""Number of solutions, up to which listing them takes less time than to ask the solver about each prefix."""

Spans = list[tuple[int, int]]


class Witness(NamedTuple):
    """A right answer that begins as a prefix does."""

    rest: str
    """What follows the prefix."""
    model: tuple[int, ...]
    """True variables of the solution that it spells."""


class Refutation(NamedTuple):
    """Why a prefix can't end right."""

    core: Spans
    """Spans of the response's symbols of which none can be left out, the last of them the fatal one."""
    literals: list[int]
    """What all of them but the last assert."""
    last: list[int]
    """What the last one asserts, or what all symbols assert that begin as it does."""


class Puzzle:
    """A problem with its solutions.

    Args:
        problem: The problem.
        oracle: Answers questions on its formula.
        value: What a prefix is worth, "random" or "solvable".
        max_models: Number of solutions, up to which they are listed where the value needs that.

    Raises:
        ValueError: If it has no solution, or more than are listed where `value` is "random".
    """

    def __init__(self, problem: Problem, oracle: Oracle, value: Value, max_models: int) -> None:
        most = max_models if value == "random" else min(max_models, _FEW)
        models = oracle.list_models(problem.givens, problem.reading.variables, most)
        if models is None and value == "random":
            raise ValueError(
                f"value='random' needs at most max_models={max_models:,} solutions, and the puzzle has more: "
                "take value='solvable', or a puzzle with fewer"
            )
        if models is not None and not models:
            raise ValueError("puzzle must have a solution, and has none")
        self.problem = problem
        self.solutions: Solutions = Asked(oracle, problem.givens) if models is None else Listed(models)
        self._oracle = oracle
        self._value: Value = value
        self._forget()

    def keep_small(self) -> None:
        """Forgets what was remembered of answers if there are so many that it takes much room."""
        if max(len(self.answers), len(self._proofs)) > MOST_STATES:
            self._forget()

    def find_witness(self, state: Answer) -> Witness:
        """Returns a right answer that begins with a prefix, of the first solution that is left."""
        found = self._witnesses.get(state)
        if found is None:
            found = self._witnesses[state] = self._spell(state)
        return found

    def find_refutation(self, state: Answer, response: str, span: tuple[int, int]) -> Refutation:
        """Returns why a prefix that was lost by what it asserts can't end right.

        Args:
            state: The state behind the prefix.
            response: The response.
            span: The fatal symbol.
        """
        read = read_symbols(self.problem.reading, response[: span[0]])[0]
        said = [one for one in read if one.symbol.literal]
        literals, last = [one.symbol.literal for one in said], [symbol.literal for symbol in state.lost]
        kept = () if state.rule == "given" else self.solutions.find_core(literals, last)
        core = [*((said[one].start, said[one].end) for one in kept), span]
        return Refutation(core, [literals[one] for one in kept], last)

    def prove(self, refutation: Refutation) -> list[str]:
        """Returns a proof in DRUP that what the symbols of a core assert can't hold."""
        literals, last = tuple(refutation.literals), tuple(refutation.last)
        key = literals, last
        if key not in self._proofs:
            held = [*self.problem.givens, *literals, *(last if len(last) == 1 else ())]
            self._proofs[key] = self._oracle.refute(held, last if len(last) > 1 else ())
        return self._proofs[key]

    def _forget(self) -> None:
        self.answers = Answers(self.problem, self.solutions, self._value)
        """The automaton of its answers."""
        self._witnesses = dict[Answer, Witness]()
        self._proofs = dict[tuple[tuple[int, ...], tuple[int, ...]], list[str]]()

    def _spell(self, state: Answer) -> Witness:
        node, left, begun = state.node, state.left, ""
        if not state.fork.is_root:
            symbol, left = self._complete(state)
            node, begun = symbol.node, symbol.text[len(state.fork.text) :]
        model = self.solutions.model(left)
        return Witness(begun + spell_rest(self.problem.reading, node, frozenset(model))[0], model)

    def _complete(self, state: Answer) -> tuple[Symbol, Sequence[int]]:
        """Returns the first symbol that goes on as a prefix does and has a solution, with what is left."""
        complete = [state.fork.complete] if state.verdict and state.fork.complete else state.fork.drawn
        for symbol in complete:
            left = self.solutions.narrow(state.left, symbol.literal)
            if left is not None:
                return symbol, left
        raise AssertionError("a prefix that is not lost goes on")

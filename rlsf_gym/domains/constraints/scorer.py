"""Scorer of answers to constraint puzzles: exact values of prefixes, and what proves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np

from rlsf_gym.certificates.checking import find_checker
from rlsf_gym.domains.constraints.automaton import Answer, Value
from rlsf_gym.domains.constraints.certify import certify, find_fatal
from rlsf_gym.domains.constraints.cnf import Formula
from rlsf_gym.domains.constraints.problem import Face, Problem
from rlsf_gym.domains.constraints.puzzle import MOST_STATES, Puzzle
from rlsf_gym.domains.constraints.reading import read_symbols, spell_rest
from rlsf_gym.domains.constraints.solver import Oracle
from rlsf_gym.instance import Instance
from rlsf_gym.remembered import Remembered
from rlsf_gym.scorers.protocol import Assessment, Candidates, IntArray
from rlsf_gym.text.automaton import look_ahead
from rlsf_gym.text.following import Following

__all__ = ["MAX_MODELS", "ConstraintScorer"]

MAX_MODELS: Final = 10_000
"""Number of solutions, up to which they are listed."""

_VALUES: Final[dict[str, Value]] = {"random": "random", "solvable": "solvable"}
_ORACLES: Final = 16  # formulas whose solvers are kept: those of one that instances share
_PLACE: Final = 600  # bytes for each variable, about, where there is one solution
_STATE: Final = 1_500  # bytes of a state of the automaton, with what is remembered of it, about


class ConstraintScorer:
    """Scores an answer by whether it is right, and each of its prefixes by what can still come of it.

    The whole response scores 1 if it is a right answer, else 0. A prefix is worth, with `value="random"`, the
    chance that it ends right if a random writer goes on, who draws evenly among the symbols that may follow;
    in the midst of a symbol it is the mean over those that begin so. With `value="solvable"` it is worth 1
    while a right answer is possible. Spaces between symbols change nothing.

    Args:
        face: Kind of puzzle.
        value: `"random"` or `"solvable"`.
        max_models: Number of solutions, up to which they are listed. `"random"` needs that; with
            `"solvable"` some hundred are, and the solver is asked about puzzles with more.

    Raises:
        ValueError: If there is no such value, or `max_models` is not an int of at least 1.
    """

    bounded = True
    exact = True
    verdict = True

    def __init__(self, face: Face, *, value: str = "random", max_models: int = MAX_MODELS) -> None:
        if not isinstance(cast(Any, value), str) or value not in _VALUES:
            raise ValueError(f"value must be 'random' or 'solvable', got {value!r}")
        if isinstance(cast(Any, max_models), bool) or not isinstance(cast(Any, max_models), int):
            raise ValueError(f"max_models must be an int of at least 1, got {max_models!r}")
        if max_models < 1:
            raise ValueError(f"max_models must be an int of at least 1, got {max_models!r}")
        self.face, self.max_models = face, max_models
        self.value: Value = _VALUES[value]
        self.name, self.rules = face.name, tuple(face.rules)
        self.verifiable = find_checker(face.name) is not None
        self._claims = {
            "scorer": self.name,
            "version": "1",
            "verifiable": self.verifiable,
            "options": {"value": value},
            "rules": self.rules,
        }
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        """Returns the arguments: what was worked out of instances is worked out again."""
        return {key: value for key, value in vars(self).items() if key not in ("_oracles", "_puzzles")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Takes the arguments."""
        vars(self).update(state)
        self._forget()

    def assess(
        self, instances: Sequence[Instance], responses: Sequence[str], char_ends: Sequence[IntArray]
    ) -> list[Assessment]:
        """Returns certificate and values of prefixes of each of B responses.

        Args:
            instances: B instances.
            responses: B responses.
            char_ends: B arrays of offsets into the responses, each int64 (K,).

        Raises:
            ValueError: If an instance is none of the face's, or its puzzle has no solution, or more than
                `max_models` where the value is "random".
        """
        return list(map(self._assess, instances, responses, char_ends))

    def candidates_batch(
        self,
        instances: Sequence[Instance],
        responses: Sequence[str],
        char_ends: Sequence[IntArray],
        following: Following,
    ) -> Candidates:
        """Returns the values that each next token would make at each end, of B responses."""
        states, alphabet = list[Answer](), frozenset[str]()
        for instance, response, ends in zip(instances, responses, char_ends, strict=True):
            puzzle = self.find_puzzle(instance)
            alphabet |= puzzle.problem.reading.alphabet
            read = puzzle.answers.start.follow(response)
            states += [read[end] for end in ends.tolist()]
        ids, scores = look_ahead(states, following, alphabet)
        return Candidates(ids, scores, np.zeros(len(states)))

    def partial_credits(self, instance: Instance, response: str) -> dict[str, float]:
        """Returns how much of a response is right, by what it is asked for; each in [0, 1].

        `well_formed`: share of the symbols of a whole answer that stand there before anything else does.
        `given`: share of what is given that is asserted, where something is given. `satisfied`: share of the
        goals, such as rows that hold a digit, that are reached by what is asserted.
        """
        problem = self.find_puzzle(instance).problem
        reading = problem.reading
        read, node, is_whole = read_symbols(reading, response)
        said = {one.symbol.literal for one in read}
        missing = spell_rest(reading, node)[1] or int(not is_whole)
        found = {"well_formed": len(read) / (len(read) + missing) if read or missing else 1.0}
        if problem.givens:
            found["given"] = sum(literal in said for literal in problem.givens) / len(problem.givens)
        if reading.goals:
            reached = sum(all(not said.isdisjoint(clause) for clause in goal) for goal in reading.goals)
            found["satisfied"] = reached / len(reading.goals)
        return found

    def find_core(self, instance: Instance, response: str) -> IntArray:
        """Returns the symbols that share the blame for a response that was lost by what it asserts.

        They can't all be right, and could if any of them was left out; the fatal one is the last.

        Returns:
            Their spans in prompt + response, int64 (K, 2); none if it was not lost, or by its spelling.
        """
        puzzle = self.find_puzzle(instance)
        states = puzzle.answers.start.follow(response)
        fatal = find_fatal(response, states)
        if fatal is None or not states[-1].lost:
            return np.zeros((0, 2), np.int64)
        core = puzzle.find_refutation(states[-1], response, fatal).core
        return np.array(core, np.int64) + len(instance.prompt)

    def check(self, problem: Problem) -> None:
        """Checks that a problem can be asked: it has a solution, and its value can be told.

        Raises:
            ValueError: If it has none, or more than `max_models` where the value is "random".
        """
        self._open(problem)

    def find_puzzle(self, instance: Instance) -> Puzzle:
        """Returns the puzzle of an instance, with what was worked out of it already.

        Raises:
            ValueError: As `assess` says.
        """
        key = f"{instance.prompt}\0{instance.data!r}"
        found = self._puzzles.get(key)
        if found is None:
            found = self._open(self.face.pose(instance))
            self._puzzles.put(key, found)
        found.keep_small()
        return found

    def _assess(self, instance: Instance, response: str, ends: IntArray) -> Assessment:
        puzzle = self.find_puzzle(instance)
        states: list[Answer] = puzzle.answers.start.follow(response)
        certificate = certify(puzzle, response, states, len(instance.prompt), self._claims)
        values = np.array([state.value for state in states], np.float64)  # (C + 1,)
        return Assessment(certificate, values[ends])

    def _open(self, problem: Problem) -> Puzzle:
        oracle = self._oracles.get(problem.formula)
        if oracle is None:
            if len(self._oracles) >= _ORACLES:
                self._oracles.clear()
            oracle = self._oracles[problem.formula] = Oracle(problem.formula)
        return Puzzle(problem, oracle, self.value, self.max_models)

    def _forget(self) -> None:
        self._oracles = dict[Formula, Oracle]()
        self._puzzles = Remembered[Puzzle](_measure)


def _measure(puzzle: Puzzle) -> int:
    """Returns the number of bytes that a puzzle takes once answers to it were read, roughly."""
    if puzzle.solutions.is_many:
        return _STATE * MOST_STATES
    return 10_000 + _PLACE * len(puzzle.problem.reading.variables)

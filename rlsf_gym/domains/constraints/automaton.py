"""Automaton of the answers to one problem: what each prefix is worth."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Literal

from rlsf_gym.domains.constraints.problem import Problem
from rlsf_gym.domains.constraints.reading import Fork, Symbol, fork_of
from rlsf_gym.domains.constraints.solutions import Solutions
from rlsf_gym.text.automaton import State

__all__ = ["Answer", "Answers", "Lost", "Value"]

Value = Literal["random", "solvable"]


class Answers:
    """Prefixes of answers to one problem, as states; those that leave the same possibilities share one.

    Args:
        problem: The problem.
        solutions: Its solutions.
        value: What a prefix is worth: the chance that a random writer ends right ("random"), or 1 where
            some answer that begins so is right ("solvable").
    """

    def __init__(self, problem: Problem, solutions: Solutions, value: Value) -> None:
        self.problem, self.solutions = problem, solutions
        self._value = value
        self._states = dict[tuple[Hashable, Any, int], Answer]()
        self._worths = dict[tuple[Hashable, Any], float]()
        self.start = self.find(problem.reading.start, solutions.everything)

    def __len__(self) -> int:
        """Returns the number of states so far."""
        return len(self._states)

    def find(self, node: Hashable, left: Any, fork: Fork | None = None) -> Answer:
        """Returns the state at a place in the answer, with what is left of the solutions.

        Args:
            node: The place.
            left: What is left.
            fork: The part of a symbol that was read, None where none has begun.
        """
        fork = fork_of(self.problem.reading.symbols(node)) if fork is None else fork
        key = node, left, id(fork)
        found = self._states.get(key)
        if found is None:
            found = self._states[key] = Answer(self, node, left, fork)
        return found

    def worth(self, node: Hashable, left: Any) -> float:
        """Returns the value of an answer between two symbols, where something is left of the solutions."""
        if self._value == "solvable":
            return 1.0
        reading = self.problem.reading
        chance, count = reading.chance(node), self.solutions.count(left)
        if chance is not None:
            assert count is not None  # they are listed where the value is this one
            return chance * count
        key = node, left
        if key not in self._worths:
            ends = [1.0] if reading.may_end(node) else []
            drawn = [symbol for symbol in reading.symbols(node) if not symbol.rule]
            self._worths[key] = _mean([*ends, *(self.worth_of(symbol, left) for symbol in drawn)])
        return self._worths[key]

    def worth_of(self, symbol: Symbol, left: Any) -> float:
        """Returns the value of an answer behind one more symbol."""
        rest = self.solutions.narrow(left, symbol.literal)
        return 0.0 if rest is None else self.worth(symbol.node, rest)

    def worth_among(self, symbols: Sequence[Symbol], left: Any) -> float:
        """Returns the value of an answer that goes on with one of some symbols."""
        if self._value == "solvable":
            return float(self.solutions.narrow_any(left, [symbol.literal for symbol in symbols]))
        return _mean([self.worth_of(symbol, left) for symbol in symbols])


class Answer(State):
    """Prefix of an answer, as far as the rest depends on it."""

    def __init__(self, answers: Answers, node: Hashable, left: Any, fork: Fork) -> None:
        super().__init__()
        self.answers, self.node, self.left, self.fork = answers, node, left, fork
        self.rule = ""
        """Rule under which it was lost, "" while a right answer is possible."""
        self.lost: Sequence[Symbol] = ()
        """The symbols of which one would have had to be right, where it was lost by what they assert."""
        reading = answers.problem.reading
        if fork.is_root:
            self.value = answers.worth(node, left)
            self.verdict = float(reading.may_end(node))
        else:
            self.value = answers.worth_among(fork.drawn, left)
            self.verdict = self._judge()

    def advance(self, character: str) -> Answer:
        """Returns the state behind one more character."""
        fork = self.fork
        following = fork.branches.get(character)
        if following is not None:
            return self._enter(following)
        if fork.skips_space and character == " ":
            return self
        if fork.complete is not None:
            behind = self._commit(fork)
            return behind if behind.is_dead else behind.after(character)
        return self._lose(fork, "syntax")

    def commits(self, character: str) -> bool:
        """Returns whether a character ends the symbol in the midst of which this is, and begins another."""
        fork = self.fork
        if fork.complete is None or character in fork.branches:
            return False
        behind = self._commit(fork)
        return not behind.is_dead and behind.after(character) is not behind

    def settle(self) -> Answer:
        """Returns the state behind the symbol that is complete, if there is one and it is possible."""
        if self.is_dead or self.fork.complete is None:
            return self
        behind = self._commit(self.fork)
        return self if behind.is_dead else behind

    def _enter(self, fork: Fork) -> Answer:
        if fork.complete is not None and not fork.branches:
            return self._commit(fork)
        literals = [symbol.literal for symbol in fork.drawn]
        if self.answers.solutions.narrow_any(self.left, literals):
            return self.answers.find(self.node, self.left, fork)
        if literals:
            return self._lose(fork, "conflict", fork.drawn)
        return self._lose(fork, fork.refused[0].rule, fork.refused[:1])

    def _commit(self, fork: Fork) -> Answer:
        """Returns the state behind the symbol that is complete."""
        symbol = fork.complete
        assert symbol is not None
        rest = None if symbol.rule else self.answers.solutions.narrow(self.left, symbol.literal)
        if rest is None:
            return self._lose(fork, symbol.rule or "conflict", (symbol,))
        return self.answers.find(symbol.node, rest)

    def _lose(self, fork: Fork, rule: str, lost: Sequence[Symbol] = ()) -> Lost:
        """Returns the state of a prefix that was lost: one for all puzzles that read it alike."""
        key = self.node, rule, len(lost)
        found = fork.lost.get(key)
        if found is None:
            found = fork.lost[key] = Lost(self.node, rule, lost)
        return found

    def _judge(self) -> float:
        symbol = self.fork.complete
        if symbol is None or symbol.rule or not self.answers.problem.reading.may_end(symbol.node):
            return 0.0
        return float(self.answers.solutions.narrow_any(self.left, [symbol.literal]))


class Lost(Answer):
    """Prefix that no right answer begins with."""

    is_dead = True
    value = verdict = 0.0

    def __init__(self, node: Hashable, rule: str, lost: Sequence[Symbol]) -> None:
        State.__init__(self)
        self.node, self.rule, self.lost = node, rule, lost


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)

"""Answers in steps, such as `11-5=6,7*6=42`: each takes two numbers that are left and leaves its result."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from rlsf_gym.domains.countdown.arithmetic import Number, Numbers, order, write_number
from rlsf_gym.domains.countdown.places import Border, Lost, NumberDue, Place, Reading, Step
from rlsf_gym.domains.countdown.search import Move, Search

__all__ = ["StepAnswers"]

_OPERATORS: Final = frozenset("+-*/")


class StepAnswers:
    """Automaton of the answers to one puzzle.

    Args:
        search: The search of the puzzle.
        reading: How values are told.
    """

    def __init__(self, search: Search, reading: Reading) -> None:
        self.search, self.reading = search, reading
        self._firsts: dict[Numbers, _FirstDue] = {}
        self._written: dict[tuple[Numbers, bool], _Written] = {}
        self.start = _FirstDue(self, search.numbers, "")

    def begin_step(self, left: Numbers) -> _FirstDue:
        """Returns the state behind a comma, the same one for the same numbers left."""
        if left not in self._firsts:
            self._firsts[left] = _FirstDue(self, left, "a comma")
        return self._firsts[left]

    def end_step(self, move: Move) -> _Written:
        """Returns the state behind a step, the same one for the same numbers left and the same verdict."""
        key = move.left, move.is_right
        if key not in self._written:
            self._written[key] = _Written(self, move)
        return self._written[key]


class _FirstDue(NumberDue):
    """State where the first number of a step has to follow."""

    def __init__(self, answers: StepAnswers, left: Numbers, done: str) -> None:
        super().__init__(answers.reading, *answers.search.worth(left))
        self._answers, self.left, self.done = answers, left, done

    def list_options(self) -> Mapping[str, Border]:
        """Returns the distinct values that are left."""
        moves = self._answers.search.moves(self.left)
        return {
            write_number(first): _OperatorDue(self._answers, self.left, first, found)
            for first, found in moves.items()
        }

    def explain(self, symbol: str) -> str:
        """Returns that there is no such number."""
        return _explain_number(symbol, self.left)


class _OperatorDue(Border):
    """State where an operator has to follow."""

    due = "an operator"

    def __init__(
        self, answers: StepAnswers, left: Numbers, first: Number, moves: dict[str, dict[Number, Move]]
    ) -> None:
        self.left, self.done = left, write_number(first)
        self._seconds = {
            operator: _SecondDue(answers, left, (first, operator), found) for operator, found in moves.items()
        }
        worths = [one.worth for one in self._seconds.values()]
        ways = sum(one.ways for one in self._seconds.values())
        super().__init__(answers.reading, sum(worths) / len(worths), ways)

    def symbols(self) -> Mapping[str, Place]:
        """Returns the operators behind which a number may follow."""
        return self._seconds

    def read(self, character: str) -> Step:
        """Returns what an operator makes of the answer."""
        if character in self._seconds:
            return self._seconds[character], 1
        if character == "/":
            return Lost("arithmetic", 1, f"{self.done}/ needs a number other than 0", self), 1
        return self.misplace(character)

    def complete(self) -> str:
        """Returns the first operator that leads to a right end, and so on."""
        return next(operator + one.completion for operator, one in self._seconds.items() if one.worth > 0.0)


class _SecondDue(NumberDue):
    """State where the second number of a step has to follow."""

    def __init__(
        self, answers: StepAnswers, left: Numbers, begun: tuple[Number, str], moves: dict[Number, Move]
    ) -> None:
        worths = [move.worth[0] for move in moves.values()]
        ways = sum(move.worth[1] for move in moves.values())
        super().__init__(answers.reading, sum(worths) / len(worths), ways)
        self._answers, self._moves, self.left = answers, moves, left
        self._first, self._operator = begun
        self._written = write_number(self._first) + self._operator
        self.done = self.ahead = self._written

    def list_options(self) -> Mapping[str, Border]:
        """Returns the distinct values of the other numbers, without 0 behind a `/`."""
        return {
            write_number(second): _EqualsDue(self._answers, self._written + write_number(second), move)
            for second, move in self._moves.items()
        }

    def explain(self, symbol: str) -> str:
        """Returns that there is no such number, or that it is 0."""
        if self._is_zero(symbol):
            return f"{self._written}0 has no value"
        others = list(self.left)
        others.remove(self._first)
        return _explain_number(symbol, tuple(others))

    def _is_zero(self, symbol: str) -> bool:
        others = list(self.left)
        others.remove(self._first)
        return self._operator == "/" and symbol == "0" and (0, 1) in others

    def _refuse(self, letters: str, character: str) -> Step:
        if self._is_zero(letters + character):
            return Lost("arithmetic", 1, self.explain("0"), self), 1
        return super()._refuse(letters, character)


class _EqualsDue(Border):
    """State where the equals sign has to follow."""

    due = "'='"

    def __init__(self, answers: StepAnswers, step: str, move: Move) -> None:
        super().__init__(answers.reading, *move.worth)
        self._answers, self._step, self._move, self.left = answers, step, move, move.left
        self.done = f"{step}={write_number(move.result)}"

    @cached_property
    def _result(self) -> _ResultDue:
        return _ResultDue(self._answers, self._step, self._move)

    def symbols(self) -> Mapping[str, Place]:
        """Returns the sign."""
        return {"=": self._result}

    def read(self, character: str) -> Step:
        """Returns what the sign makes of the answer."""
        return (self._result, 1) if character == "=" else self.misplace(character)

    def complete(self) -> str:
        """Returns the rest of the step, and so on."""
        return "=" + self._result.completion


class _ResultDue(NumberDue):
    """State where the result of a step has to follow."""

    due = "the result"
    rule = "arithmetic"

    def __init__(self, answers: StepAnswers, step: str, move: Move) -> None:
        super().__init__(answers.reading, *move.worth)
        self._answers, self._step, self._move, self.left = answers, step, move, move.left
        self._result = write_number(move.result)
        self.done = f"{step}={self._result}"

    def list_options(self) -> Mapping[str, Border]:
        """Returns the true result."""
        return {self._result: self._answers.end_step(self._move)}

    def explain(self, symbol: str) -> str:
        """Returns what the result is."""
        return f"{self._step} is {self._result}, not {symbol}"


class _Written(Border):
    """State behind a step."""

    def __init__(self, answers: StepAnswers, move: Move) -> None:
        super().__init__(answers.reading, *move.worth)
        self._answers, self.left, self.done = answers, move.left, ""
        self.verdict = float(move.is_right)
        self._goes_on = len(move.left) > 1
        comma = "','" if self._goes_on else ""
        self.may_end = not self._goes_on or answers.reading.is_any
        end = "the end" if self.may_end else ""
        self.due = " or ".join(filter(None, (comma, end)))

    def symbols(self) -> Mapping[str, Place]:
        """Returns the comma, where another step may follow."""
        return {",": self._answers.begin_step(self.left)} if self._goes_on else {}

    def read(self, character: str) -> Step:
        """Returns what a comma makes of the answer."""
        if character == "," and self._goes_on:
            return self._answers.begin_step(self.left), 1
        return self.misplace(character)

    def complete(self) -> str:
        """Returns nothing where the answer is right, or another step."""
        return "" if self.verdict else "," + self._answers.begin_step(self.left).completion


def _explain_number(symbol: str, left: Numbers) -> str:
    return f"{symbol} is not among {', '.join(order(left))}"

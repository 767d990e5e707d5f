"""Answers as infix expressions, such as `(11-5)*7`, with the usual precedence.

Numbers are written plainly, and no sign stands before an operand. Parentheses may stand where nothing needs
them: as many may open at one place as numbers are left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from rlsf_gym.domains.countdown.arithmetic import Numbers, order, write_number
from rlsf_gym.domains.countdown.infix import Infix, can_divide, can_open, take
from rlsf_gym.domains.countdown.places import Border, Lost, NumberDue, Place, Reading, Step
from rlsf_gym.domains.countdown.reach import Frame, Frames, Reach

__all__ = ["ExpressionAnswers"]

_NO_DIVISOR = "a division by 0 has no value"
_VALUE = 250  # bytes of a value that is remembered, about


class ExpressionAnswers:
    """Automaton of the answers to one puzzle.

    Args:
        numbers: The numbers of the puzzle.
        target: The number to reach.
        reading: How values are told.
    """

    def __init__(self, numbers: Numbers, target: int, reading: Reading) -> None:
        self.reading = reading
        self._reach = Reach((target, 1), is_any=reading.is_any)
        self.infix = Infix((target, 1), is_any=reading.is_any, reach=self._reach)
        self._places: dict[tuple[Frames, Numbers, int], _OperandDue | _OperatorDue] = {}
        self._counted = 0  # values that the tally holds
        self.start = self.find((Frame(),), numbers, 0)

    def find(self, frames: Frames, left: Numbers, opened: int) -> _OperandDue | _OperatorDue:
        """Returns the state of an answer so far, the same one for what is the same from there on."""
        key = frames, left, opened
        found = self._places.get(key)
        if found is None:
            kind = _OperandDue if frames[-1].operator else _OperatorDue
            found = self._places[key] = kind(self, *key)
        return found

    def worth(self, frames: Frames, left: Numbers, opened: int) -> float:
        """Returns the chance of a random writer, or just whether a right answer can follow."""
        if self.reading.is_graded:
            found = self.infix.chance(frames, left, opened)
        else:
            found = float(self._reach.can_end(frames, left))
        self.reading.tally.bytes += _VALUE * (len(self.infix) - self._counted)
        self._counted = len(self.infix)
        return found

    def close(self, frames: Frames, left: Numbers) -> _OperandDue | _OperatorDue | None:
        """Returns the state behind a `)`; None where that divides by 0."""
        frame = frames[-2].put(frames[-1].value)
        return None if frame is None else self.find((*frames[:-2], frame), left, 0)


class _OperandDue(NumberDue):
    """State where a number or a group has to follow."""

    ahead = None
    done = None
    begun: ClassVar = re.compile("0|[1-9][0-9]*")
    whole: ClassVar = begun

    def __init__(self, answers: ExpressionAnswers, frames: Frames, left: Numbers, opened: int) -> None:
        key = frames, left, opened
        super().__init__(answers.reading, answers.worth(*key), answers.infix.ways(*key))
        self._answers, self._frames, self.left, self._opened = answers, frames, left, opened
        self.due = "a number or '('" if opened < len(left) else "a number"

    def list_options(self) -> Mapping[str, Border]:
        """Returns the distinct values that are left, without 0 behind a `/`."""
        found: dict[str, Border] = {}
        for number in dict.fromkeys(self.left):
            frame = self._frames[-1].put(number)
            if frame is not None:
                frames = (*self._frames[:-1], frame)
                found[write_number(number)] = self._answers.find(frames, take(self.left, number), 0)
        return found

    def symbols(self) -> Mapping[str, Place]:
        """Returns the numbers that are well formed, and `(` where a writer may open a group."""
        group = {"(": self.read("(")[0]} if can_open(self.left, self._opened) else {}
        return {**self.options, **group}

    def read(self, character: str) -> Step:
        """Returns what a number's first character or a `(` makes of the answer."""
        if character != "(":
            return super().read(character)
        count = len(self.left)
        if self._opened >= count:
            return Lost("syntax", 1, f"no more than {count} parentheses may open here", self), 1
        return self._answers.find((*self._frames, Frame()), self.left, self._opened + 1), 1

    def explain(self, symbol: str) -> str:
        """Returns that there is no such number, or that it is 0."""
        if self._is_zero(symbol):
            return _NO_DIVISOR
        return f"{symbol} is not among {', '.join(order(self.left))}"

    def complete(self) -> str:
        """Returns the first number or group that leads to a right end, and so on."""
        return (
            next(
                (text + border.completion for text, border in self.options.items() if border.worth > 0.0),
                None,
            )
            or "(" + self.step("(")[0].completion
        )

    def _refuse(self, letters: str, character: str) -> Step:
        if self._is_zero(letters + character):
            return Lost("arithmetic", 1, _NO_DIVISOR, self), 1
        return super()._refuse(letters, character)

    def _is_zero(self, symbol: str) -> bool:
        return symbol == "0" and self._frames[-1].operator == "/" and (0, 1) in self.left


class _OperatorDue(Border):
    """State behind an operand."""

    done = None

    def __init__(self, answers: ExpressionAnswers, frames: Frames, left: Numbers, opened: int) -> None:
        key = frames, left, opened
        super().__init__(answers.reading, answers.worth(*key), answers.infix.ways(*key))
        self._answers, self._frames, self.left = answers, frames, left
        self.verdict = float(answers.infix.is_right(frames, left))
        symbols = ["an operator"] if left else []
        symbols += ["')'"] if len(frames) > 1 else []
        self.may_end = answers.infix.can_stop(frames, left)
        symbols += ["the end"] if self.may_end else []
        self.due = " or ".join(filter(None, (", ".join(symbols[:-1]), symbols[-1])))

    def symbols(self) -> Mapping[str, Place]:
        """Returns the operators behind which something can follow, and `)` where a group is open."""
        signs = ("+-*/" if can_divide(self.left) else "+-*") if self.left else ""
        return {sign: self.read(sign)[0] for sign in (*signs, *")" * (len(self._frames) > 1))}

    def read(self, character: str) -> Step:
        """Returns what an operator or a `)` makes of the answer."""
        if character in _READERS:
            return _READERS[character](self, character)
        return self.misplace(character)

    def complete(self) -> str:
        """Returns nothing where the answer is right, or the first symbol that leads there, and so on."""
        if self.verdict:
            return ""
        for symbol in ")+-*/":
            place, _ = self.step(symbol)
            if place.worth > 0.0:
                return symbol + place.completion
        raise AssertionError("a state with a chance must lead on")

    def operate(self, sign: str) -> Step:
        """Returns what an operator makes of the answer."""
        if not self.left:
            return Lost("number", 1, f"{sign} needs a number, and none is left", self), 1
        if sign == "/" and not can_divide(self.left):
            return Lost("arithmetic", 1, _NO_DIVISOR, self), 1
        frames = (*self._frames[:-1], self._frames[-1].operate(sign))
        return self._answers.find(frames, self.left, 0), 1

    def close(self, sign: str) -> Step:
        """Returns what a `)` makes of the answer."""
        if len(self._frames) == 1:
            return self.misplace(sign)
        place: Place | None = self._answers.close(self._frames, self.left)
        return (Lost("arithmetic", 1, _NO_DIVISOR, self) if place is None else place), 1


_READERS: dict[str, Callable[[_OperatorDue, str], Step]] = {
    **dict.fromkeys("+-*/", _OperatorDue.operate),
    ")": _OperatorDue.close,
}

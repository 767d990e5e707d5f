"""States of answers that are written symbol by symbol: borders of symbols, numbers under way, lost answers.

The value of a prefix is that of the symbols that may have been meant: behind a whole symbol, what it is
worth; in the midst of one, the mean over those that begin so, each weighted alike.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final, TypeAlias

from rlsf_gym.domains.countdown.arithmetic import Numbers
from rlsf_gym.text.automaton import State

__all__ = ["ALPHABET", "DIGITS", "Border", "Lost", "NumberDue", "Place", "Reading", "Tally", "Underway"]

DIGITS: Final = frozenset("0123456789")
ALPHABET: Final = DIGITS | frozenset("+-*/=,() ")
"""Characters that answers are made of."""
_STATE: Final = 1000  # bytes of a state, about


@dataclass
class Tally:
    """Sum of what is remembered of puzzles, so that no more is kept than memory allows."""

    bytes: int = 0
    """Size of states and values, about."""


@dataclass(frozen=True)
class Reading:
    """How values are told."""

    is_any: bool
    """Whether numbers may be left over."""
    is_graded: bool
    """Whether a value is the chance of a random writer, or just whether a right answer can follow."""
    tally: Tally
    """Size of what was remembered of all puzzles."""

    def tell(self, worth: float) -> float:
        """Returns the value of a prefix, given the chance of a random writer."""
        return worth if self.is_graded else float(worth > 0.0)


class Place(State):
    """State of an answer, right or lost.

    A chance of 0 says that no right answer can follow: every symbol that is well formed has a chance.
    """

    worth: float
    """Chance that a random writer ends right."""
    ways: int
    """Number of ways in which it may go on to an end."""
    done: str | None
    """The step under way as far as it is written; None where all of the answer is."""
    left: Numbers
    """Numbers that are left."""
    letters: str = ""
    """Letters of a number that is under way."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading
        reading.tally.bytes += _STATE

    @cached_property
    def completion(self) -> str:
        """A way to go on to a right end."""
        return self.complete()

    @abstractmethod
    def complete(self) -> str:
        """Returns a way to go on to a right end: of each symbol the first that leads there."""


class Lost(Place):
    """State of an answer that can't end right.

    Args:
        rule: The rule that was broken.
        width: Number of characters of the symbol that broke it, up to the one that decided.
        because: Why, in one line; "" where a rule of its own says it.
        place: State that it would have been, or from which the symbol led astray.
    """

    value = 0.0
    verdict = 0.0
    is_dead = True

    def __init__(self, rule: str, width: int, because: str, place: Place) -> None:
        super().__init__(place.reading)
        self.rule, self.width, self.because = rule, width, because
        self.left, self.done, self.worth = place.left, place.done, 0.0
        self.ways = place.ways if rule == "target" else 0

    def complete(self) -> str:
        """Returns nothing: there is no way."""
        return ""


Step: TypeAlias = "tuple[Place, int]"
"""State behind a character, which may have no way, and the number of characters of the symbol so far."""


class _Alive(Place):
    """State of an answer that is well formed so far."""

    def __init__(self, reading: Reading, worth: float, ways: int) -> None:
        super().__init__(reading)
        self.worth, self.ways = worth, ways
        self.value = reading.tell(worth)
        self.verdict = 0.0

    @abstractmethod
    def step(self, character: str) -> Step:
        """Returns what a character makes of the answer."""

    def advance(self, character: str) -> Place:
        """Returns the state behind one more character; a lost one where no way is left."""
        place, width = self.step(character)
        if isinstance(place, Lost) or place.worth > 0.0:
            return place
        return Lost("target", width, "", place)


class Border(_Alive):
    """State at the border of two symbols."""

    due: str
    """What has to follow, in words."""
    may_end: bool = False
    """Whether a writer may end here."""

    @abstractmethod
    def symbols(self) -> Mapping[str, Place]:
        """Returns the symbols that a writer may draw, with the states behind them; the end is left out."""

    def step(self, character: str) -> Step:
        """Returns what a character makes of the answer; a space changes nothing."""
        if character == " ":
            return self, 1
        return self.read(character)

    @abstractmethod
    def read(self, character: str) -> Step:
        """Returns what a character that is no space makes of the answer."""

    def misplace(self, character: str, width: int = 1) -> Step:
        """Returns that a character can't stand here."""
        return Lost("syntax", width, f"{character!r} stands where {self.due} must", self), width


class NumberDue(Border):
    """State where a number has to follow.

    A subclass lists the numbers that are well formed, and says why another one is not.
    """

    due = "a number"
    rule = "number"
    ahead: str | None = ""
    """The step under way up to the number; None where `done` is."""
    begun: ClassVar = re.compile(
        r"-?(?:0|[1-9][0-9]*)?|\((?:-?(?:[1-9][0-9]*(?:/(?:[1-9][0-9]*\)?)?)?)?)?", re.ASCII
    )
    """Beginnings of numbers."""
    whole: ClassVar = re.compile(r"-?(?:0|[1-9][0-9]*)|\(-?[1-9][0-9]*/[1-9][0-9]*\)", re.ASCII)
    """Whole numbers."""

    @cached_property
    def options(self) -> Mapping[str, Border]:
        """The numbers that are well formed here, with the states behind them."""
        return self.list_options()

    @abstractmethod
    def list_options(self) -> Mapping[str, Border]:
        """Returns the numbers that are well formed here, with the states behind them."""

    @abstractmethod
    def explain(self, symbol: str) -> str:
        """Returns why a number that begins so is not well formed here."""

    def symbols(self) -> Mapping[str, Place]:
        """Returns the numbers that are well formed."""
        return self.options

    def read(self, character: str) -> Step:
        """Returns what the first character of a number makes of the answer."""
        return self.go_on("", character, self.options)

    def go_on(self, letters: str, character: str, options: Mapping[str, Border]) -> Step:
        """Returns what one more character makes of a number.

        Args:
            letters: The letters of the number.
            character: The character.
            options: The numbers that begin with these letters.
        """
        longer = letters + character
        meant = {text: border for text, border in options.items() if text.startswith(longer)}
        if meant:
            return Underway(self, longer, meant), len(longer)
        if letters in options and character not in DIGITS:
            place, width = options[letters].step(character)
            return place, len(longer) if character == " " else width
        return self._refuse(letters, character)

    def _refuse(self, letters: str, character: str) -> Step:
        """Returns how a character behind the letters of a number loses the answer."""
        longer = letters + character
        if self.begun.fullmatch(longer):
            return Lost(self.rule, len(longer), self.explain(longer), self), len(longer)
        is_whole = self.whole.fullmatch(letters) is not None
        if is_whole and character in ALPHABET and character not in DIGITS:
            return Lost(self.rule, len(longer), self.explain(letters), self), len(longer)
        is_inside = character in DIGITS or not is_whole
        return self.misplace(character, len(longer) if is_inside else 1)

    def complete(self) -> str:
        """Returns the first number that leads to a right end, and so on."""
        return self.finish("", self.options)

    def finish(self, letters: str, options: Mapping[str, Border]) -> str:
        """Returns a way to go on behind the letters of a number."""
        return next(
            text[len(letters) :] + border.completion for text, border in options.items() if border.worth > 0.0
        )


class Underway(_Alive):
    """State in the midst of a number, or behind one that could be longer.

    Args:
        due: State in which the number began.
        letters: What there is of it.
        options: The numbers that begin so, with the states behind them.
    """

    def __init__(self, due: NumberDue, letters: str, options: Mapping[str, Border]) -> None:
        worths = [border.worth for border in options.values()]
        ways = sum(border.ways for border in options.values())
        super().__init__(due.reading, sum(worths) / len(worths), ways)
        self.began, self.letters, self._options = due, letters, options
        is_chosen = letters in options and len(options) == 1
        meant = options[letters] if is_chosen else due
        self.left = meant.left
        self.done = meant.done if is_chosen or due.ahead is None else due.ahead + letters
        if letters in options:  # an end of the response ends the number
            self.verdict = options[letters].verdict

    def step(self, character: str) -> Step:
        """Returns what one more character makes of the number."""
        return self.began.go_on(self.letters, character, self._options)

    def complete(self) -> str:
        """Returns the rest of the first number that leads to a right end, and so on."""
        return self.began.finish(self.letters, self._options)

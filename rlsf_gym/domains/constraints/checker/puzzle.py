"""What the checker has to know of a puzzle, whichever face it has."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol

from rlsf_gym.domains.constraints.checker.formula import Formula

__all__ = ["Choice", "Puzzle"]


class Choice(NamedTuple):
    """A symbol that may stand next in an answer."""

    text: str
    literal: int
    """What it asserts; 0 where that is nothing."""
    node: Hashable
    """Where the answer goes on behind it."""
    is_given: bool = True
    """Whether it agrees with what the prompt gives: one that does not is refused at once."""


class Puzzle(Protocol):
    """Protocol of a puzzle, written down from the data of its instance alone."""

    @property
    def prompt(self) -> str:
        """The prompt that these data have."""
        ...

    @property
    def rules(self) -> tuple[str, ...]:
        """Rules of its scorer."""
        ...

    @property
    def formula(self) -> Formula:
        """The formula."""
        ...

    @property
    def givens(self) -> tuple[int, ...]:
        """Literals that hold beside the formula."""
        ...

    @property
    def start(self) -> Any:
        """Where an answer begins."""
        ...

    def choices(self, node: Any) -> Sequence[Choice]:
        """Returns the symbols that may stand next, those that the prompt refuses among them."""
        ...

    def may_end(self, node: Any) -> bool:
        """Returns whether an answer may be over here."""
        ...

    def count_ways(self, node: Any) -> int | None:
        """Returns how many answers there are, all alike for the random writer; None where they are not."""
        ...

    def expected(self, node: Any) -> str:
        """Returns what may stand here, in words."""
        ...

    def say(self, literal: int) -> str:
        """Returns what a literal asserts, in words."""
        ...

    def refuse(self, literal: int) -> str:
        """Returns the sentence that says against which of the givens a literal is."""
        ...

    def solve(self, bound: int) -> list[list[int]] | None:
        """Returns all solutions, each as literals that are true, or variables; None if more than `bound`.

        Solutions that answers can't tell apart are one.
        """
        ...

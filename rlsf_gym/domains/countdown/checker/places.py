"""A place between two symbols of an answer: what may come next, and what is known of each."""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

__all__ = ["NO_FAULTS", "Form", "Place", "average", "begin"]


class Place(NamedTuple):
    """A place between two symbols of an answer."""

    key: Hashable
    """What tells it from other places of the same form and puzzle."""
    due: str
    """What must stand here, in words."""
    asks: Literal["number", "result", ""]
    """Whether that is a number, the result of a step, or a symbol of another kind."""
    chances: Mapping[str, float]
    """Each symbol that a random writer may draw, to the chance that it then ends right."""
    begun: Mapping[str, float]
    """Each beginning of such a symbol, and the symbol itself, to the chance where no more is there."""
    chance: float
    """The chance that a random writer ends right from here."""
    written: str | None
    """What stands before the place of the step at hand; None where the whole answer matters."""
    left: tuple[str, ...]
    """The numbers that are left, in ascending order."""
    others: tuple[str, ...]
    """Those of them that are not taken for the step at hand."""
    is_right: bool
    """Whether an answer that ends here is right."""
    faults: Mapping[str, tuple[str, str]]
    """Symbols that are wrong here for another reason than that they are not due, to rule and reason."""


class Form(Protocol):
    """A form of answers to one puzzle, by its places."""

    @property
    def begins(self) -> re.Pattern[str]:
        """What the beginnings of its numbers look like."""
        ...

    @property
    def wholes(self) -> re.Pattern[str]:
        """What its numbers look like."""
        ...

    @property
    def start(self) -> Place:
        """The place before the first symbol."""
        ...

    def behind(self, place: Place, symbol: str) -> Place:
        """Returns the place behind a symbol that a place admits."""
        ...

    def count(self, place: Place) -> int:
        """Returns the number of ways in which a random writer may go on from a place to an end."""
        ...

    def explain(self, written: str, left: Sequence[str]) -> str:
        """Returns that no way leads from what was written, and what is left, to the target."""
        ...


NO_FAULTS: Final[Mapping[str, tuple[str, str]]] = {}


def average(chances: Iterable[float]) -> float:
    """Returns the mean of one chance or more, 0 of none."""
    given = [*chances]
    return sum(given) / len(given) if given else 0.0


def begin(chances: Mapping[str, float]) -> dict[str, float]:
    """Returns the beginnings of symbols with the mean chance of the symbols that begin so.

    Example:
        >>> begin({"1": 0.5, "12": 0.25, "7": 0.0})
        {'1': 0.375, '12': 0.25, '7': 0.0}
    """
    found: dict[str, list[float]] = {}
    for symbol, chance in chances.items():
        for end in range(1, len(symbol) + 1):
            found.setdefault(symbol[:end], []).append(chance)
    return {beginning: average(given) for beginning, given in found.items()}

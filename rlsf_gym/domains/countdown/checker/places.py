"""A place between two symbols of an answer: what may come next, and what is known of each."""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, Literal, NamedTuple, Protocol

__all__ = ["NO_FAULTS", "Chances", "Form", "Place", "average", "begin"]


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


class Chances(Mapping[str, float]):
    """Symbols with the chance behind each, worked out when it is asked for.

    Args:
        symbols: The symbols.
        tell: Returns the chance behind one.
    """

    def __init__(self, symbols: Iterable[str], tell: Callable[[str], float]) -> None:
        self._symbols = dict.fromkeys(symbols)
        self._tell = cache(tell)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._symbols

    def __iter__(self) -> Iterator[str]:
        return iter(self._symbols)

    def __len__(self) -> int:
        return len(self._symbols)

    def __getitem__(self, symbol: str) -> float:
        return self._tell(symbol)


def begin(chances: Mapping[str, float]) -> Chances:
    """Returns the beginnings of symbols with the mean chance of the symbols that begin so.

    Example:
        >>> dict(begin({"1": 0.5, "12": 0.25, "7": 0.0}))
        {'1': 0.375, '12': 0.25, '7': 0.0}
    """
    meant: dict[str, list[str]] = {}
    for symbol in chances:
        for end in range(1, len(symbol) + 1):
            meant.setdefault(symbol[:end], []).append(symbol)
    return Chances(meant, lambda beginning: average(chances[symbol] for symbol in meant[beginning]))

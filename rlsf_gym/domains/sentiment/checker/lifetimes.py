"""Tracks the lifetime (`since`, `until`) of each record of a word as the text grows."""

from collections.abc import Sequence
from typing import NamedTuple

# Amounts that differ by less are the same, added in another order.
_SAME_AMOUNT = 1e-12

Place = tuple[int, int, int, int]


class Entry(NamedTuple):
    """Record that is proved by the texts, with the fields of a claimed record in their order.

    Attributes:
        char_start: start of the word.
        char_end: end of the word.
        rule: name of the rule.
        trigger_start: start of the trigger.
        trigger_end: end of the trigger.
        amount: what the rule adds to the sum of valences.
        status: where it holds: kept, added, withdrawn or passing; empty as long as the text grows.
        path: of the graph, that justifies the amount.
        since: end of the word with whose arrival it begins to hold.
        until: end of the word with whose arrival it ceases to hold; -1 for none.
    """

    char_start: int
    char_end: int
    rule: str
    trigger_start: int
    trigger_end: int
    amount: float
    status: str = ""
    path: tuple[str, ...] = ()
    since: int = 0
    until: int = -1

    @property
    def place(self) -> Place:
        """Start and end of the word, start and end of the trigger."""
        return self.char_start, self.char_end, self.trigger_start, self.trigger_end

    def is_same(self, other: "Entry") -> bool:
        """Whether both are the same but for their lifetimes."""
        return (
            self[:5] == other[:5]
            and self.path == other.path
            and abs(self.amount - other.amount) < _SAME_AMOUNT
        )


class _Link:
    """Link of a line: an entry with the one before it."""

    __slots__ = ("before", "entry")

    def __init__(self, entry: Entry, before: "_Link | None") -> None:
        self.entry = entry
        self.before = before


class Line:
    """The records of one word: a list in which those of any time stand in the order of the rules.

    What a change costs does not depend on how many have ceased to hold.
    """

    __slots__ = ("_alive", "_last")

    def __init__(self) -> None:
        self._alive: Sequence[_Link] = ()
        self._last: _Link | None = None

    def __bool__(self) -> bool:
        """Whether anything was proved so far, as it is of few words."""
        return self._last is not None

    @property
    def entries(self) -> list[Entry]:
        """All entries that were proved so far, in the order of the rules."""
        return [link.entry for link in self._links()]

    def _links(self) -> list[_Link]:
        links: list[_Link] = []
        link = self._last
        while link is not None:
            links.append(link)
            link = link.before
        return links[::-1]

    def copy(self) -> "Line":
        """Copy of the line."""
        twin = Line()
        if self._last is None:
            return twin
        links: dict[_Link, _Link] = {}
        for link in self._links():
            twin._last = links[link] = _Link(link.entry, twin._last)
        twin._alive = [links[link] for link in self._alive]
        return twin

    def become(self, proved: Sequence[Entry], end: int) -> None:
        """Set the records that hold from the word on that ends at `end`.

        Those that hold already go on. Each of the others begins, right before the next one that goes on.
        """
        if not proved and not self._alive:
            return
        fresh = [entry._replace(since=end) for entry in proved]
        alive: list[_Link] = []
        for link in self._alive:
            number = next((k for k, other in enumerate(fresh) if link.entry.is_same(other)), -1)
            if number < 0:
                link.entry = link.entry._replace(until=end)
                continue
            for entry in fresh[:number]:
                link.before = _Link(entry, link.before)
                alive.append(link.before)
            alive.append(link)
            del fresh[: number + 1]
        for entry in fresh:
            self._last = _Link(entry, self._last)
            alive.append(self._last)
        self._alive = alive

"""Keeps what the rules prove of a word while the text grows: each record with its lifetime."""

from collections.abc import Sequence
from typing import NamedTuple

# Amounts that differ by less are the same, added in another order.
_SAME_AMOUNT = 1e-12

Place = tuple[int, int, int, int]


class Entry(NamedTuple):
    """A record that the texts prove.

    Attributes:
        rule: name of the rule.
        place: start and end of the word, start and end of the trigger.
        amount: what the rule adds to the sum of valences.
        path: of the graph, that justifies the amount.
        since: end of the word with whose arrival it begins to hold.
        until: end of the word with whose arrival it ceases to hold; -1 for none.
        status: where it holds: kept, added, withdrawn or passing.
    """

    rule: str
    place: Place
    amount: float
    path: tuple[str, ...] = ()
    since: int = 0
    until: int = -1
    status: str = ""

    def is_same(self, other: "Entry") -> bool:
        """Whether both are the same but for their lifetimes."""
        mine, theirs = (self.rule, self.place, self.path), (other.rule, other.place, other.path)
        return mine == theirs and abs(self.amount - other.amount) < _SAME_AMOUNT

    def holds_at(self, end: int) -> bool:
        """Whether it holds in the text up to the end of a word."""
        return self.since <= end and (self.until == -1 or end < self.until)


class Line:
    """The records of one word: a list in which those of any time stand in the order of the rules.

    Attributes:
        entries: all that were proved so far.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def become(self, proved: Sequence[Entry], end: int) -> None:
        """From the word on that ends at `end`, these hold and no others.

        Those that hold already go on. Each of the others begins, right before the next one that goes on.
        """
        fresh = list(proved)
        entries: list[Entry] = []
        for entry in self.entries:
            number = next((k for k, other in enumerate(fresh) if entry.is_same(other)), -1)
            if entry.until == -1 and number >= 0:
                entries.extend(other._replace(since=end) for other in fresh[:number])
                del fresh[: number + 1]
            elif entry.until == -1:
                entry = entry._replace(until=end)
            entries.append(entry)
        entries.extend(other._replace(since=end) for other in fresh)
        self.entries = entries

"""VADER's "but" rule over the valences of a text whose words are pushed and popped at the end."""

from collections.abc import Callable
from heapq import heappop, heappush

BEFORE_BUT, AFTER_BUT = 0.5, 1.5


class _FirstEqual:
    """Index of the first position of a value, for a list that grows, shrinks and changes.

    A heap of positions per value; a position that has since got another value is dropped when it surfaces, so
    that every operation costs O(log n), amortised.
    """

    def __init__(self) -> None:
        self._positions: dict[float, list[int]] = {}

    def note(self, value: float, position: int) -> None:
        """Note that the list now holds `value` at `position`."""
        heappush(self._positions.setdefault(value, []), position)

    def find(self, values: list[float], value: float) -> int:
        """The first position of `value`, which has to be in the list."""
        heap = self._positions[value]
        while heap[0] >= len(values) or values[heap[0]] != value:
            heappop(heap)
        return heap[0]


class Scaling:
    """Valences of the scored words after the "but" rule; words are pushed and popped at the end.

    Args:
        before: how many of these words stand before the "but".
        quirk: as for `Stream`.
        note: called with the number of a word before the step of another word changes its valence.

    Attributes:
        values: the valences after the rule.
    """

    def __init__(self, before: int, quirk: bool, note: Callable[[int], None]) -> None:
        self.values: list[float] = []
        self._before = before
        self._quirk = quirk
        self._note = note
        self._targets: dict[int, int] = {}  # number of a word whose step scaled -> that of the one it scaled
        self._equals = _FirstEqual()

    def add(self, value: float) -> float:
        """Take the step of the next word, and return what it adds to the sum."""
        own = target = len(self.values)
        self.values.append(value)
        if not value:
            return value
        if self._quirk:
            self._equals.note(value, own)
            target = self._equals.find(self.values, value)
        value *= BEFORE_BUT if target < self._before else AFTER_BUT
        self._targets[own] = target
        if target != own:
            self._note(target)
        self._put(target, value)
        return value

    def halving(self) -> frozenset[float]:
        """Values of which a next word has its step halved, where otherwise its own is raised by half."""
        return frozenset(self.values[: self._before]) if self._quirk else frozenset()

    def drop(self, start: int, valences: list[float]) -> None:
        """Undo the steps of the words from number `start` on, the last first, given all valences before."""
        for own in range(len(self.values) - 1, start - 1, -1):
            target = self._targets.pop(own, None)
            if target is not None:
                if target != own:
                    self._note(target)
                self._put(target, valences[own])
            self.values.pop()

    def _put(self, number: int, value: float) -> None:
        self.values[number] = value
        if self._quirk:
            self._equals.note(value, number)

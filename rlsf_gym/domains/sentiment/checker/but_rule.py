"""Replays VADER's "but" rule over the valences of a growing text."""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Final

DOUBTFUL: Final = 1e-6
"""Sums closer to zero than this may have another sign when they are added in another order."""


class ButRule:
    """Valences after the "but" rule, with steps that can be undone.

    Each step and its way back cost O(log n), amortised, so that the library's search for the first word whose
    valence is equal costs no walk through the text.

    Args:
        quirk: the rule is the library's loop, not its documentation: the step of each word scales the first
            word whose valence is equal.

    Attributes:
        values: the valences after the rule.
    """

    def __init__(self, quirk: bool) -> None:
        self.values: list[float] = []
        self._quirk = quirk
        self._but: int | None = None
        self._steps: list[tuple[int, float]] = []  # for each word, whose valence its step set, and from what
        self._places: dict[float, list[int]] = {}  # by valence, a heap of where it stands or has stood
        self._total = self._missing = 0.0  # their sum, and what rounding took from it

    def copy(self) -> "ButRule":
        """Copy of the rule with its valences and steps."""
        twin = ButRule(self._quirk)
        twin.values, twin._steps, twin._but = self.values.copy(), self._steps.copy(), self._but
        twin._places = {value: heap.copy() for value, heap in self._places.items()}
        twin._total, twin._missing = self._total, self._missing
        return twin

    @property
    def total(self) -> float:
        """Sum of the valences after the rule, with rounding compensated."""
        return self._total + self._missing

    def pass_by(self, count: int) -> None:
        """Take the steps of so many words whose valence is 0: they leave all as it is."""
        size = len(self.values)
        self._steps += [(at, 0.0) for at in range(size, size + count)]
        self.values += [0.0] * count

    def replay(self, raw: Sequence[float], first: int, but: int | None) -> set[int]:
        """Take the steps again from a word on.

        Args:
            raw: all valences before the rule.
            first: the first word that is new, or has another one than before.
            but: position of the first "but", None without one.

        Returns:
            The positions whose valence may be another one now.
        """
        if but is None and self._but is None:
            return self._copy(raw, first)
        if but != self._but:
            first, self._but = 0, but
            self._places.clear()  # without a "but" nothing is looked for
        touched: set[int] = set()
        while len(self._steps) > first:
            target, old = self._steps.pop()
            self._put(target, old)
            touched.add(target)
        while len(self.values) > first:
            self._add(-self.values.pop())
        for at in range(first, len(raw)):
            touched.add(self._step(at, raw[at]))
        return touched

    def _copy(self, raw: Sequence[float], first: int) -> set[int]:
        """Without a "but" each step leaves the valence of its own word as it is."""
        values, steps = self.values, self._steps
        while len(values) > len(raw):
            self._add(-values.pop())
            steps.pop()
        touched: set[int] = set()
        for at in range(first, len(raw)):
            value = raw[at]
            if at == len(values):
                values.append(value)
                steps.append((at, value))
            elif values[at] != value:
                self._add(-values[at])
                values[at] = value
                steps[at] = (at, value)
            else:
                continue
            if value:
                self._add(value)
            touched.add(at)
        return touched

    def _step(self, at: int, value: float) -> int:
        values, but = self.values, self._but
        values.append(value)
        self._add(value)
        target = at
        if self._quirk and but is not None and value:  # a valence of 0 stays what it is
            heappush(self._places.setdefault(value, []), at)
            target = self._find(value)
        self._steps.append((target, values[target]))
        if but is not None and target != but:
            self._put(target, values[target] * (0.5 if target < but else 1.5))
        return target

    def _find(self, value: float) -> int:
        """Position of the first word of this valence, which has to exist."""
        values, heap = self.values, self._places[value]
        while heap[0] >= len(values) or values[heap[0]] != value:
            heappop(heap)
        return heap[0]

    def _put(self, at: int, value: float) -> None:
        values = self.values
        if values[at] == value:
            return
        self._add(-values[at])
        self._add(value)
        values[at] = value
        if self._quirk and value:
            heappush(self._places.setdefault(value, []), at)

    def _add(self, value: float) -> None:
        """Add to the total, and keep what is rounded away (Neumaier 1974)."""
        total = self._total + value
        larger, smaller = (self._total, value) if abs(self._total) >= abs(value) else (value, self._total)
        self._missing += larger - total + smaller
        self._total = total

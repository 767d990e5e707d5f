"""Replays the rule for "but" over the valences of a text that grows."""

from collections.abc import Sequence


class ButRule:
    """The valences after the rule, with the way back.

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

    def replay(self, raw: Sequence[float], first: int, but: int | None) -> set[int]:
        """Take the steps again from a word on.

        Args:
            raw: all valences before the rule.
            first: the first word that is new, or has another one than before.
            but: position of the first "but", None without one.

        Returns:
            The positions whose valence may be another one now.
        """
        if but != self._but:
            first, self._but = 0, but
        touched: set[int] = set()
        while len(self._steps) > first:
            target, old = self._steps.pop()
            self.values[target] = old
            touched.add(target)
        self.values[first:] = raw[first:]
        for at in range(first, len(raw)):
            touched.add(self._step(at))
        return touched

    def _step(self, at: int) -> int:
        values, but = self.values, self._but
        target = values.index(values[at]) if self._quirk and but is not None else at
        self._steps.append((target, values[target]))
        if but is not None and target != but:
            values[target] *= 0.5 if target < but else 1.5
        return target

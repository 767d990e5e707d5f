"""Follows what rules claim of one unit while the text grows: what begins, what goes on, what ends."""

from __future__ import annotations

from collections.abc import Sequence

from rlsf_gym.certificates.record import Record, Status

__all__ = ["Claim", "Lived", "Version", "change_line", "compare_spread", "follow", "write_records"]

Span = tuple[int, int]
# What a rule does to a unit: the rule, the span of the trigger, the amount, and the path that justifies it.
Claim = tuple[str, int, int, float, tuple[str, ...]]
# A claim with its lifetime: the end of the unit that brought it, and of the one that withdrew it, or -1.
Lived = tuple[Claim, int, int]
# All claims of a unit, with the end of the unit that brought them about.
Version = tuple[int, list[Claim]]

# Amounts that differ by less come from another order of the same additions.
_SAME_AMOUNT = 1e-12


def follow(line: list[Lived], versions: Sequence[Version], start: int = 0) -> list[Lived]:
    """Claims that a unit has had with their lifetimes, at any time in the order of the rules.

    Args:
        line: those that it has had before.
        versions: what it has then, the last version to the end.
        start: when that begins: earlier versions are left out, and the one that holds then begins there.
    """
    last = len(versions) - 1
    timeline = _Timeline(line)
    for number, (end, claims) in enumerate(versions):
        if number == last or versions[number + 1][0] > start:
            timeline.change(claims, max(end, start))
    return timeline.line()


def change_line(line: list[Lived], claims: list[Claim], end: int) -> list[Lived]:
    """Line of claims, with those that hold from now on.

    Args:
        line: claims that have held.
        claims: those that hold now. One that has held goes on; any other begins, right before the next one
            that goes on.
        end: of the unit with whose arrival they begin, and others cease to hold.
    """
    timeline = _Timeline(line)
    timeline.change(claims, end)
    return timeline.line()


class _Moment:
    """A claim of a line, with the one before it."""

    __slots__ = ("before", "lived")

    def __init__(self, lived: Lived, before: _Moment | None) -> None:
        self.lived = lived
        self.before = before


class _Timeline:
    """A line that changes; what a change costs does not depend on how many claims have ceased to hold.

    Args:
        line: claims that have held.
    """

    def __init__(self, line: list[Lived]) -> None:
        self._alive: list[_Moment] = []
        self._last: _Moment | None = None
        for lived in line:
            self._last = _Moment(lived, self._last)
            if lived[2] == -1:
                self._alive.append(self._last)

    def change(self, claims: list[Claim], end: int) -> None:
        """Have these claims hold from now on, as `change_line` says."""
        alive: list[_Moment] = []
        first = 0
        for moment in self._alive:
            claim, since, _ = moment.lived
            at = _find(claim, claims, first)
            if at < 0:
                moment.lived = claim, since, end
                continue
            for fresh in claims[first:at]:
                moment.before = _Moment((fresh, end, -1), moment.before)
                alive.append(moment.before)
            alive.append(moment)
            first = at + 1
        for fresh in claims[first:]:
            self._last = _Moment((fresh, end, -1), self._last)
            alive.append(self._last)
        self._alive = alive

    def line(self) -> list[Lived]:
        """All claims, in order."""
        line: list[Lived] = []
        moment = self._last
        while moment is not None:
            line.append(moment.lived)
            moment = moment.before
        return line[::-1]


def write_records(line: Sequence[Lived], unit: Span, prompt_end: int) -> list[Record]:
    """Records of a unit's claims that hold in the prompt or behind it.

    Args:
        line: all that the unit has had.
        unit: where it stands.
        prompt_end: where the prompt ends.
    """
    start, end = unit
    return [
        Record(start, end, rule, first, last, amount, _status(since, until, prompt_end), path, since, until)
        for (rule, first, last, amount, path), since, until in line
        if until == -1 or until > prompt_end
    ]


def compare_spread(old: Sequence[Record], new: Sequence[Record], length: int) -> list[Record]:
    """Records of rules in `spread`, by what holds in the prompt and in the whole text of some length.

    They begin at the end of their unit, whenever they count.
    """
    before: list[Lived] = [((*record[2:6], ()), 0, -1) for record in old]
    line = change_line(before, [(*record[2:6], ()) for record in new], length)
    return [
        Record(first, last, rule, first, last, amount, _status(since, until, 0), (), last, until)
        for (rule, first, last, amount, _), since, until in line
    ]


def _status(since: int, until: int, prompt_end: int) -> Status:
    if since > prompt_end:
        return "added" if until == -1 else "passing"
    return "kept" if until == -1 else "withdrawn"


def _find(claim: Claim, claims: list[Claim], first: int) -> int:
    """Position of the claim among those from `first` on; -1 if it is not among them."""
    rule, start, end, amount, path = claim
    for k in range(first, len(claims)):
        other = claims[k]
        is_same = other[0] == rule and other[1] == start and other[2] == end and other[4] == path
        if is_same and abs(other[3] - amount) < _SAME_AMOUNT:
            return k
    return -1

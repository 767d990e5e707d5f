"""Chance that a random writer of infix answers ends right, and number of ways in which it may go on.

The writer draws uniformly among the symbols that are well formed. Where an operand is due: the distinct
values that are left, without 0 behind a `/`, and `(` as long as two numbers more are left than `(` stand
right before. Behind an operand: `+ - *`, and `/` where something can follow; `)` where a group is open; the
end where none is and no number has to follow. Division by a group of value 0 is well formed, and ends wrong.
"""

from __future__ import annotations

from rlsf_gym.domains.countdown.arithmetic import Number, Numbers
from rlsf_gym.domains.countdown.reach import Frame, Frames, Reach

__all__ = ["Infix", "can_divide", "can_open", "take"]


class Infix:
    """Infix answers to one puzzle.

    Args:
        target: The number to reach.
        is_any: Whether numbers may be left over.
        reach: What can be made of numbers: where no right answer can follow, nothing is looked at.
    """

    def __init__(self, target: Number, *, is_any: bool, reach: Reach) -> None:
        self._target, self._is_any, self._reach = target, is_any, reach
        self._chances: dict[tuple[Frames, Numbers, int], float] = {}
        self._ways: dict[tuple[Numbers, int, int, bool], int] = {}

    def __len__(self) -> int:
        return len(self._chances) + len(self._ways) + len(self._reach)

    def chance(self, frames: Frames, left: Numbers, opened: int) -> float:
        """Returns the chance that the writer ends right.

        Args:
            frames: The answer so far.
            left: Numbers that are left.
            opened: How many `(` stand right before, where an operand is due; 0 where none is.
        """
        key = frames, left, opened
        found = self._chances.get(key)
        if found is None and not self._reach.can_end(frames, left):
            found = self._chances[key] = 0.0
        if found is None:
            follow = self._before_operand(*key) if frames[-1].operator else self._behind_operand(frames, left)
            found = self._chances[key] = sum(follow) / len(follow)
        return found

    def put(self, frames: Frames, operand: Number, left: Numbers) -> float:
        """Returns the same behind an operand."""
        frame = frames[-1].put(operand)
        return 0.0 if frame is None else self.chance((*frames[:-1], frame), left, 0)

    def is_right(self, frames: Frames, left: Numbers) -> bool:
        """Returns whether an answer that ends behind an operand is right."""
        return len(frames) == 1 and (self._is_any or not left) and frames[0].value == self._target

    def can_stop(self, frames: Frames, left: Numbers) -> bool:
        """Returns whether an answer may end behind an operand."""
        return len(frames) == 1 and (self._is_any or not left)

    def _before_operand(self, frames: Frames, left: Numbers, opened: int) -> list[float]:
        """Returns the chances behind all symbols that are well formed where an operand is due."""
        found = [
            self.put(frames, number, take(left, number))
            for number in dict.fromkeys(left)
            if number[0] or frames[-1].operator != "/"
        ]
        if can_open(left, opened):
            found.append(self.chance((*frames, Frame()), left, opened + 1))
        return found

    def _behind_operand(self, frames: Frames, left: Numbers) -> list[float]:
        """Returns the chances behind all symbols that are well formed behind an operand."""
        outer, frame = frames[:-1], frames[-1]
        signs = ("+-*/" if can_divide(left) else "+-*") if left else ""
        found = [self.chance((*outer, frame.operate(sign)), left, 0) for sign in signs]
        if outer:
            found.append(self.put(outer, frame.value, left))
        elif self.can_stop(frames, left):
            found.append(float(self.is_right(frames, left)))
        return found

    def ways(self, frames: Frames, left: Numbers, opened: int) -> int:
        """Returns the number of ways in which the writer may go on to an end, whatever comes out."""
        frame = frames[-1]
        if frame.operator:
            return self._ways_before(left, len(frames), opened, frame.operator == "/")
        return self._ways_behind(left, len(frames))

    def _ways_before(self, left: Numbers, depth: int, opened: int, is_divided: bool) -> int:
        key = left, depth, opened, is_divided
        found = self._ways.get(key)
        if found is None:
            found = sum(
                self._ways_behind(take(left, number), depth)
                for number in dict.fromkeys(left)
                if number[0] or not is_divided
            )
            if can_open(left, opened):
                found += self._ways_before(left, depth + 1, opened + 1, False)
            self._ways[key] = found
        return found

    def _ways_behind(self, left: Numbers, depth: int) -> int:
        key = left, depth, -1, False
        found = self._ways.get(key)
        if found is None:
            found = 0
            if left:
                found = 3 * self._ways_before(left, depth, 0, False)
                found += self._ways_before(left, depth, 0, True) if can_divide(left) else 0
            if depth > 1:
                found += self._ways_behind(left, depth - 1)
            elif self._is_any or not left:
                found += 1
            self._ways[key] = found
        return found


def can_open(left: Numbers, opened: int) -> bool:
    """Returns whether the writer may open a group behind so many `(`."""
    return len(left) >= opened + 2


def can_divide(left: Numbers) -> bool:
    """Returns whether something other than 0 may follow a `/`."""
    return len(left) >= 2 or any(number for number, _ in left)


def take(left: Numbers, number: Number) -> Numbers:
    """Returns numbers without one of them."""
    place = left.index(number)
    return left[:place] + left[place + 1 :]

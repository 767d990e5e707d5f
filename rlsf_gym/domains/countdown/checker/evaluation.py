"""Evaluates whole answers, in a reading of its own: whether one is right, and nothing else."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from rlsf_gym.domains.countdown.checker.rationals import combine, spell, whole

__all__ = ["is_right_in_steps"]

_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)|\(-?[1-9][0-9]*/[1-9][0-9]*\)"
_STEP: Final = re.compile(rf" *({_NUMBER}) *([-+*/]) *({_NUMBER}) *= *({_NUMBER}) *")


def is_right_in_steps(answer: str, numbers: Sequence[int], target: int, *, uses_all: bool) -> bool:
    """Returns whether the steps of an answer are true, take what is left, and end with the target.

    Example:
        >>> is_right_in_steps("11-5=6, 7*6=42", [5, 7, 11], 42, uses_all=True)
        True
    """
    values = {str(number): whole(number) for number in numbers}
    left, last = Counter(map(str, numbers)), ""
    for step in answer.split(","):
        parts = _STEP.fullmatch(step)
        if parts is None:
            return False
        first, operator, second, last = parts.groups()
        left.subtract((first, second))
        if left[first] < 0 or left[second] < 0:
            return False
        result = combine(values[first], operator, values[second])
        if result is None or spell(result) != last:
            return False
        values[last] = result
        left[last] += 1
    return last == str(target) and (not uses_all or left.total() == 1)

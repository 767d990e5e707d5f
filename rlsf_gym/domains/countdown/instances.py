"""Puzzles of Countdown: numbers and a target, drawn by seed or given.

A puzzle is the same whatever the order of its numbers: a hash of the sorted numbers and the target decides
whether it is for training or for evaluation, so that no puzzle for evaluation is a permutation of another.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations_with_replacement
from typing import Any, Final, cast

import numpy as np

from rlsf_gym.arguments import Argument, ArgumentError
from rlsf_gym.domains.countdown.arithmetic import as_numbers
from rlsf_gym.domains.countdown.reference import MOST_NUMBERS
from rlsf_gym.domains.countdown.search import find_search
from rlsf_gym.instance import Instance

__all__ = ["BORDERS", "CLASSIC", "LEVELS", "Puzzles", "Settings", "find_chance", "find_level"]

CLASSIC: Final = tuple(map(list, combinations_with_replacement(range(1, 14), 4)))
"""The 1,820 multisets of four numbers from 1 to 13, as of cards; 1,362 of them reach 24."""
LEVELS: Final = ("easy", "medium", "hard")
"""Levels of puzzles, about a third of them each."""
BORDERS: Final = {2: (0.15, 0.3), 3: (0.016, 0.04), 4: (0.003, 0.008), 5: (2e-4, 1e-3), 6: (5e-5, 3e-4)}
"""By count of numbers: the chance of a random writer of steps up to which a puzzle is hard, and the chance
above which it is easy."""
COUNTS: Final = (2, 6)
"""Least and largest number of numbers."""
LARGEST: Final = 999
"""Largest number: with six of them, the search fits into int64."""
HIGHEST: Final = 1_000_000
"""Largest target."""

_EVAL_SHARE: Final = 10  # one puzzle in so many is for evaluation
_DRAWS: Final = 100_000  # after so many in vain there is no such puzzle, as far as anyone can wait
_SEARCHES: Final = {2: 20_000, 3: 5_000, 4: 2_000, 5: 200, 6: 50}  # and after so many searches
_RISING: Final = (("easy",), ("easy", "medium"), LEVELS)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Which puzzles are drawn.

    Raises:
        ValueError: If a setting has a wrong value.
    """

    numbers: int | tuple[int, int] = 3
    """How many numbers, or the least and the largest count."""
    low: int = 1
    """Least number."""
    high: int = 9
    """Largest number."""
    target: int | tuple[int, int] = (1, 30)
    """Target, or the least and the largest one."""
    form: str = "steps"
    """Form of the answers."""
    use: str = "all"
    """Whether all numbers have to be used, or any."""
    value: str = "random"
    """Value of a prefix, which is not known of all puzzles."""
    require_solvable: bool = True
    """Whether puzzles without a solution are left out, and refused where they are given."""
    source: str | None = None
    """"classic24" for the 1,820 multisets of 1 to 13 with target 24; None to draw numbers and target."""
    level: str | None = None
    """One of `LEVELS`; None for puzzles of all."""
    curriculum: int | None = None
    """Number of draws over which levels rise: a third easy, a third easy or medium, then all of them."""
    template: str = "{numbers} -> {target}: "
    """Prompt, with the places of numbers and target."""

    def __post_init__(self) -> None:
        """Checks the settings."""
        _check_range("numbers", self.numbers, *COUNTS)
        _check_range("low", self.low, 0, LARGEST)
        _check_range("high", self.high, self.low, LARGEST)
        _check_range("target", self.target, 1, HIGHEST)
        for name, known in (("source", ("classic24",)), ("level", LEVELS)):
            _check_choice(name, getattr(self, name), known)
        self._check_rest()
        if self.counts[1] > self.most:
            raise ArgumentError(
                Argument("numbers"), f" must be at most {self.most} {self.why_few}, got {self.numbers!r:.80}"
            )

    def _check_rest(self) -> None:
        if not isinstance(cast(Any, self.require_solvable), bool):
            given = self.require_solvable
            raise ArgumentError(Argument("require_solvable"), f" must be True or False, got {given!r:.80}")
        if self.curriculum is not None:
            _check_range("curriculum", self.curriculum, 1, 10**9)
            if self.level is not None:
                raise ArgumentError(
                    Argument("curriculum"), f" goes through all levels: leave level={self.level!r} out"
                )
        places = _find_places(self.template)
        if sorted(places) != ["numbers", "target"]:
            raise ArgumentError(
                Argument("template"),
                " must be a text with {numbers} and {target}, each once and no other place, "
                f"got {self.template!r:.80}",
            )

    @property
    def most(self) -> int:
        """Largest count of numbers of which values are known."""
        if self.value == "reference":
            return MOST_NUMBERS
        return 4 if (self.form, self.value) == ("expression", "random") else COUNTS[1]

    @property
    def why_few(self) -> str:
        """Reason why no more numbers are taken."""
        mend = "take value='solvable', or form='steps'" if self.value == "random" else "take value='random'"
        return f"for value={self.value!r} of form={self.form!r}: {mend}"

    @property
    def counts(self) -> tuple[int, int]:
        """Least and largest count of numbers."""
        return _as_range(4 if self.source else self.numbers)

    @property
    def targets(self) -> tuple[int, int]:
        """Least and largest target."""
        return _as_range(24 if self.source else self.target)

    @property
    def largest(self) -> int:
        """Largest number."""
        return 13 if self.source else self.high

    def write_prompt(self, numbers: list[int], target: int) -> str:
        """Returns the prompt of a puzzle."""
        return self.template.format(numbers=" ".join(map(str, numbers)), target=target)


class Puzzles:
    """Source of the puzzles of one split.

    Args:
        split: "train", "eval" (about a tenth) or "all".
        settings: Which puzzles are drawn.
    """

    def __init__(self, split: str, settings: Settings) -> None:
        self.split, self.settings = split, settings
        self._drawn = 0

    def sample(self, rng: np.random.Generator) -> Instance:
        """Returns a drawn puzzle: all that the settings allow are equally likely, each order of numbers.

        Raises:
            ValueError: If no puzzle is found that the settings allow.
        """
        levels = self._levels()
        searched = 0
        for _ in range(_DRAWS):
            numbers, target = self._draw(rng)
            if not self._is_in_split(numbers, target):
                continue
            if self.settings.require_solvable or levels:
                searched += 1
                if not self._is_allowed(numbers, target, levels):
                    if searched >= _SEARCHES[len(numbers)]:
                        break
                    continue
            self._drawn += 1
            return self._make(numbers, target)
        raise ValueError(self._explain(levels))

    def make(self, data: Mapping[str, Any]) -> Instance:
        """Returns the puzzle of numbers and a target, from 2 to 6 numbers, whatever else is drawn.

        Raises:
            ValueError: If it is no puzzle, or has no solution and these are left out.
        """
        if sorted(data) != ["numbers", "target"]:
            raise ValueError(f"instance must hold 'numbers' and 'target', got {sorted(data)!r:.80}")
        target, numbers = data["target"], cast("list[int]", data["numbers"])
        is_list = type(numbers) is list and COUNTS[0] <= len(numbers) <= COUNTS[1]
        if not is_list or not all(_is_int(one, 0, LARGEST) for one in numbers):
            raise ValueError(
                f"numbers of an instance must be a list of {COUNTS[0]} to {COUNTS[1]} ints from 0 to "
                f"{LARGEST}, got {numbers!r:.80}"
            )
        if len(numbers) > self.settings.most:
            raise ValueError(
                f"numbers of an instance must be at most {self.settings.most} {self.settings.why_few}, "
                f"got {numbers}"
            )
        if not _is_int(target, 1, HIGHEST):
            raise ValueError(f"target of an instance must be an int from 1 to {HIGHEST}, got {target!r:.80}")
        if self.settings.require_solvable and not self._chance(numbers, target):
            raise ValueError(
                f"no answer leads from {', '.join(map(str, numbers))} to {target} with "
                f"use={self.settings.use!r}: give another puzzle, or allow such by "
                "require_solvable=False in domain_kwargs"
            )
        return self._make(list(numbers), target)

    def _levels(self) -> tuple[str, ...]:
        """Returns the levels that may be drawn next; none where all may."""
        if self.settings.level is not None:
            return (self.settings.level,)
        total = self.settings.curriculum
        if total is None or self._drawn >= total:
            return ()
        return _RISING[min(3 * self._drawn // total, 2)]

    def _draw(self, rng: np.random.Generator) -> tuple[list[int], int]:
        """Returns numbers and a target, whether they are allowed or not."""
        settings = self.settings
        if settings.source is not None:
            numbers = CLASSIC[rng.integers(len(CLASSIC))]
            return rng.permutation(numbers).tolist(), settings.targets[0]
        (least, most), (lowest, highest) = settings.counts, settings.targets
        count = int(rng.integers(least, most + 1)) if least < most else least
        numbers = rng.integers(settings.low, settings.high + 1, size=count).tolist()
        return numbers, int(rng.integers(lowest, highest + 1)) if lowest < highest else lowest

    def _is_in_split(self, numbers: list[int], target: int) -> bool:
        is_eval = _hash_puzzle(numbers, target) % _EVAL_SHARE == 0
        return self.split == "all" or is_eval == (self.split == "eval")

    def _is_allowed(self, numbers: list[int], target: int, levels: tuple[str, ...]) -> bool:
        chance = self._chance(numbers, target)
        if self.settings.require_solvable and not chance:
            return False
        return not levels or find_level(len(numbers), chance) in levels

    def _chance(self, numbers: list[int], target: int) -> float:
        """Returns the chance of a random writer of steps; 1 for a number that is the answer by itself."""
        if self.settings.form == "expression" and self.settings.use == "any" and target in numbers:
            return 1.0
        return find_chance(tuple(sorted(numbers)), target, self.settings.use)

    def _make(self, numbers: list[int], target: int) -> Instance:
        prompt = self.settings.write_prompt(numbers, target)
        return Instance(prompt, _hash_puzzle(numbers, target), {"numbers": numbers, "target": target})

    def _explain(self, levels: tuple[str, ...]) -> str:
        settings = self.settings
        level = f" of level {' or '.join(map(repr, levels))}" if levels else ""
        numbers = f"{_tell(settings.counts)} numbers from {settings.low} to {settings.high}"
        return (
            f"domain_kwargs must allow a puzzle{level} in split {self.split!r}, found none with {numbers} "
            f"and target {_tell(settings.targets)}: widen target, or the range of numbers"
        )


@lru_cache(maxsize=2**16)
def find_chance(numbers: tuple[int, ...], target: int, use: str) -> float:
    """Returns the chance that a random writer of steps ends right, 0 where no answer is right.

    Args:
        numbers: The numbers, in order.
        target: The target.
        use: "all" or "any".

    Example:
        >>> find_chance((2, 3), 5, "all")  # 2+3 or 3+2, of 4 operators and 2 orders
        0.25
    """
    return find_search(list(numbers), target, use).worth(as_numbers(list(numbers)))[0]


def find_level(count: int, chance: float) -> str:
    """Returns the level of a puzzle of so many numbers, by the chance of a random writer of steps.

    Example:
        >>> find_level(3, 0.05), find_level(3, 0.02), find_level(4, 0.02)
        ('easy', 'medium', 'easy')
    """
    hard, easy = BORDERS[count]
    return "easy" if chance > easy else "hard" if chance <= hard else "medium"


def _hash_puzzle(numbers: list[int], target: int) -> int:
    """Returns a number that stands for a puzzle, the same for each order of its numbers."""
    text = f"{' '.join(map(str, sorted(numbers)))} -> {target}"
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big")


def _is_int(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _as_range(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _tell(span: tuple[int, int]) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]} to {span[1]}"


def _check_range(name: str, value: Any, least: int, most: int) -> None:
    """Checks that a setting is an int, or for those that may be one a range of two, within bounds."""
    may_be_range = name in ("numbers", "target")
    ends: list[Any] = list(cast("list[Any]", value)) if _is_list(value) and may_be_range else [value]
    is_right = all(type(one) is int and least <= one <= most for one in ends)
    if not is_right or len(ends) != 1 + _is_list(value) or ends != sorted(ends):
        kind = f"an int from {least} to {most}" + (", or a range of two" if may_be_range else "")
        raise ArgumentError(Argument(name), f" must be {kind}, got {value!r:.80}")


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple | list)


def _check_choice(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise ArgumentError(
            Argument(name), f" must be {', '.join(map(repr, known))} or None, got {value!r:.80}"
        )


def _find_places(template: Any) -> Iterator[str]:
    """Yields the places in a template, with whatever else makes them no plain ones."""
    try:
        parts = (
            list(string.Formatter().parse(template)) if isinstance(template, str) else [("", "?", "", None)]
        )
    except ValueError:  # a brace without another
        parts = [("", "?", "", None)]
    for _, place, format_spec, conversion in parts:
        if place is not None:
            yield f"{place}{format_spec or ''}{conversion or ''}"

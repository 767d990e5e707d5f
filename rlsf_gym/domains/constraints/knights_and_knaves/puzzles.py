"""Puzzles of knights and knaves, drawn from a grammar by seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from rlsf_gym.domains.constraints.knights_and_knaves.renaming import is_held_out
from rlsf_gym.domains.constraints.knights_and_knaves.statements import (
    COUNTS,
    JOINS,
    KINDS,
    NAMES,
    PAIRS,
    check_statements,
    tell_prompt,
)
from rlsf_gym.domains.constraints.knights_and_knaves.truth import find_solutions, tabulate
from rlsf_gym.instance import Instance

__all__ = ["Puzzles"]

_NUMBERS: Final = 2**31
_PATIENCE: Final = 10_000
"""Puzzles that are drawn under one number before it is given up; one in three of them will do."""


class Puzzles:
    r"""Source of puzzles, of which each has a solution.

    A number stands for one puzzle, drawn with a generator that is made from it.

    Args:
        split: "train", "eval" (one puzzle in ten, whatever its people are called) or "all".
        people: How many people there are in a puzzle that is drawn, from 2 to 8.
        unique: Whether each puzzle has one solution alone.

    Raises:
        ValueError: If there are no such puzzles.

    Example:
        >>> Puzzles("all").make({"statements": [["is", "B", "knave"], ["same", "A", "B"]]}).prompt
        'A says: B is a knave. B says: A and B are of the same kind.\n'
    """

    def __init__(self, split: str, people: int = 3, *, unique: bool = True) -> None:
        if type(people) is not int or not 2 <= people <= len(NAMES):
            raise ValueError(f"people must be an int from 2 to {len(NAMES)}, got {people!r}")
        if split not in ("train", "eval", "all"):
            raise ValueError(f"split must be 'train', 'eval' or 'all', got {split!r}")
        self.split, self.people, self.unique = split, people, unique

    def sample(self, rng: np.random.Generator) -> Instance:
        """Returns a puzzle of the split."""
        return self.read(int(rng.integers(_NUMBERS)))

    def read(self, number: int) -> Instance:
        """Returns the puzzle of a number, from 0."""
        own = np.random.default_rng(number)
        for _ in range(_PATIENCE):
            statements = [_draw(own, self.people) for _ in range(self.people)]
            solutions = len(find_solutions(statements))
            if not solutions or (self.unique and solutions > 1):
                continue
            if self.split == "all" or (self.split == "eval") == is_held_out(statements):
                return Instance(tell_prompt(statements), number, {"statements": statements})
        raise ValueError(
            f"people must leave puzzles in split {self.split!r}, got {self.people}: none of {_PATIENCE} "
            "that were drawn is there"
        )

    def make(self, data: Mapping[str, Any]) -> Instance:
        """Returns the puzzle of these statements, one of each of A, B, C, ... in order.

        Raises:
            ValueError: If a statement is not well formed, or there is no solution, or not one alone.
        """
        if set(data) != {"statements"}:
            raise ValueError(f"data of a puzzle must be {{'statements': [...]}}, got {dict(data)!r:.80}")
        statements = data["statements"]
        check_statements(statements)
        solutions = len(find_solutions(statements))
        if not solutions:
            raise ValueError(
                "statements must have a solution, got none: whoever is a knight, somebody says what they "
                f"can't, {tell_prompt(statements)!r:.120}"
            )
        if self.unique and solutions > 1:
            raise ValueError(f"statements must have one solution, got {solutions}: pass unique=False")
        return Instance(tell_prompt(statements), -1, {"statements": statements})


def _draw(rng: np.random.Generator, people: int) -> list[Any]:
    """Returns a statement that can be true and can be false: as often an atom as two that are joined."""
    while True:
        drawn = _draw_atom(rng, people)
        if rng.integers(2):
            drawn = [JOINS[rng.integers(len(JOINS))], drawn, _draw_atom(rng, people)]
        if 0 < tabulate(drawn, people) < (1 << (1 << people)) - 1 and drawn[1] != drawn[2]:
            return drawn


def _draw_atom(rng: np.random.Generator, people: int) -> list[Any]:
    return _DRAWS[int(rng.integers(len(_DRAWS)))](rng, people)


def _draw_is(rng: np.random.Generator, people: int) -> list[Any]:
    return ["is", NAMES[rng.integers(people)], KINDS[rng.integers(2)]]


def _draw_pair(rng: np.random.Generator, people: int) -> list[Any]:
    first, second = rng.choice(people, size=2, replace=False).tolist()
    return [PAIRS[rng.integers(2)], NAMES[first], NAMES[second]]


def _draw_count(rng: np.random.Generator, people: int) -> list[Any]:
    return [COUNTS[rng.integers(3)], int(rng.integers(1, people)), KINDS[rng.integers(2)]]


_DRAWS: Final[tuple[Callable[[np.random.Generator, int], list[Any]], ...]] = (
    *(_draw_is, _draw_is),  # who is what, as often as all else
    *(_draw_pair, _draw_count),
)

"""Instances of Sudoku: drawn puzzles, or those of a file, apart by split."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np

from rlsf_gym.domains.constraints.problem import RULES, Problem
from rlsf_gym.domains.constraints.scorer import ConstraintScorer
from rlsf_gym.domains.constraints.sudoku.formula import base_formula, variable_of
from rlsf_gym.domains.constraints.sudoku.generator import Generator
from rlsf_gym.domains.constraints.sudoku.reading import BLANK, GridReading
from rlsf_gym.instance import Instance

__all__ = ["DrawnSudokus", "SavedSudokus", "SudokuFace", "is_held_out", "normal_form"]

EVAL_SHARE: Final = 10
"""One puzzle in so many is for evaluation."""
_TRIES: Final = 500  # puzzles that are drawn for one of a split; those with hardly a digit are few


class SudokuFace:
    """Sudoku of one size as a constraint puzzle.

    Args:
        size: Size of the grid: 4, 6 or 9.
    """

    name = "sudoku"
    rules = RULES

    def __init__(self, size: int) -> None:
        self.size = size

    def pose(self, instance: Instance) -> Problem:
        """Returns the problem of an instance."""
        grid = self.read_grid(instance.data or {})
        if instance.prompt != f"{grid}\n":
            raise ValueError(
                f"prompt must be the grid {grid!r} and a line feed, got {instance.prompt!r:.200}"
            )
        givens = tuple(
            variable_of(self.size, cell, int(digit)) for cell, digit in enumerate(grid) if digit != BLANK
        )
        return Problem(base_formula(self.size), givens, GridReading(grid, self.size))

    def read_grid(self, data: Mapping[str, Any]) -> str:
        """Returns the grid of an instance's data.

        Raises:
            ValueError: If it is no grid of this size.
        """
        grid = data.get("grid")
        if set(data) != {"grid"} or not isinstance(grid, str):
            raise ValueError(f"data of a Sudoku must be {{'grid': a text}}, got {dict(data)!r:.200}")
        if len(grid) != self.size**2 or not {*"123456789"[: self.size], BLANK}.issuperset(grid):
            raise ValueError(
                f"grid must have {self.size**2} digits from 1 to {self.size}, or '.' for a blank, "
                f"got {grid!r:.200}"
            )
        return grid


class _Sudokus:
    """Source of instances of one split."""

    def __init__(self, split: str, scorer: ConstraintScorer, face: SudokuFace) -> None:
        self.split = split
        self._scorer, self._face = scorer, face

    def make(self, data: Mapping[str, Any]) -> Instance:
        """Returns the instance of a grid.

        Raises:
            ValueError: If it is no grid of this size, it has no solution, or its value can't be told.
        """
        grid = self._face.read_grid(data)
        instance = Instance(f"{grid}\n", -1, {"grid": grid})
        try:
            self._scorer.find_puzzle(instance)
        except ValueError as error:
            raise ValueError(f"grid {grid!r} can't be asked: {error}") from error
        return instance


class DrawnSudokus(_Sudokus):
    """Puzzles that are drawn.

    Args:
        split: "train", "eval" or "all".
        scorer: Scorer of the answers.
        face: Sudoku of one size.
        blanks: Number of blanks.
        unique: Whether puzzles have one solution.
    """

    def __init__(
        self, split: str, *, scorer: ConstraintScorer, face: SudokuFace, blanks: int, unique: bool
    ) -> None:
        super().__init__(split, scorer, face)
        self._generator = Generator(face.size, blanks, unique=unique)

    def sample(self, rng: np.random.Generator) -> Instance:
        """Returns a puzzle of the split, with a hash of it as its number.

        Raises:
            ValueError: If none is found, or the scorer's value can't be told.
        """
        for _ in range(_TRIES):
            grid = self._generator.draw(rng)
            if self.split == "all" or is_held_out(grid) == (self.split == "eval"):
                return self.make({"grid": grid})._replace(number=_hash(grid))
        raise ValueError(
            f"split {self.split!r} must hold a puzzle with {self._generator.blanks} blanks, got none in "
            f"{_TRIES} draws: use fewer blanks or split='all'"
        )


class SavedSudokus(_Sudokus):
    """Puzzles of a file, one a line, as digits with "." or "0" for a blank.

    Args:
        split: "train", "eval" or "all".
        scorer: Scorer of the answers.
        face: Sudoku of one size.
        file: Path of the file.
        unique: Whether puzzles must have one solution.

    Raises:
        ValueError: If a line is no puzzle of this size with a solution, or no line belongs to the split.
    """

    def __init__(
        self, split: str, *, scorer: ConstraintScorer, face: SudokuFace, file: str, unique: bool
    ) -> None:
        super().__init__(split, scorer, face)
        try:
            lines = Path(file).read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"file must be a text that can be read, got {file!r}: {error}") from error
        self._instances = list[Instance]()
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    self._add(line.strip().replace("0", BLANK), unique)
                except ValueError as error:
                    raise ValueError(f"line {number} of {file}: {error}") from error
        if not self._instances:
            raise ValueError(f"file must hold a puzzle of split {split!r}, got none: {file}; use split='all'")

    def sample(self, rng: np.random.Generator) -> Instance:
        """Returns a puzzle of the split, with its position as its number."""
        return self._instances[rng.integers(len(self._instances))]

    def _add(self, grid: str, unique: bool) -> None:
        instance = self.make({"grid": grid})
        if unique and self._scorer.find_puzzle(instance).solutions.is_many:
            raise ValueError("puzzle must have one solution, and has several: pass unique=False to take it")
        if self.split == "all" or is_held_out(grid) == (self.split == "eval"):
            self._instances.append(instance._replace(number=len(self._instances)))


def normal_form(grid: str) -> str:
    """Returns the puzzle with its digits named in the order in which they first stand there.

    Puzzles that differ in the names of the digits alone have the same.

    Example:
        >>> normal_form("3..44..1"), normal_form("2..11..4")
        ('1..22..3', '1..22..3')
    """
    names = {
        digit: str(number) for number, digit in enumerate(dict.fromkeys(grid.replace(BLANK, "")), start=1)
    }
    return "".join(names.get(cell, cell) for cell in grid)


def is_held_out(grid: str) -> bool:
    """Returns whether a puzzle is for evaluation, by the hash of its normal form."""
    return _hash(normal_form(grid)) % EVAL_SHARE == 0


def _hash(text: str) -> int:
    """Returns 48 bits that are the same on every machine."""
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big")

"""Reading of Sudoku answers: the whole grid, one digit after the other."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import cast

from rlsf_gym.domains.constraints.cnf import Clause
from rlsf_gym.domains.constraints.reading import Symbol
from rlsf_gym.domains.constraints.sudoku.formula import (
    cell_and_digit,
    list_regions,
    variable_of,
)

__all__ = ["BLANK", "GridReading"]

BLANK = "."
"""A cell of a puzzle that is to be filled."""


class GridReading:
    """Reading of answers to one puzzle; a place is the number of cells that are written.

    Args:
        grid: Digits and blanks of the cells by rows.
        size: Size of the grid.
    """

    def __init__(self, grid: str, size: int) -> None:
        self.grid, self.size = grid, size
        self.start = 0
        self.alphabet = _alphabet(size)
        self.variables = range(1, size**3 + 1)
        self.goals = _goals(size)
        self._blanks = _count_blanks(grid)

    def symbols(self, node: Hashable) -> tuple[Symbol, ...]:
        """Returns the digits of a cell; where one is given, any other is refused."""
        cell = cast(int, node)
        return _digits(self.size, cell, self.grid[cell]) if cell < len(self.grid) else ()

    def may_end(self, node: Hashable) -> bool:
        """Returns whether all cells are written."""
        return node == len(self.grid)

    def chance(self, node: Hashable) -> float:
        """Returns the chance that evenly drawn digits of the blanks that are left are those of a solution."""
        return float(self.size) ** -self._blanks[cast(int, node)]

    def expected(self, node: Hashable) -> str:
        """Returns what may follow, in words."""
        return "the end" if self.may_end(node) else f"a digit from 1 to {self.size}"

    def say(self, literal: int) -> str:
        """Returns where which digit stands, or does not."""
        digit, place = self._place(abs(literal))
        return f"{'' if literal > 0 else 'no '}{digit} at {place}"

    def refuse(self, literal: int) -> str:
        """Returns which digit is given where another one stands."""
        digit, place = self._place(literal)
        return f"{place} is given as {self.grid[cell_and_digit(self.size, literal)[0]]}, not {digit}"

    def _place(self, variable: int) -> tuple[int, str]:
        cell, digit = cell_and_digit(self.size, variable)
        return digit, f"row {cell // self.size + 1}, column {cell % self.size + 1}"


@lru_cache(maxsize=4096)
def _digits(size: int, cell: int, given: str) -> tuple[Symbol, ...]:
    """Returns the symbols of a cell: the same for all puzzles."""
    return tuple(
        Symbol(
            str(digit),
            variable_of(size, cell, digit),
            cell + 1,
            "" if given in (BLANK, str(digit)) else "given",
        )
        for digit in range(1, size + 1)
    )


@lru_cache
def _alphabet(size: int) -> frozenset[str]:
    return frozenset(map(str, range(1, size + 1))) | {" "}


@lru_cache
def _goals(size: int) -> Sequence[Sequence[Clause]]:
    """Returns a goal for each digit of each row, column and box: that it is there."""
    digits = range(1, size + 1)
    return tuple(
        (tuple(variable_of(size, cell, digit) for cell in region),)
        for region in list_regions(size)
        for digit in digits
    )


def _count_blanks(grid: str) -> list[int]:
    """Returns how many blanks stand from each cell on, and 0 behind the last one."""
    counts = [0]
    for cell in reversed(grid):
        counts.append(counts[-1] + (cell == BLANK))
    return counts[::-1]

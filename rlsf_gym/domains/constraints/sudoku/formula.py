"""Formula of Sudoku: what holds in every grid of a size, and the cells of rows, columns and boxes."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import Final

from rlsf_gym.domains.constraints.cnf import Clause, Formula

__all__ = ["BOXES", "base_formula", "cell_and_digit", "list_regions", "variable_of"]

BOXES: Final = {4: (2, 2), 6: (2, 3), 9: (3, 3)}
"""Size of a grid to the rows and columns of a box."""


def variable_of(size: int, cell: int, digit: int) -> int:
    """Returns the variable that is true where a digit stands in a cell, both counted from the first.

    Args:
        size: Size of the grid.
        cell: Cell by rows, from 0.
        digit: Digit, from 1.
    """
    return cell * size + digit


def cell_and_digit(size: int, variable: int) -> tuple[int, int]:
    """Returns the cell, from 0, and the digit of which a variable speaks.

    Example:
        >>> cell_and_digit(4, variable_of(4, cell=5, digit=4))
        (5, 4)
    """
    return (variable - 1) // size, (variable - 1) % size + 1


@lru_cache(maxsize=len(BOXES))
def list_regions(size: int) -> tuple[tuple[int, ...], ...]:
    """Returns the cells of all rows, then of all columns, then of all boxes."""
    rows, columns = BOXES[size]
    numbers = range(size)
    across = [tuple(size * row + column for column in numbers) for row in numbers]
    down = [tuple(size * row + column for row in numbers) for column in numbers]
    boxes = [
        tuple(size * (top + row) + left + column for row in range(rows) for column in range(columns))
        for top in range(0, size, rows)
        for left in range(0, size, columns)
    ]
    return (*across, *down, *boxes)


@lru_cache(maxsize=len(BOXES))
def base_formula(size: int) -> Formula:
    """Returns the formula of all grids of a size: one object, which all puzzles of the size share.

    Each cell has at least and at most one digit, and each row, column and box has each digit at least and at
    most once.
    """
    digits = range(1, size + 1)
    groups = [[variable_of(size, cell, digit) for digit in digits] for cell in range(size * size)]
    groups += [
        [variable_of(size, cell, digit) for cell in region]
        for region in list_regions(size)
        for digit in digits
    ]
    clauses = dict.fromkeys(clause for group in groups for clause in _exactly_one(group))
    return Formula(tuple(clauses), size**3)


def _exactly_one(group: list[int]) -> list[Clause]:
    return [tuple(group), *((-one, -other) for one, other in combinations(group, 2))]

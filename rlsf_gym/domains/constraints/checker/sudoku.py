"""Sudoku for the checker: the rules written down group by group, and a search over cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any, Final

from rlsf_gym.certificates.claimed import CertificateError, tell
from rlsf_gym.domains.constraints.checker.formula import Formula
from rlsf_gym.domains.constraints.checker.puzzle import Choice

__all__ = ["Sudoku"]

_BOXES: Final = {4: (2, 2), 6: (2, 3), 9: (3, 3)}
"""Size to rows and columns of a box."""


class Sudoku:
    """A grid with blanks; a node is the number of cells that the answer has filled."""

    rules = ("progress", "syntax", "given", "conflict", "unfinished")
    start = 0

    def __init__(self, data: Mapping[str, Any]) -> None:
        grid: object = data.get("grid")
        size = {16: 4, 36: 6, 81: 9}.get(len(grid)) if isinstance(grid, str) and len(data) == 1 else None
        if size is None or not isinstance(grid, str) or not re.fullmatch(f"[.1-{size}]+", grid):
            raise CertificateError(
                f"instance must hold a grid of 4, 6 or 9 digits a row, but is {tell(data)}"
            )
        self.grid, self.size = grid, size
        self.prompt = f"{grid}\n"
        self.formula = _write_rules(size)
        cells = enumerate(self.grid)
        self.givens = tuple(cell * size + int(digit) for cell, digit in cells if digit != ".")

    def choices(self, node: int) -> Sequence[Choice]:
        """Returns the digits of the next cell."""
        if node == len(self.grid):
            return ()
        return _list_choices(self.size, node, self.grid[node])

    def may_end(self, node: int) -> bool:
        """Returns whether all cells are filled."""
        return node == len(self.grid)

    def count_ways(self, node: int) -> int:
        """Returns in how many ways the blanks that are left can be filled."""
        return self.size ** self.grid.count(".", node)

    def expected(self, node: int) -> str:
        """Returns what may stand here, in words."""
        return "the end" if self.may_end(node) else f"a digit from 1 to {self.size}"

    def say(self, literal: int) -> str:
        """Returns which digit stands where."""
        cell, digit = divmod(literal - 1, self.size)
        return f"{digit + 1} at row {cell // self.size + 1}, column {cell % self.size + 1}"

    def refuse(self, literal: int) -> str:
        """Returns what the cell is given as."""
        cell, digit = divmod(literal - 1, self.size)
        place = f"row {cell // self.size + 1}, column {cell % self.size + 1}"
        return f"{place} is given as {self.grid[cell]}, not {digit + 1}"

    def solve(self, bound: int) -> list[list[int]] | None:
        """Returns all solutions; None if more than `bound`."""
        found = list[list[int]]()
        for grid in _fill([0 if one == "." else int(one) for one in self.grid], self.size):
            if len(found) == bound:
                return None
            digits = enumerate(grid)
            found.append([cell * self.size + digit for cell, digit in digits])
        return found


@lru_cache(maxsize=4096)
def _list_choices(size: int, cell: int, given: str) -> tuple[Choice, ...]:
    digits = range(1, size + 1)
    return tuple(
        Choice(str(digit), cell * size + digit, cell + 1, given in (".", str(digit))) for digit in digits
    )


def _list_houses(size: int) -> list[list[int]]:
    """Returns the cells of each row, column and box."""
    high, wide = _BOXES[size]
    cells = range(size * size)
    places = [(cell // size, cell % size) for cell in cells]
    names = [(row, size + column, 2 * size + row // high * high + column // wide) for row, column in places]
    return [[cell for cell in cells if house in names[cell]] for house in range(3 * size)]


@lru_cache
def _write_rules(size: int) -> Formula:
    """Returns the rules: one digit in each cell, and each digit in one cell of each house."""
    digits, cells = range(1, size + 1), range(size * size)
    groups = [[cell * size + digit for digit in digits] for cell in cells]
    groups += [[cell * size + digit for cell in house] for house in _list_houses(size) for digit in digits]
    some = [tuple(group) for group in groups]
    pairs = [(-one, -other) for group in groups for one, other in combinations(group, 2)]
    return Formula(tuple(dict.fromkeys([*some, *pairs])), size**3)


@lru_cache
def _list_peers(size: int) -> tuple[tuple[int, ...], ...]:
    """Returns for each cell the others that share a house with it."""
    houses = _list_houses(size)
    return tuple(
        tuple({one for house in houses if cell in house for one in house} - {cell})
        for cell in range(size * size)
    )


def _fill(grid: list[int], size: int) -> Iterator[list[int]]:
    """Yields all ways to fill the blanks (0), that cell first for which fewest digits are left."""
    peers, best = _list_peers(size), (size + 1, -1, list[int]())
    for cell, digit in enumerate(grid):
        seen = {grid[one] for one in peers[cell]}
        if digit and digit in seen:
            return
        if not digit:
            free = [one for one in range(1, size + 1) if one not in seen]
            best = min(best, (len(free), cell, free))
    _, cell, free = best
    if cell < 0:
        yield grid
        return
    for digit in free:
        yield from _fill([*grid[:cell], digit, *grid[cell + 1 :]], size)

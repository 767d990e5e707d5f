"""Generator of Sudoku puzzles: a random grid, of which digits are taken out."""

from __future__ import annotations

import random

import numpy as np

from rlsf_gym.domains.constraints.solver import Oracle
from rlsf_gym.domains.constraints.sudoku.formula import base_formula, list_regions, variable_of
from rlsf_gym.domains.constraints.sudoku.reading import BLANK

__all__ = ["MOST_BLANKS", "Generator"]

MOST_BLANKS = {4: 12, 6: 27, 9: 57}
"""Size to the most blanks that puzzles with one solution are drawn with: up to there it takes few tries."""


class Generator:
    """Draws puzzles of one size with so many blanks.

    The same generator of numbers draws the same puzzles, whatever the version of the solver.

    Args:
        size: Size of the grid: 4, 6 or 9.
        blanks: Number of blanks.
        unique: Whether puzzles have one solution; otherwise they have at least one.
    """

    def __init__(self, size: int, blanks: int, *, unique: bool) -> None:
        self.size, self.blanks, self.unique = size, blanks, unique
        self._oracle = Oracle(base_formula(size))
        self._peers = [_list_peers(size, cell) for cell in range(size * size)]

    def draw(self, rng: np.random.Generator) -> str:
        """Returns a puzzle: the cells by rows, "." for a blank."""
        drawn = random.Random(int(rng.integers(2**63)))
        while True:
            grid = self._dig(self._fill(drawn), drawn)
            if grid is not None:
                return grid

    def _fill(self, drawn: random.Random) -> list[int]:
        """Returns a solved grid, digits by cells."""
        size = self.size
        digits, open_to = [0] * size**2, [(1 << size) - 1] * size**2
        waiting = list(range(size * size))
        drawn.shuffle(waiting)
        return digits if self._search(digits, open_to, waiting, drawn) else []

    def _search(
        self, digits: list[int], open_to: list[int], waiting: list[int], drawn: random.Random
    ) -> bool:
        """Fills the cells that wait, those with the fewest digits left first; returns whether they can be."""
        if not waiting:
            return True
        cell = min(waiting, key=lambda one: open_to[one].bit_count())
        waiting.remove(cell)
        choices = [digit for digit in range(self.size) if open_to[cell] >> digit & 1]
        drawn.shuffle(choices)
        for digit in choices:
            bit = 1 << digit
            touched = [peer for peer in self._peers[cell] if not digits[peer] and open_to[peer] & bit]
            for peer in touched:
                open_to[peer] ^= bit
            digits[cell] = digit + 1
            if self._search(digits, open_to, waiting, drawn):
                return True
            digits[cell] = 0
            for peer in touched:
                open_to[peer] |= bit
        waiting.append(cell)
        return False

    def _dig(self, digits: list[int], drawn: random.Random) -> str | None:
        """Returns the grid with blanks, None where it can't have as many."""
        size, cells = self.size, list(range(self.size**2))
        drawn.shuffle(cells)
        given = {cell: variable_of(size, cell, digit) for cell, digit in enumerate(digits)}
        for cell in cells:
            if len(digits) - len(given) == self.blanks:
                break
            taken = given.pop(cell)
            if self.unique and self._oracle.is_satisfiable([*given.values(), -taken]):
                given[cell] = taken
        if len(digits) - len(given) < self.blanks:
            return None
        return "".join(str(digit) if cell in given else BLANK for cell, digit in enumerate(digits))


def _list_peers(size: int, cell: int) -> list[int]:
    """Returns the other cells of a cell's row, column and box."""
    return sorted({peer for region in list_regions(size) if cell in region for peer in region} - {cell})

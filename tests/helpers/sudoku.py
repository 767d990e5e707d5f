"""Sudoku by exhaustive search, cell after cell: slow, and with nothing of the package's own."""

from fractions import Fraction

BOXES = {4: (2, 2), 6: (2, 3), 9: (3, 3)}


def list_solutions(grid, size):
    """Returns all solved grids that agree with a grid, "." being a blank, in the order of their digits."""
    rows, columns = BOXES[size]

    def fits(cells, cell, digit):
        row, column = divmod(cell, size)
        for other, there in enumerate(cells):
            other_row, other_column = divmod(other, size)
            in_box = (other_row // rows, other_column // columns) == (row // rows, column // columns)
            if there == digit and other != cell and (other_row == row or other_column == column or in_box):
                return False
        return True

    def search(cells):
        if "." not in cells:
            return [cells]
        cell = cells.index(".")
        digits = (str(digit) for digit in range(1, size + 1))
        return [
            solved
            for digit in digits
            if fits(cells, cell, digit)
            for solved in search(cells[:cell] + digit + cells[cell + 1 :])
        ]

    given_fits = all(digit == "." or fits(grid, cell, digit) for cell, digit in enumerate(grid))
    return search(grid) if given_fits else []


def chance(grid, size, answer):
    """Returns the exact chance that an answer which goes on with evenly drawn digits ends right.

    Given digits are copied; `answer` is what is written so far, as digits alone.
    """
    agreeing = [solved for solved in list_solutions(grid, size) if solved.startswith(answer)]
    return Fraction(len(agreeing), size ** grid[len(answer) :].count("."))

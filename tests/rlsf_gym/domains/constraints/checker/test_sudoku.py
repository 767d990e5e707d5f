"""Sudoku as the checker writes it down: rules and solutions against grids that are tried out."""

from itertools import permutations, product

import numpy as np
import pytest

from rlsf_gym.certificates.claimed import CertificateError
from rlsf_gym.domains.constraints.checker.sudoku import Sudoku

BOXES = {4: (2, 2), 6: (2, 3), 9: (3, 3)}


def make_pattern(size):
    """Returns the grid whose rows are turned by one box after the other."""
    high, wide = BOXES[size]
    digits = "123456789"[:size]
    rows = [(wide * (row % high) + row // high) % size for row in range(size)]
    return "".join(digits[turn:] + digits[:turn] for turn in rows)


def is_right(grid, size):
    """Returns whether each digit stands once in each row, column and box."""
    high, wide = BOXES[size]
    rows = [grid[size * row : size * (row + 1)] for row in range(size)]
    columns = ["".join(one) for one in zip(*rows, strict=True)]
    boxes = [
        "".join(row[left : left + wide] for row in rows[top : top + high])
        for top, left in product(range(0, size, high), range(0, size, wide))
    ]
    return all(len(set(house)) == size for house in (*rows, *columns, *boxes))


def list_grids():
    """Returns all right grids of size 4, from all rows."""
    rows = ["".join(row) for row in permutations("1234")]
    found = []
    for first, second in product(rows, repeat=2):
        if any(one == other for one, other in zip(first, second, strict=True)):
            continue
        found += [
            first + second + third + last
            for third, last in product(rows, repeat=2)
            if is_right(first + second + third + last, 4)
        ]
    return found


@pytest.mark.parametrize("size", [4, 6, 9])
def test_a_pattern_is_right_and_satisfies_the_rules(size):
    grid = make_pattern(size)
    assert is_right(grid, size)
    puzzle = Sudoku({"grid": grid})
    (solution,) = puzzle.solve(2)
    assert solution == [cell * size + int(digit) for cell, digit in enumerate(grid)] == [*puzzle.givens]
    puzzle.formula.check_model(solution, puzzle.givens)
    assert puzzle.prompt == grid + "\n"


@pytest.mark.parametrize("size", [4, 6, 9])
def test_every_rule_forbids_a_grid_that_breaks_it(size):
    """Two cells of a pattern are swapped: some clause is broken, whichever they are."""
    rng, grid = np.random.default_rng(size), make_pattern(size)
    formula = Sudoku({"grid": "." * size**2}).formula
    for _ in range(30):
        one, other = rng.choice(size**2, 2, replace=False)
        if grid[one] == grid[other]:
            continue
        swapped = list(grid)
        swapped[one], swapped[other] = grid[other], grid[one]
        model = [cell * size + int(digit) for cell, digit in enumerate(swapped)]
        with pytest.raises(CertificateError, match="model must satisfy"):
            formula.check_model(model, [])


def test_the_rules_say_nothing_more():
    """How many groups have exactly one: cells, and digits in houses; each with its pairs, told once."""
    sizes = {size: len(Sudoku({"grid": "." * size**2}).formula.clauses) for size in (4, 6, 9)}
    # 4: 16 + 3 * 16 groups; pairs: of 16 cells 6 each; of each digit, pairs of cells that share a house:
    # each cell has 7 peers, 16 * 7 / 2 = 56, times 4 digits.
    assert sizes[4] == 64 + 16 * 6 + 56 * 4
    assert sizes[6] == 36 + 3 * 36 + 36 * 15 + 36 * 12 // 2 * 6  # 5 + 5 + 2 peers
    assert sizes[9] == 81 + 3 * 81 + 81 * 36 + 81 * 20 // 2 * 9  # 8 + 8 + 4 peers


def test_all_grids_of_four_are_found():
    grids = list_grids()
    assert len(grids) == 288
    found = Sudoku({"grid": "." * 16}).solve(288)
    assert sorted(found) == sorted([cell * 4 + int(digit) for cell, digit in enumerate(one)] for one in grids)
    assert Sudoku({"grid": "." * 16}).solve(287) is None
    rng = np.random.default_rng(0)
    for _ in range(50):
        kept, grid = rng.random(16) < 0.3, grids[rng.integers(288)]
        puzzle = "".join(digit if keep else "." for digit, keep in zip(grid, kept, strict=True))
        agreeing = [one for one in grids if all(a in (".", b) for a, b in zip(puzzle, one, strict=True))]
        assert len(Sudoku({"grid": puzzle}).solve(288)) == len(agreeing)


def test_words():
    puzzle = Sudoku({"grid": "1..4" + "." * 12})
    assert (puzzle.expected(0), puzzle.expected(16)) == ("a digit from 1 to 4", "the end")
    assert (puzzle.say(2), puzzle.say(64)) == ("2 at row 1, column 1", "4 at row 4, column 4")
    assert puzzle.refuse(2) == "row 1, column 1 is given as 1, not 2"
    assert [one.is_given for one in puzzle.choices(3)] == [False, False, False, True]
    assert [puzzle.count_ways(cell) for cell in (0, 1, 2, 4, 16)] == [4**14, 4**14, 4**13, 4**12, 1]


@pytest.mark.parametrize("data", [{}, {"grid": "1"}, {"grid": "5" * 16}, {"grid": "0" * 16}, {"grid": 4}])
def test_other_data_is_refused(data):
    with pytest.raises(CertificateError, match="instance must hold a grid of 4, 6 or 9 digits a row, but is"):
        Sudoku(data)
    with pytest.raises(CertificateError, match="instance must hold a grid"):
        Sudoku({"grid": "." * 16, "more": 1})

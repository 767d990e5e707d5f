"""Steps from digits to a contradiction: by hand, and against all grids of size 4."""

from itertools import permutations, product

import numpy as np
import pytest

from rlsf_gym.domains.constraints.sudoku import forced
from rlsf_gym.domains.constraints.sudoku.forced import tell_contradiction


def known(text):
    """Returns the digits of rows that are parted by blanks, dots for open cells."""
    return {cell: int(one) for cell, one in enumerate(text.replace(" ", "")) if one != "."}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        # 1, 2 and 3 are in its row, 4 is in its column.
        ("123. .... .... ...4", "no digit is left for row 1, column 4"),
        # 1 is excluded from the open cells of row 1 by the two ones of rows 3 and 4.
        ("..23 .... 1... .1..", "no cell of row 1 is left for 1"),
        # The same of a column.
        ("..1. ...1 2... 3...", "no cell of column 1 is left for 1"),
        ("12.. .... .... ....", ""),
        # Row 1 lacks 2, which makes it the third 2 that row 4 has in a column or a box.
        ("43.1 1.4. 241. ...4", "row 1, column 3 can only be 2, and then no cell of row 4 is left for 2"),
    ],
)
def test_by_hand(rows, told):
    assert tell_contradiction(known(rows), 4) == told


def test_boxes_are_named_by_their_rows_and_columns():
    """The open cells of the first box are in column 3, which has a 5 further down."""
    told = tell_contradiction(known("64.... 12.... ...... ..5... ...... ..2..."), 6)
    assert told == "no cell of the box of rows 1 to 2, columns 1 to 3 is left for 5"


def test_a_long_way_says_how_much_of_it_is_left_out(monkeypatch):
    monkeypatch.setattr(forced, "MOST_STEPS", 0)
    told = tell_contradiction(known("43.1 1.4. 241. ...4"), 4)
    assert told == "1 more cell is forced, and then no cell of row 4 is left for 2"


def all_grids():
    rows = list(permutations((1, 2, 3, 4)))
    for grid in product(rows, repeat=4):
        columns = all(len(set(column)) == 4 for column in zip(*grid, strict=True))
        boxes = all(len({*grid[y][x : x + 2], *grid[y + 1][x : x + 2]}) == 4 for y in (0, 2) for x in (0, 2))
        if columns and boxes:
            yield sum(grid, ())


def test_only_what_has_no_solution_has_a_contradiction():
    """Against all 288 grids, from digits of one of them and one that may be wrong."""
    grids, rng = list(all_grids()), np.random.default_rng(0)
    assert len(grids) == 288
    told = 0
    for _ in range(300):
        grid = grids[int(rng.integers(288))]
        digits = {cell: grid[cell] for cell in rng.permutation(16)[: int(rng.integers(4, 12))].tolist()}
        wrong = int(rng.integers(16))
        digits[wrong] = int(rng.integers(1, 5))
        has_solution = any(all(one[cell] == digit for cell, digit in digits.items()) for one in grids)
        said = tell_contradiction(digits, 4)
        assert not (said and has_solution), digits
        told += bool(said)
    assert told > 60

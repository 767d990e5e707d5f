import pytest

from rlsf_gym.domains.constraints.solver import Oracle
from rlsf_gym.domains.constraints.sudoku.formula import (
    base_formula,
    cell_and_digit,
    list_regions,
    variable_of,
)
from tests.helpers.sudoku import list_solutions


def test_variables_count_digits_by_cells():
    assert [variable_of(4, 0, 1), variable_of(4, 0, 4), variable_of(4, 15, 4)] == [1, 4, 64]
    numbers = [variable_of(9, cell, digit) for cell in range(81) for digit in range(1, 10)]
    assert numbers == list(range(1, 730))
    assert [cell_and_digit(6, variable_of(6, 35, 2)), cell_and_digit(6, 1)] == [(35, 2), (0, 1)]


def test_boxes_of_six_have_two_rows():
    assert list_regions(6)[12:14] == ((0, 1, 2, 6, 7, 8), (3, 4, 5, 9, 10, 11))
    assert list_regions(4)[8:] == ((0, 1, 4, 5), (2, 3, 6, 7), (8, 9, 12, 13), (10, 11, 14, 15))


@pytest.mark.parametrize("size", [4, 6, 9])
def test_every_region_holds_each_cell_once(size):
    regions = list_regions(size)
    assert len(regions) == 3 * size and {len(region) for region in regions} == {size}
    for kind in range(3):
        cells = [cell for region in regions[kind * size : (kind + 1) * size] for cell in region]
        assert sorted(cells) == list(range(size * size))


def test_the_models_of_size_four_are_all_288_grids():
    models = Oracle(base_formula(4)).list_models((), range(1, 65), 1000)
    grids = ["".join(str(cell_and_digit(4, one)[1]) for one in model) for model in models]
    assert len(grids) == 288
    assert grids == list_solutions("." * 16, 4)


def test_clauses_are_counted():
    # "Exactly one" of 4 takes 1 + 6 clauses, for each of 64 groups; the pairs of a box that are also in a row
    # or column, 4 of each of 4 boxes for 4 digits, are there once.
    assert len(base_formula(4).clauses) == 64 * 7 - 16 * 4
    assert base_formula(9) is base_formula(9)

from fractions import Fraction

import pytest

from rlsf_gym.domains.countdown.arithmetic import (
    OPERATIONS,
    as_numbers,
    order,
    reduce_number,
    write_number,
)


@pytest.mark.parametrize("operator", "+-*/")
def test_operations_are_those_of_fractions(operator):
    values = [Fraction(top, bottom) for top in range(-6, 7) for bottom in (1, 2, 3, 4)]
    calculate = {
        "+": Fraction.__add__, "-": Fraction.__sub__, "*": Fraction.__mul__, "/": Fraction.__truediv__
    }[operator]  # fmt: skip
    for one in values:
        for other in values:
            if operator != "/" or other:
                expected = calculate(one, other)
                made = OPERATIONS[operator](one.as_integer_ratio(), other.as_integer_ratio())
                assert made == expected.as_integer_ratio()


def test_numbers_are_in_lowest_terms_with_a_positive_denominator():
    assert [reduce_number(*pair) for pair in ((4, 6), (4, -6), (-4, -6), (0, -5))] == [
        (2, 3), (-2, 3), (2, 3), (0, 1)
    ]  # fmt: skip


def test_numbers_are_written_as_answers_do_and_told_by_size():
    assert [write_number(one) for one in ((7, 1), (-7, 1), (0, 1), (1, 3), (-5, 2))] == [
        "7", "-7", "0", "(1/3)", "(-5/2)"
    ]  # fmt: skip
    assert as_numbers([7, 3, 7]) == ((3, 1), (7, 1), (7, 1))
    assert order(((-5, 2), (-2, 1), (1, 2), (1, 3), (2, 1))) == ["(-5/2)", "-2", "(1/3)", "(1/2)", "2"]

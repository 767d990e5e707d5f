from fractions import Fraction
from itertools import permutations, product

import pytest

from rlsf_gym.domains.countdown.arithmetic import as_numbers
from rlsf_gym.domains.countdown.reach import Frame, Reach


def combine(numbers):
    """Returns all values of all ways to combine two numbers until one is left, by brute force."""
    if len(numbers) == 1:
        return {numbers[0]}
    found = set()
    for one, other, *rest in set(permutations(numbers)):
        results = {one + other, one - other, one * other} | ({one / other} if other else set())
        for result in results:
            found |= combine((result, *rest))
    return found


def test_frames_are_worth_what_stands_in_them():
    frame = Frame().put((7, 1)).operate("-").put((3, 1)).operate("*").put((2, 1))  # 7-3*2
    assert frame == Frame((7, 1), (-6, 1), "") and frame.value == (1, 1)
    assert frame.operate("/").put((4, 1)).value == (11, 2)  # 7-3*2/4
    assert frame.operate("/").put((0, 1)) is None
    assert frame.operate("+").put((1, 2)).value == (3, 2)


@pytest.mark.parametrize("numbers", [(1, 2), (0, 3), (2, 2, 3), (0, 0, 4), (1, 5, 5, 5), (0, 2, 3, 7)])
def test_values_are_those_of_all_combinations(numbers):
    reach = Reach((1, 1), is_any=False)
    found = reach._all(as_numbers(list(numbers)))
    assert found == {one.as_integer_ratio() for one in combine(tuple(map(Fraction, numbers)))}


def test_more_numbers_than_are_listed_are_met_in_the_middle(monkeypatch):
    numbers = (1, 3, 4, 7, 8)
    values = combine(tuple(map(Fraction, numbers[:4])))
    reach = Reach((1, 1), is_any=False)
    listed = reach._all(as_numbers(list(numbers)))
    monkeypatch.setattr("rlsf_gym.domains.countdown.reach._LISTED", 2)
    for target, bottom in product(range(-30, 31), (1, 2, 3)):
        value = Fraction(target, bottom).as_integer_ratio()
        assert reach._has(as_numbers(list(numbers)), value) == (value in listed)
        assert reach._has(as_numbers(list(numbers[:4])), value) == (Fraction(*value) in values)


def test_any_numbers_may_be_left_over():
    all_of, any_of = (Reach((7, 1), is_any=is_any) for is_any in (False, True))
    numbers = as_numbers([3, 4, 100])
    assert any_of.can_end((Frame(),), numbers) and not all_of.can_end((Frame(),), numbers)
    assert any_of.can_end((Frame(), Frame()), as_numbers([7])) and all_of.can_end((Frame(),), as_numbers([7]))


def test_what_is_multiplied_by_zero_may_be_anything():
    # 0*( ... ) with 1, 2 and 3 left: 0*(1)+2*3 is 6, and 0*(1-2)+3 is 3; 0/(1-1)+3 is nothing.
    for operator, left, target, can in (
        ("*", [1, 2, 3], 6, True),
        ("*", [1, 2, 3], 50, False),
        ("/", [1, 1, 3], 3, True),  # 0/(1)/1+3
        ("/", [0, 0, 3], 3, False),  # a 3 behind the group divides nothing: 0/(0) and 0/(0*3)
    ):
        frame = Frame().put((0, 1)).operate(operator)
        reach = Reach((target, 1), is_any=False)
        assert reach.can_end((frame, Frame()), as_numbers(left)) is can

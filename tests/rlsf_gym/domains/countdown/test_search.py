import numpy as np
import pytest

from rlsf_gym.domains.countdown import search, sweep
from rlsf_gym.domains.countdown.arithmetic import as_numbers
from rlsf_gym.domains.countdown.search import Search, find_search
from rlsf_gym.domains.countdown.sweep import sweep as sweep_numbers
from tests.helpers.countdown import begin, chance, count


def draw_puzzles(counts, number, highest=12, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(number):
        numbers = rng.integers(0, highest + 1, size=rng.choice(counts)).tolist()
        yield numbers, int(rng.integers(1, 31)), ("all", "any")[rng.integers(2)]


def test_chances_of_two_numbers_worked_by_hand():
    # 2 and 3, target 5: 2+3 and 3+2, of two first numbers, four operators and one second number: 2 of 8.
    assert Search(as_numbers([2, 3]), 5, "all").worth(as_numbers([2, 3])) == (0.25, 8)
    # 3 and 3, target 9: 3*3, of one first number and four operators.
    assert Search(as_numbers([3, 3]), 9, "all").worth(as_numbers([3, 3])) == (0.25, 4)
    # 0 and 4, target 4: 0+4, of four operators behind 0; 4+0 and 4-0, of three behind 4, as 4/0 has no value.
    assert Search(as_numbers([0, 4]), 4, "all").worth(as_numbers([0, 4])) == (pytest.approx(1 / 8 + 1 / 3), 7)


@pytest.mark.parametrize("is_swept", [True, False])
def test_chances_and_ways_are_those_of_a_writer_with_fractions(is_swept, monkeypatch):
    monkeypatch.setattr(search, "_SWEPT", 4 if is_swept else 7)
    for numbers, target, use in draw_puzzles((2, 3, 4) if is_swept else (2, 3), 25):
        found = Search(as_numbers(numbers), target, use).worth(as_numbers(numbers))
        start = begin(numbers, target, use)
        assert found[0] == pytest.approx(float(chance(start)), abs=1e-12)
        assert found[1] == count(start)


@pytest.mark.parametrize("use", ["all", "any"])
@pytest.mark.parametrize("numbers", [[1, 2, 3, 3, 7], [0, 0, 5, 10, 25], [2, 2, 2, 2, 2]])
def test_arrays_find_what_the_search_in_ints_does_at_every_level_that_they_keep(numbers, use, monkeypatch):
    monkeypatch.setattr(search, "_SWEPT", 7)
    slow = Search(as_numbers(numbers), 24, use)
    found = sweep_numbers(as_numbers(numbers), 24, is_any=use == "any")
    assert {len(left) for left in found} == {5, 4, 3}
    for left, (chances, ways) in found.items():
        expected = slow.worth(left)
        assert (chances == 0.0) == (expected[0] == 0.0)
        assert chances == pytest.approx(expected[0], abs=1e-12) and ways == expected[1]


def test_large_numbers_are_found_alike_in_arrays_and_in_ints(monkeypatch):
    numbers = as_numbers([999_983, 999_979, 999_961, 999_959])  # products of three nearly fill an int64
    # 999,983 - 999,979 = 4, 999,961 - 999,959 = 2, and 4 * 2 = 8.
    found = sweep_numbers(numbers, 8, is_any=False)
    assert found[numbers][0] > 0.0
    monkeypatch.setattr(search, "_SWEPT", 7)
    slow = Search(numbers, 8, "all")
    for left, (chances, ways) in found.items():
        assert (pytest.approx(chances, abs=1e-12), ways) == slow.worth(left)


def test_numbers_too_large_for_arrays_are_searched_in_ints(monkeypatch):
    numbers = as_numbers([20, 30, 40, 50])
    expected = Search(numbers, 24, "all").worth(numbers)
    monkeypatch.setattr(sweep, "_SAFE", 20_000)
    assert sweep_numbers(numbers, 24, is_any=False) == {}
    assert Search(numbers, 24, "all").worth(numbers) == pytest.approx(expected, abs=1e-12)
    monkeypatch.undo()
    assert sweep_numbers(as_numbers([10**6 - one for one in (1, 2, 3, 4, 7, 9)]), 24, is_any=False) == {}


def test_rows_of_one_hash_are_told_apart(monkeypatch):
    numbers = as_numbers([1, 2, 3, 4, 5])
    expected = sweep_numbers(numbers, 24, is_any=False)
    monkeypatch.setattr(sweep, "_FACTORS", np.zeros(5, np.uint64))
    assert sweep_numbers(numbers, 24, is_any=False) == expected


def test_six_numbers_have_a_chance_and_ways():
    numbers = [25, 75, 100, 50, 6, 4]
    chances, ways = find_search(numbers, 821, "any").worth(as_numbers(numbers))
    assert 0.0 < chances < 1e-3
    assert ways > 10**7
    # Of six ones, 1*1 five times over is one of many ways to 1.
    assert find_search([1] * 6, 1, "all").worth(as_numbers([1] * 6))[0] > 0.1


def test_a_puzzle_is_searched_once_whatever_the_order():
    assert find_search([3, 1, 2], 7, "all") is find_search([2, 3, 1], 7, "all")
    assert find_search([3, 1, 2], 7, "all") is not find_search([3, 1, 2], 7, "any")

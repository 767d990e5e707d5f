"""The checker's own recount: its chances, counts and verdicts are those of all answers."""

import random
from fractions import Fraction

import pytest

from rlsf_gym.domains.countdown.checker.rationals import whole
from rlsf_gym.domains.countdown.checker.reading import read
from rlsf_gym.domains.countdown.checker.recount import Goal, chance_of, ways_of
from rlsf_gym.domains.countdown.checker.steps import Steps
from tests.helpers.countdown_answers import draw_puzzle, draw_response, load_oracle


def read_answer(numbers, target, use, response):
    left = tuple(sorted(map(whole, numbers)))
    return read(Steps.of(left, Goal(whole(target), use == "all")), response)


def compare(rng, puzzles, each):
    """Compares chance, verdict and what was exhausted of random responses to random puzzles."""
    seen = {"right": 0, "alive": 0, "target": 0}
    for _ in range(puzzles):
        numbers, target, use = draw_puzzle(rng)
        oracle = load_oracle(numbers, target, use)
        for _ in range(each):
            prefix = draw_response(rng, numbers, target, use)
            reading, value = read_answer(numbers, target, use, prefix), oracle.value(prefix)
            chance = 0.0 if reading.loss else reading.chances[-1]
            assert chance == pytest.approx(float(value), abs=1e-12), (numbers, target, use, prefix)
            assert (chance > 0.0) == (value > 0)
            assert reading.is_right == oracle.is_right(prefix)
            seen["right"] += reading.is_right
            seen["alive"] += value > 0
            if reading.loss and reading.loss.at >= 0 and reading.loss.reason == "target":
                seen["target"] += 1
                assert reading.loss.exhausted == len(oracle.answers_of(prefix[: reading.loss.at + 1]))
    return seen


def test_two_numbers_by_hand():
    """Of 3 and 5, two come first, four operators, one second: 3+5=8 and 5+3=8 are two of eight."""
    left = (whole(3), whole(5))
    assert chance_of(left, Goal(whole(8), True)) == 2 / 8
    assert ways_of(left, True) == 8
    # 0 divides nothing: 5 has three operators, 0 four. 5+0, 5-0 and 0+5 are 5.
    assert chance_of((whole(0), whole(5)), Goal(whole(5), True)) == pytest.approx(
        1 / 2 * 2 / 3 + 1 / 2 * 1 / 4
    )
    assert ways_of((whole(0), whole(5)), True) == 7
    # Twice the same number is one number to draw: 4+4, 4-4, 4*4, 4/4.
    assert chance_of((whole(4), whole(4)), Goal(whole(1), True)) == 1 / 4
    assert ways_of((whole(4), whole(4)), True) == 4


def test_any_ends_half_of_the_time():
    """3+5=8 and 5+3=8 are right at once for 8, half of the time: the other half goes on."""
    left = tuple(map(whole, (1, 3, 5)))
    # First steps: 24 of three numbers. Right at once: 3+5, 5+3.
    at_once = 2 / 24 / 2
    later = sum(
        chance_of(tuple(sorted((whole(other), result))), Goal(whole(8), True)) / 24 / 2
        for one, two, other in ((1, 3, 5), (3, 1, 5), (1, 5, 3), (5, 1, 3), (3, 5, 1), (5, 3, 1))
        for result in (whole(one + two), whole(one - two), whole(one * two), fraction(one, two))
    )
    assert chance_of(left, Goal(whole(8), False)) == pytest.approx(at_once + later, abs=1e-15)
    assert ways_of(left, False) == ways_of(left, True) + 24


def fraction(one, two):
    quotient = Fraction(one, two)
    return quotient.numerator, quotient.denominator


def test_random_prefixes_are_those_of_all_answers():
    seen = compare(random.Random(0), puzzles=9, each=60)
    assert min(seen.values()) > 15


@pytest.mark.slow
def test_100_000_prefixes_are_those_of_all_answers():
    seen = compare(random.Random(1), puzzles=500, each=200)
    assert min(seen.values()) > 5000


@pytest.mark.whole
def test_six_numbers_take_seconds():
    """Of n numbers n (n - 1) pairs are drawn with 4 operators, but for some alike or by 0."""
    left = tuple(sorted(map(whole, (1, 5, 7, 10, 25, 75))))
    assert 0.0 < chance_of(left, Goal(whole(952), True)) < 1e-4
    assert 0.98 < ways_of(left, True) / (120 * 80 * 48 * 24 * 8) < 1.0

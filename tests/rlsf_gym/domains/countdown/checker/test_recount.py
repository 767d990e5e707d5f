"""The checker's own recount: its chances, counts and verdicts are those of all answers."""

import random
from fractions import Fraction

import pytest

from rlsf_gym.domains.countdown.checker.infix import Infix
from rlsf_gym.domains.countdown.checker.rationals import whole
from rlsf_gym.domains.countdown.checker.reading import read
from rlsf_gym.domains.countdown.checker.recount import Goal, chance_of, ways_of
from rlsf_gym.domains.countdown.checker.steps import Steps
from tests.helpers.countdown_answers import draw_puzzle, draw_response, load_oracle


def read_answer(numbers, target, use, form, response):
    left, goal = tuple(sorted(map(whole, numbers))), Goal(whole(target), use == "all")
    return read(Steps.of(left, goal) if form == "steps" else Infix.of(left, goal, True), response)


def compare(rng, puzzles, each, most=4, form="steps"):
    """Compares chance, verdict and what was exhausted of random responses to random puzzles."""
    seen = {"right": 0, "alive": 0, "target": 0}
    for _ in range(puzzles):
        numbers, target, use = draw_puzzle(rng, most)
        oracle = load_oracle(numbers, target, use, form)
        for _ in range(each):
            prefix = draw_response(rng, numbers, target, use, form)
            reading, value = read_answer(numbers, target, use, form, prefix), oracle.value(prefix)
            chance = 0.0 if reading.loss else reading.chances[-1]
            assert chance == pytest.approx(float(value), abs=1e-12), (numbers, target, use, prefix)
            assert (chance > 0.0) == (value > 0)
            assert reading.is_right == oracle.is_right(prefix)
            seen["right"] += reading.is_right
            seen["alive"] += value > 0
            if reading.loss and reading.loss.at >= 0 and reading.loss.reason == "target":
                seen["target"] += 1
                assert reading.loss.exhausted == oracle.count(prefix[: reading.loss.at + 1])
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


def test_random_prefixes_of_expressions_are_those_of_all_answers():
    seen = compare(random.Random(2), puzzles=12, each=40, most=3, form="expression")
    assert min(seen.values()) > 15


@pytest.mark.slow
def test_100_000_prefixes_are_those_of_all_answers():
    seen = compare(random.Random(1), puzzles=500, each=200)
    assert min(seen.values()) > 5000


@pytest.mark.slow
def test_100_000_prefixes_of_expressions_are_those_of_all_answers():
    seen = compare(random.Random(3), puzzles=400, each=250, most=3, form="expression")
    assert min(seen.values()) > 5000


@pytest.mark.slow
def test_prefixes_of_expressions_of_four_numbers_are_those_of_all_answers():
    seen = compare(random.Random(4), puzzles=4, each=200, form="expression")
    assert min(seen.values()) > 50


def test_what_no_tidy_writer_would_close_counts_as_well():
    """Of 3 * ((5 + 7 only 3 * ((5 + 7)) + 2 makes 38."""
    numbers, target = (2, 3, 5, 7), 38
    for end, is_right in (("", False), ("))+2", True), ("))+2)", False), ("))+1", False)):
        reading = read_answer(numbers, target, "all", "expression", "3*((5+7" + end)
        assert reading.is_right == is_right
        assert (reading.loss is None) == (end in ("", "))+2"))
    assert read_answer((5, 7), 12, "all", "expression", "((5)+7)").is_right
    reading = read_answer((5, 7), 12, "all", "expression", "(((5+7)))")
    assert reading.loss.reason == "syntax" and reading.loss.at == 2


def test_an_expression_of_two_numbers_by_hand():
    """Of 3 and 5 an expression begins with 3, 5 or `(`: a third each; + is one of four operators, or of five.

    Behind (3 there are + - * / and ). To make 8: 3+5, 5+3, and (3+5), (5+3), (3)+5, (5)+3 and so on.
    """
    chance = read_answer((3, 5), 8, "all", "expression", "").chances[0]
    inside = 1 / 2 * (1 / 5 + 1 / 5 * 1 / 4) * 2  # behind (: a number; +, one way on; or ) and then +
    assert chance == pytest.approx(1 / 3 * 1 / 4 * 2 + 1 / 3 * inside)


@pytest.mark.whole
def test_six_numbers_take_seconds():
    """Of n numbers n (n - 1) pairs are drawn with 4 operators, but for some alike or by 0."""
    left = tuple(sorted(map(whole, (1, 5, 7, 10, 25, 75))))
    assert 0.0 < chance_of(left, Goal(whole(952), True)) < 1e-4
    assert 0.98 < ways_of(left, True) / (120 * 80 * 48 * 24 * 8) < 1.0

import time

import numpy as np
import pytest

from rlsf_gym.domains.countdown.places import Lost, Reading, Tally
from rlsf_gym.domains.countdown.search import find_search
from rlsf_gym.domains.countdown.steps import StepAnswers
from tests.helpers.countdown import begin, draw, value


def start(numbers, target, use="all", graded=True):
    return StepAnswers(find_search(numbers, target, use), Reading(use == "any", graded, Tally())).start


def values(state, text):
    return [one.value for one in state.follow(text)]


def test_values_worked_by_hand():
    # 2 and 3, target 6: 2*3 and 3*2, of two first numbers, four operators and one second number.
    found = values(start([2, 3], 6), "2*3=6")
    assert found == [0.25, 0.25, 1.0, 1.0, 1.0, 1.0]
    # 1 and 12, target 13: 1+12 and 12+1, each one of four operators; 1 may be either number.
    state = start([1, 12], 13)
    assert values(state, "1") == [0.25, 0.25]
    assert values(state, "12+1") == [0.25, 0.25, 0.25, 1.0, 1.0]
    assert values(state, "1-") == [0.25, 0.25, 0.0]


@pytest.mark.parametrize("use", ["all", "any"])
@pytest.mark.parametrize(
    ("numbers", "target"),
    [([1, 12, 3], 15), ([2, 2, 0], 4), ([1, 11, 111], 10), ([3, 3, 8, 8], 24), ([0, 10, 1, 1], 9)],
)
def test_values_of_prefixes_are_those_of_a_writer_with_fractions(numbers, target, use):
    rng = np.random.default_rng(0)
    state, slow = start(numbers, target, use), begin(numbers, target, use)
    binary = start(numbers, target, use, graded=False)
    for _ in range(60):
        text, is_right = draw(slow, rng)
        changed = list(text)
        changed[rng.integers(len(text))] = "0123456789+-*/=,()"[rng.integers(18)]
        for one in (text, "".join(changed)):
            expected = [float(value(slow, one[:end])) for end in range(len(one) + 1)]
            assert values(state, one) == pytest.approx(expected, abs=1e-12)
            assert values(binary, one) == [float(other > 0.0) for other in expected]
        assert state.follow(text)[-1].verdict == float(is_right)


def test_a_right_end_is_reached_from_every_prefix_that_is_alive():
    rng = np.random.default_rng(1)
    for numbers, target, use in (([1, 12, 3], 15, "all"), ([3, 3, 8, 8], 24, "all"), ([1, 5, 50], 6, "any")):
        state, slow = start(numbers, target, use), begin(numbers, target, use)
        for _ in range(40):
            text, _ = draw(slow, rng)
            for end, one in enumerate(state.follow(text)):
                if not one.is_dead:
                    assert state.follow(text[:end] + one.completion)[-1].verdict == 1.0


@pytest.mark.parametrize(
    ("text", "rule", "width", "because"),
    [
        ("6", "number", 1, "6 is not among 5, 7, 11"),
        ("-", "number", 1, "- is not among 5, 7, 11"),
        ("(", "number", 1, "( is not among 5, 7, 11"),
        ("5*7=35,34", "number", 2, "34 is not among 11, 35"),
        ("5*7=35,3+", "number", 2, "3 is not among 11, 35"),
        ("5*7=35,3 ", "number", 2, "3 is not among 11, 35"),
        ("5*7=35,3x", "syntax", 1, "'x' stands where a number must"),
        ("+", "syntax", 1, "'+' stands where a number must"),
        ("\u0663", "syntax", 1, "'\u0663' stands where a number must"),
        ("5\u0663", "syntax", 1, "'\u0663' stands where an operator must"),
        ("5\t", "syntax", 1, "'\\t' stands where an operator must"),
        ("55", "number", 2, "55 is not among 5, 7, 11"),
        ("5=", "syntax", 1, "'=' stands where an operator must"),
        ("5*5", "number", 1, "5 is not among 7, 11"),
        ("5*7*", "syntax", 1, "'*' stands where '=' must"),
        ("5*7=x", "syntax", 1, "'x' stands where the result must"),
        ("5*7=+", "syntax", 1, "'+' stands where the result must"),
        ("5*7=36", "arithmetic", 2, "5*7 is 35, not 36"),
        ("5*7=3,", "arithmetic", 2, "5*7 is 35, not 3"),
        ("5*7=350", "arithmetic", 3, "5*7 is 35, not 350"),
        ("5*7=-", "arithmetic", 1, "5*7 is 35, not -"),
        ("5*7=35+", "syntax", 1, "'+' stands where ',' must"),
        ("5*7=35,35-11=24,", "syntax", 1, "',' stands where the end must"),
        ("5*7=35,5", "number", 1, "5 is not among 11, 35"),
        ("5*7=35,35-1 ", "number", 2, "1 is not among 11"),
    ],
)
def test_a_lost_answer_says_by_what_symbol_and_why(text, rule, width, because):
    states = start([5, 7, 11], 24).follow(text)
    assert not states[-2].is_dead
    lost = states[-1]
    assert isinstance(lost, Lost)
    assert (lost.rule, lost.width, lost.because) == (rule, width, because)
    assert (lost.value, lost.verdict, lost.ways) == (0.0, 0.0, 0)


def test_zero_is_no_divisor_and_no_beginning_of_a_number():
    state = start([0, 2, 2], 1)
    for text, rule, width, because in (
        ("2/0", "arithmetic", 1, "2/0 has no value"),
        ("2/2=1,1/", "arithmetic", 1, "1/ needs a number other than 0"),
        ("02", "syntax", 2, "'2' stands where a number must"),
        ("-0", "number", 1, "- is not among 0, 2, 2"),
    ):
        lost = state.follow(text)[-1]
        assert (lost.rule, lost.width, lost.because) == (rule, width, because)


def test_fractions_and_negative_numbers_are_one_symbol():
    state = start([3, 3, 8, 8], 24)
    right = "8/3=(8/3),3-(8/3)=(1/3),8/(1/3)=24"
    assert state.follow(right)[-1].verdict == 1.0
    assert state.follow(right.replace("3-(", "3-( "))[-1].rule == "syntax"
    assert state.follow("8/3=(16/6)")[-1].because == "8/3 is (8/3), not (1"
    # 1-4=-3 and 5--3=8.
    negative = start([1, 4, 5], 8).follow("1-4=-3,5--3=8")
    assert negative[-1].verdict == 1.0


def test_no_way_to_the_target_is_told_with_what_is_left_and_how_many_ways_were_tried():
    lost = start([5, 7, 11], 24).follow("5*1")[-1]
    # Under way: 1 of 11; behind 5*11=55 are 7 and 55, from which 2 first numbers and 4 operators go on.
    assert (lost.rule, lost.width, lost.done, lost.ways) == ("target", 1, "5*1", 8)
    lost = start([5, 7, 11], 24).follow("5+")[-1]
    assert (lost.rule, lost.done, lost.ways) == ("target", "5+", 16)
    # 8+2=10, 10*3=30 is right; 8+3=11 leaves 2 and 11, which make 13, 9, -9, 22, 2/11 and 11/2.
    lost = start([8, 3, 2], 30).follow("8+3")[-1]
    assert (lost.rule, lost.done, lost.left, lost.ways) == ("target", "8+3=11", ((2, 1), (11, 1)), 8)


def test_spaces_stand_between_symbols_alone():
    state = start([5, 7, 11], 24)
    assert state.follow("  7 *5= 35 ,35 - 11=24  ")[-1].verdict == 1.0
    assert state.follow("7*5=3 5")[-1].rule == "arithmetic"
    assert state.follow("7*5=35,3 5")[-1].rule == "number"


def test_any_numbers_may_be_left_over_where_that_is_asked():
    state = start([5, 7, 11], 12, "any")
    assert state.follow("5+7=12")[-1].verdict == 1.0
    assert start([5, 7, 11], 12).follow("5+7=12")[-1].verdict == 0.0
    # Behind it, a comma is as likely as the end: 1/2 of 1, and of 12 and 11 nothing is 12 again.
    assert state.follow("5+7=12")[-1].value == 0.5
    lost = state.follow("5+7=12,")[-1]
    assert (lost.rule, lost.done, lost.ways) == ("target", "a comma", 8)
    assert state.follow("")[-1].verdict == 0.0


def test_texts_that_leave_the_same_share_a_state():
    state = start([2, 3, 4], 18)
    assert state.follow("2+4=6, ")[-1] is state.follow("4+2=6,")[-1]


@pytest.mark.parametrize(
    "text",
    [
        "5" * 100_000,
        "5*7=" + "3" * 100_000,
        "(" * 100_000,
        "\u0665" * 100_000,
        "5" + " " * 100_000,
        "5*7=35," * 20_000,
        "5/0" * 30_000,
        "-" * 100_000,
        "\x00\ud800\U0001f600" * 30_000,
    ],
)
def test_long_texts_take_linear_time(text):
    began = time.process_time()
    state = start([5, 7, 11], 24)
    states = state.follow(text)
    assert len(states) == len(text) + 1 and states[-1].verdict == 0.0
    assert time.process_time() - began < 1.0

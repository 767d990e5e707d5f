import time

import numpy as np
import pytest

from rlsf_gym.domains.countdown.arithmetic import as_numbers
from rlsf_gym.domains.countdown.expression import ExpressionAnswers
from rlsf_gym.domains.countdown.places import Reading, Tally
from tests.helpers.infix import chance, count, draw, evaluate

PUZZLES = [
    ((2, 3), 5, "all"),
    ((2, 3), 2, "any"),
    ((0, 4, 4), 1, "all"),
    ((3, 3, 3), 12, "all"),
    ((1, 2, 7), 9, "all"),
    ((1, 6, 7), 8, "any"),
    ((0, 1, 2), 2, "any"),
]


def start(numbers, target, use="all", graded=True):
    reading = Reading(use == "any", graded, Tally())
    return ExpressionAnswers(as_numbers(list(numbers)), target, reading).start


def values(state, text):
    return [one.value for one in state.follow(text)]


def test_values_worked_by_hand():
    # 2 and 3, target 5. At the start: 2, 3 or "(". Behind a number: four operators; behind 2+ one number.
    state = start((2, 3), 5)
    # "2": 1/4, as is "3"; "(": 2 or 3, then four operators or ")", behind which four operators again:
    # 1/5 + 1/5 * 1/4 = 1/4. So 1/4 each.
    assert values(state, "2+3") == pytest.approx([1 / 4, 1 / 4, 1.0, 1.0])
    assert values(state, "(2)+3") == pytest.approx([1 / 4, 1 / 4, 1 / 4, 1 / 4, 1.0, 1.0])
    assert values(state, "(2+3)") == pytest.approx([1 / 4, 1 / 4, 1 / 4, 1.0, 1.0, 1.0])
    assert state.follow("2+3")[-1].verdict == state.follow("(2)+((3))"[:-1])[-3].verdict + 1.0 == 1.0


@pytest.mark.parametrize(("numbers", "target", "use"), PUZZLES)
def test_values_of_prefixes_are_those_of_a_writer_with_fractions(numbers, target, use):
    rng = np.random.default_rng(0)
    state, binary = start(numbers, target, use), start(numbers, target, use, graded=False)
    for _ in range(40):
        symbols = draw(numbers, use, rng)
        for end in range(len(symbols) + 1):
            found, other = (one.follow("".join(symbols[:end]))[-1] for one in (state, binary))
            expected = float(chance(symbols[:end], numbers, target, use))
            assert found.value == pytest.approx(expected, abs=1e-12)
            assert other.value == float(expected > 0.0)
            if expected == 0.0:
                assert found.rule == other.rule
                break
            assert found.ways == other.ways == count(symbols[:end], numbers, use)
        else:
            assert found.verdict == float(evaluate("".join(symbols)) == target)


def test_four_numbers_agree_with_a_writer_with_fractions():
    numbers, target = (1, 5, 5, 5), 24
    state = start(numbers, target)
    assert state.follow("5*(5-1/5)")[-1].verdict == 1.0
    # The writer of fractions is slow: from behind the first symbols on.
    for symbols in (("5", "*", "(", "5"), ("(", "(", "5", "-", "1"), ("5", "*", "5", "-")):
        found = state.follow("".join(symbols))[-1]
        assert found.value == pytest.approx(float(chance(symbols, numbers, target, "all")), abs=1e-12)


@pytest.mark.parametrize("use", ["all", "any"])
def test_a_right_end_is_reached_from_every_prefix_that_is_alive(use):
    rng = np.random.default_rng(1)
    for numbers, target in (((1, 6, 7), 14), ((3, 3, 8, 8), 24), ((5, 25, 4, 50, 6, 2), 77)):
        state = start(numbers, target, use, graded=False)
        for _ in range(15):
            text = "".join(draw(numbers, use, rng))
            for end, one in enumerate(state.follow(text)):
                if not one.is_dead:
                    right = text[:end] + one.completion
                    assert evaluate(right) == target
                    assert state.follow(right)[-1].verdict == 1.0


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("3*7+5-2", True),
        ("3 * 7 + 5 - 2 ", True),
        ("(3*7)+(5-2)", True),
        ("(3*7+5-2)", True),
        ("((3*7)+5)-2", True),
        ("((3)*(7))+5-(2)", True),
        ("5+7*3-2", True),
        ("5-2+7*3", True),
        ("(5+7)*3-2", False),
        ("3*7+5", False),
        ("7*3", False),
    ],
)
def test_verdicts_follow_the_usual_precedence_and_admit_parentheses(text, is_right):
    state = start((2, 3, 5, 7), 24, graded=False)
    assert state.follow(text)[-1].verdict == float(is_right)


@pytest.mark.parametrize(
    ("text", "rule", "width", "because"),
    [
        ("8", "number", 1, "8 is not among 2, 3, 5, 7"),
        ("33", "number", 2, "33 is not among 2, 3, 5, 7"),
        ("3*3", "number", 1, "3 is not among 2, 5, 7"),
        ("-", "syntax", 1, "'-' stands where a number or '(' must"),
        ("3*-", "syntax", 1, "'-' stands where a number or '(' must"),
        ("3*+", "syntax", 1, "'+' stands where a number or '(' must"),
        ("3(", "syntax", 1, "'(' stands where an operator must"),
        ("3)", "syntax", 1, "')' stands where an operator must"),
        ("(3x", "syntax", 1, "'x' stands where an operator or ')' must"),
        ("3*7=", "syntax", 1, "'=' stands where an operator must"),
        ("3*7+5-2,", "syntax", 1, "',' stands where the end must"),
        ("(3*7+5-2 2", "syntax", 1, "'2' stands where ')' must"),
        ("()", "syntax", 1, "')' stands where a number or '(' must"),
        ("3*7+5-2+", "number", 1, "+ needs a number, and none is left"),
        ("3*7+5-((", "syntax", 1, "no more than 1 parentheses may open here"),
        ("(((((", "syntax", 1, "no more than 4 parentheses may open here"),
        ("3\u0667", "syntax", 1, "'\u0667' stands where an operator must"),
        ("0", "number", 1, "0 is not among 2, 3, 5, 7"),
    ],
)
def test_a_lost_answer_says_by_what_symbol_and_why(text, rule, width, because):
    states = start((2, 3, 5, 7), 24, graded=False).follow(text)
    assert not states[-2].is_dead
    lost = states[-1]
    assert (lost.rule, lost.width, lost.because, lost.ways) == (rule, width, because, 0)


def test_divisions_by_zero_are_wrong_arithmetic():
    for text in ("4/0", "4/(0)"):  # 4/(0+4) is right
        states = start((0, 4, 4), 1, graded=False).follow(text)
        lost = states[-1]
        assert not states[-2].is_dead
        assert (lost.rule, lost.width, lost.because) == ("arithmetic", 1, "a division by 0 has no value")
    assert start((0, 2, 3), 6, "any", graded=False).follow("2*3/")[-1].rule == "arithmetic"
    # 0 / (3 - 3) is no value, 5 + 0 * (3 - 3) is one.
    zeros = start((0, 3, 3, 5), 5, graded=False)
    assert zeros.follow("5+0*(3-3)")[-1].verdict == 1.0
    assert zeros.follow("5+0/(3-3)")[-1].rule == "target"  # at the "-"
    assert [zeros.follow(text)[-1].is_dead for text in ("5+0/(3-", "5+0/(3", "5+(3-3")] == [
        True,
        False,
        False,
    ]


def test_a_number_alone_is_an_answer_where_any_may_be_used():
    state = start((5, 24), 24, "any")
    assert [one.verdict for one in state.follow("24")] == [0.0, 0.0, 1.0]
    assert start((5, 24), 24, "any").follow("(24)")[-1].verdict == 1.0
    assert start((5, 24), 24, "all", graded=False).is_dead is False


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "2" * 100_000,
        "2+" * 50_000,
        "()" * 50_000,
        "\u0662" * 100_000,
        "2" + " " * 100_000,
        "2/0" * 9,
    ],
)
def test_long_texts_take_linear_time(text):
    began = time.process_time()
    state = start((0, 2, 3, 5), 24)
    states = state.follow(text)
    assert len(states) == len(text) + 1 and states[-1].verdict == 0.0
    assert time.process_time() - began < 1.5  # most of it for the puzzle


def test_six_numbers_are_known_at_once():
    began = time.process_time()
    state = start((25, 75, 100, 50, 6, 4), 821, graded=False)
    text = "((100-4)*(6"
    assert [one.is_dead for one in state.follow(text)][:5] == [False] * 5
    assert evaluate(state.completion) == 821
    assert time.process_time() - began < 1.0

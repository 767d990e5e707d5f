from fractions import Fraction
from itertools import product

import pytest

from rlsf_gym.domains.constraints.scorer import ConstraintScorer
from tests.helpers.literals import LiteralFace, ask

# Not 1 and 12 both, not 12 and 3 both, one of 1 and 3: the solutions are 1 alone, 3 alone, and 1 with 3.
CLAUSES = ((-1, -2), (-2, -3), (1, 3))
RIGHT = ({1}, {3}, {1, 3})


def start(*clauses, **options):
    even = options.pop("even", True)
    return ConstraintScorer(LiteralFace(even), **options).find_puzzle(ask(*clauses)).answers.start


def values(text, *clauses, **options):
    return [state.value for state in start(*(clauses or CLAUSES), **options).follow(text)]


def slow_value(said, left, following=None):
    """Returns the chance of a writer, symbol by symbol, as a fraction; `following` restricts the next one."""
    if not left:
        return Fraction({one for one in said if one > 0} in RIGHT)
    choices = [sign * one for one in left for sign in (1, -1)] if following is None else following
    return sum(
        (slow_value([*said, one], [other for other in left if other != abs(one)]) for one in choices),
        Fraction(),
    ) / len(choices)


@pytest.mark.parametrize("even", [True, False])
def test_values_are_those_of_a_random_writer(even):
    left = {1: [2, 3], 2: [1, 3], 3: [1, 2]}
    whole = slow_value([], [1, 2, 3])
    assert whole == Fraction(3, 8)
    expected = {
        "": [whole],
        "3": [whole, slow_value([3], left[3])],
        "3,": [whole, slow_value([3], left[3]), slow_value([3], left[3])],
        "-": [whole, slow_value([], [1, 2, 3], [-1, -2, -3])],
        # 1 and 12 begin so; behind a space or a comma it is 1.
        "1": [whole, slow_value([], [1, 2, 3], [1, 2])],
        "1 ": [whole, slow_value([], [1, 2, 3], [1, 2]), slow_value([1], left[1])],
        "1,": [whole, slow_value([], [1, 2, 3], [1, 2]), slow_value([1], left[1])],
        "-1 ,3": [
            whole,
            slow_value([], [1, 2, 3], [-1, -2, -3]),
            slow_value([], [1, 2, 3], [-1, -2]),
            *[slow_value([-1], left[1])] * 2,
            slow_value([-1, 3], [2]),
        ],
    }
    for text, wanted in expected.items():
        assert values(text, even=even) == pytest.approx([float(one) for one in wanted], abs=1e-12), text


def test_solvable_values_say_whether_a_right_answer_is_possible():
    assert values("1 , 12", value="solvable") == [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert values("-1,-3", value="solvable") == [1.0] * 5 + [0.0]
    assert values("1,-", (1, 2), (-1, 2), (3,), value="solvable") == [1.0, 1.0, 1.0, 0.0]


def test_what_is_too_much_to_list_is_asked_of_the_solver():
    for text in ("1 , 12", "-1,-3", "1", "-1,-12,3", "12,1", "3,-1,-12", "-3,-1", "1,12 "):
        listed = start(*CLAUSES, value="solvable").follow(text)
        asked = start(*CLAUSES, value="solvable", max_models=2).follow(text)
        for one, other in zip(listed, asked, strict=True):
            assert (one.value, one.verdict, one.rule) == (other.value, other.verdict, other.rule), text


def test_verdicts_are_those_of_whole_answers():
    for said in product((1, -1), (2, -2), (3, -3)):
        text = ",".join(f"{'-' * (one < 0)}{ {1: 1, 2: 12, 3: 3}[abs(one)] }" for one in said)
        assert start(*CLAUSES).follow(text)[-1].verdict == ({one for one in said if one > 0} in RIGHT)
    assert start(*CLAUSES).follow("3,-12,1")[-1].verdict == 1.0  # complete, though 12 begins so too
    assert start(*CLAUSES).follow("3,-12,1 ")[-1].verdict == 1.0
    assert start(*CLAUSES).follow("3,-12,1,")[-1].verdict == 0.0


@pytest.mark.parametrize(
    ("text", "rule", "lost"),
    [
        ("x", "syntax", []),
        ("3x", "syntax", []),
        ("1x", "syntax", []),
        ("3,3", "syntax", []),
        ("3,-12,1,", "syntax", []),
        ("3,12", "conflict", [2]),
        ("12", "conflict", [2]),
        ("-1,-3", "conflict", [-3]),
        ("-3,-1 ", "conflict", [-1]),  # -12 could have followed: the space decides
    ],
)
def test_a_lost_answer_says_by_what(text, rule, lost):
    state = start(*CLAUSES).follow(text)[-1]
    assert (state.rule, [symbol.literal for symbol in state.lost]) == (rule, lost)
    assert state.is_dead and state.value == state.verdict == 0.0 and state.after("1") is state


def test_a_part_of_symbols_is_lost_once_none_of_them_is_possible():
    # 1, 12 and 3 must all hold: "-" can't begin right.
    state = start((1,), (2,), (3,)).follow("-")[-1]
    assert (state.rule, [symbol.literal for symbol in state.lost]) == ("conflict", [-1, -2, -3])


def test_texts_that_leave_the_same_share_a_state():
    begin = start(*CLAUSES)
    assert begin.follow(" 3 , ")[-1] is begin.follow("3,")[-1]

"""Witnesses are evaluated by themselves."""

import pytest

from rlsf_gym.domains.countdown.checker.evaluation import is_right_in_steps, is_right_infix


@pytest.mark.parametrize(
    ("answer", "numbers"),
    [
        ("11-5=6,7*6=42", [5, 7, 11]),
        (" 11 - 5 = 6 , 7 * 6 = 42 ", [5, 7, 11]),
        ("5-7=-2,11--2=13", [5, 7, 11]),
        ("5-11=-6,7-5=2,-6*2=-12,7/7=1,12+1=13", [5, 11, 7, 5, 7, 7, 12]),
        ("7/5=(7/5),(7/5)*10=14", [5, 7, 10]),
        ("5-7=-2,-2/3=(-2/3),9*(-2/3)=-6,1--6=7", [5, 7, 3, 9, 1]),
    ],
)
def test_true_steps_make_their_last_result(answer, numbers):
    target = int(answer.rpartition("=")[2])
    uses_all = answer.count("=") == len(numbers) - 1
    assert is_right_in_steps(answer, numbers, target, uses_all=uses_all)
    assert not is_right_in_steps(answer, numbers, target + 1, uses_all=uses_all)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "42",
        "11-5=6",  # 7 is left
        "11-5=6,7*6=42,",
        "11-5=7,7*6=42",
        "7*6=42,11-5=6",
        "5+7=12,5+12=17,11+17=28",  # 5 twice
        "11-5=06,7*6=42",
        "11-5=6,7*6=4 2",
        "11-5=6;7*6=42",
        "11-5=6,7*\u0666=42",
        "11-5=6,7*6=42\n",
        "11/0=6,7*6=42",
        "11-5=6,7*6=+42",
        "11-5=(6/1),7*6=42",
    ],
)
def test_what_is_wrong_is_not_right(answer):
    assert not is_right_in_steps(answer, [5, 7, 11], 42, uses_all=True)


def test_any_may_leave_numbers_but_not_take_what_is_not_there():
    assert is_right_in_steps("11-5=6", [5, 7, 11], 6, uses_all=False)
    assert not is_right_in_steps("11-5=6", [5, 7, 11], 6, uses_all=True)
    assert not is_right_in_steps("6+0=6", [5, 7, 11], 6, uses_all=False)
    assert is_right_in_steps("0*5=0,0+0=0", [0, 0, 5], 0, uses_all=True)


@pytest.mark.parametrize(
    "answer",
    ["(11-5)*7", "7*(11-5)", " ( 11 - 5 )*7 ", "((11-5))*7", "((11-5)*7)", "(11-(5))*7", "7/(1/(11-5))"],
)
def test_an_expression_has_the_usual_precedence(answer):
    numbers = [1, 5, 7, 11] if "1/" in answer else [5, 7, 11]
    assert is_right_infix(answer, numbers, 42, uses_all=True)
    assert not is_right_infix(answer, numbers, 43, uses_all=True)
    assert not is_right_infix(answer, [*numbers, 3], 42, uses_all=True)
    assert is_right_infix(answer, [*numbers, 3], 42, uses_all=False)


def test_operators_are_left_associative():
    assert is_right_infix("12-5-4", [4, 5, 12], 3, uses_all=True)
    assert is_right_infix("12/3/2*5-1", [1, 2, 3, 5, 12], 9, uses_all=True)
    assert not is_right_infix("12-5-4", [4, 5, 12], 11, uses_all=True)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "11-5*7",
        "(11-5)*7)",
        "((11-5)*7",
        "(11-5)7",
        "()(11-5)*7",
        "+(11-5)*7",
        "(11-5)*7=42",
        "(11-5)*07",
        "(11-5)*7*1",
        "(11-5)*7/(5-5)",
        "(11-5)*\u0667",
        "(11-5)*7\n",
        "(11--5)*7",
        "((((11-5)*7)))",
        "((((11-5))))*7",
        "(1 1-5)*7",
        ")(",
    ],
)
def test_what_is_no_expression_is_not_right(answer):
    assert not is_right_infix(answer, [5, 7, 11], 42, uses_all=True)


def test_as_many_parentheses_open_at_one_place_as_numbers_are_left():
    for count in range(6):
        assert is_right_infix("(" * count + "5+7" + ")" * count, [5, 7], 12, uses_all=True) == (count <= 2)
        assert is_right_infix("5+" + "(" * count + "7" + ")" * count, [5, 7], 12, uses_all=True) == (
            count <= 1
        )

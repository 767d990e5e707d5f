import time

import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.domains.countdown.credits import credit_expression, credit_steps
from rlsf_gym.instance import Instance


@pytest.mark.parametrize(
    ("response", "well_formed", "numbers", "nearness"),
    [
        ("5*7=35,35-11=24", 1, 1, 1),
        (" 5 * 7 = 35 , 35 - 11 = 24", 1, 1, 1),
        ("5*7=34,34-11=23", 1, 1, 1 / 2),  # arithmetic does not count, what is stated does
        ("5*5=25,25-1=24", 1, 2 / 4, 1),  # the second 5 and 1 are not there
        ("5*7=35,", 1 / 2, 1, 1 / 12),
        ("5*7=35,11", 1 / 2, 1, 1 / 12),
        ("5/7=(5/7)", 1, 1, 7 / (7 + 163)),  # 24 is 168/7
        ("7-11=-4,-4*5=-20", 1, 1, 1 / 45),
        ("05*7=35", 0, 0, 0),
        ("5*7", 0, 0, 0),
        ("", 0, 0, 0),
        ("\u0665*7=35", 0, 0, 0),
        ("5*7=" + "9" * 100_000, 1, 1, 0),
        ("9" * 100_000 + "*7=35", 1, 1 / 2, 1 / 12),
    ],
)
def test_credits_of_steps(response, well_formed, numbers, nearness):
    found = credit_steps([5, 7, 11], 24, response)
    assert found == pytest.approx({"well_formed": well_formed, "numbers": numbers, "nearness": nearness})


@pytest.mark.parametrize(
    ("response", "well_formed", "numbers", "nearness"),
    [
        ("5*7-11", 1, 1, 1),
        ("(5 * 7) - ((11))", 1, 1, 1),
        ("5*7", 1, 2 / 3, 1 / 12),
        ("11-7-5", 1, 1, 1 / 26),
        ("11-(7-5)", 1, 1, 1 / 16),
        ("5+7*11", 1, 1, 1 / 59),
        ("5/(7-7)", 1, 2 / 3, 0),
        ("5*7-11-2-1", 1, 3 / 5, 0),  # more numbers than there are
        ("5*7-", 0, 2 / 3, 0),
        ("-5*7", 0, 2 / 3, 0),
        ("5 7", 0, 2 / 3, 0),
        ("(5*7", 0, 2 / 3, 0),
        ("5*7)-11", 0, 1, 0),
        ("05*7", 0, 2 / 3, 0),  # 0 is no number by itself there
        ("5x7", 0, 2 / 3, 0),
        ("", 0, 0, 0),
        ("9" * 100_000, 1, 0, 0),
        ("(" * 50_000 + "5" + ")" * 50_000, 1, 1 / 3, 1 / 20),
    ],
)
def test_credits_of_infix_answers(response, well_formed, numbers, nearness):
    began = time.process_time()
    found = credit_expression([5, 7, 11], 24, response, is_any=False)
    assert found == pytest.approx({"well_formed": well_formed, "numbers": numbers, "nearness": nearness})
    assert time.process_time() - began < 1.0


def test_numbers_that_are_left_over_count_where_all_have_to_be_used():
    assert credit_expression([5, 7, 11], 12, "5+7", is_any=True)["numbers"] == 1.0
    assert credit_expression([5, 7, 11], 12, "5+7", is_any=False)["numbers"] == pytest.approx(2 / 3)
    assert credit_expression([5, 7, 11], 12, "", is_any=True)["numbers"] == 0.0


@pytest.mark.parametrize("form", ["steps", "expression"])
def test_the_scorer_offers_them(form):
    scorer = load_domain("countdown", form=form).load_scorer()
    puzzle = Instance("", 0, {"numbers": [5, 7, 11], "target": 24})
    right = {"steps": "5*7=35,35-11=24", "expression": "5*7-11"}[form]
    assert scorer.partial_credits(puzzle, right) == {"well_formed": 1.0, "numbers": 1.0, "nearness": 1.0}

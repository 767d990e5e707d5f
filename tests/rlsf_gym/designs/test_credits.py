"""Partial credits, worked out by hand on digits that add up to a number."""

import pytest

from rlsf_gym import ResponseEnv
from rlsf_gym.arguments import ArgumentError
from rlsf_gym.designs import load_design
from tests.helpers.digits import Verdict, make_digits


def pay(response, scorer="verdict", **kwargs):
    env = ResponseEnv(
        domain=make_digits(), scorer=scorer, reward_design="partial_credit", reward_design_kwargs=kwargs
    )
    env.reset(options={"instance": {"target": 5}})
    ids = response.encode()
    return env.step([*ids, *[257] * (4 - len(ids))])[4]["token_rewards"].tolist()


def test_credits_are_paid_at_the_end_beside_the_verdict():
    # of 5: 3 is 2 away; all of it are digits, or a half
    assert pay("3") == pytest.approx([0.05 * 1 + 0.05 * 0.6, 0, 0, 0])
    assert pay("3+") == pytest.approx([0, 0.05 * 0.5 + 0.05 * 0.6, 0, 0])
    assert pay("32") == pytest.approx([0, 1 + 0.1, 0, 0])
    assert pay("") == [0, 0, 0, 0]


def test_weights_are_arguments():
    assert pay("3+", weights={"nearness": 0.5}) == pytest.approx([0, 0.3, 0, 0])
    assert pay("3+", weights={"nearness": 0.5, "digits": -0.5}) == pytest.approx([0, 0.05, 0, 0])
    assert pay("32", weights={}) == [0, 1, 0, 0]


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="weights must have absolute values that add up to at most 1, got"):
        load_design("partial_credit", weights={"digits": 0.6, "nearness": -0.6})
    with pytest.raises(ValueError, match="must be for some of digits, nearness, got 'beauty'"):
        pay("3", weights={"beauty": 0.1})


@pytest.mark.parametrize(
    ("credits", "message"),
    [
        ({}, "must return partial credits by name, got {}"),
        (0.5, "must return partial credits by name, got 0.5"),
        ({"form": 1.5}, "must return partial credits from 0 to 1 by name, got 1.5 for 'form'"),
        ({"form": float("nan")}, "must return partial credits from 0 to 1 by name, got nan for 'form'"),
        ({"form": True}, "must return partial credits from 0 to 1 by name, got True for 'form'"),
        ({5: 0.5}, "must return partial credits from 0 to 1 by name, got 0.5 for 5"),
    ],
)
def test_credits_of_another_form_are_refused(credits, message):
    class Generous(Verdict):
        def partial_credits(self, instance, response):
            return credits

    with pytest.raises(ValueError, match=f"scorer 'verdict' {message}"):
        pay("3", scorer=Generous())


def test_a_scorer_without_credits_is_refused():
    with pytest.raises(
        ArgumentError, match="needs a scorer that offers 'partial_credits', and 'digits' does"
    ):
        pay("3", scorer="digits")

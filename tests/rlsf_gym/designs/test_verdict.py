"""Designs that ask what is lost: worked out by hand on digits that add up to a number."""

import numpy as np
import pytest

from rlsf_gym import ResponseEnv, TokenEnv
from rlsf_gym.arguments import ArgumentError
from rlsf_gym.designs import DESIGNS, load_design
from rlsf_gym.domains import load_domain
from rlsf_gym.evidence import Evidence
from rlsf_gym.text.segmentation import Symbols
from tests.helpers.digits import Verdict, make_digits

DIGITS = load_domain(make_digits())
# (1 + s) / 6 is known of digits that add up to s of 5, 0 of more: 1/6 of the prompt.
START = 1 / 6


def pay(design, response, end=True, task=None):
    given = {"domain": DIGITS, "scorer": "verdict", "reward_design": design, "max_new_tokens": 6}
    env = ResponseEnv(**{**given, **(task or {})})
    env.reset(options={"instance": {"target": 5}})
    ids = [*response.encode(), *([256] if end else [])]
    return env.step(ids + [257] * (6 - len(ids)))[4]


@pytest.mark.parametrize(
    ("response", "end", "paid"),
    [
        ("32", True, [0, 0, 1 - START]),  # right: the end gets it
        ("32", False, [0, 1 - START]),
        ("39+1", True, [0, -START, 0, 0, 0]),  # 12 of 5, whatever follows
        ("3", True, [0, -START]),  # ended too early
        ("", True, [-START]),
        ("+9", False, [0, -START]),
    ],
)
def test_the_first_error_gets_all_of_the_blame(response, end, paid):
    info = pay("first_error", response, end)
    assert info["token_rewards"][: len(paid)] == pytest.approx(paid, abs=1e-6)
    assert info["token_rewards"].sum() == pytest.approx(info["score"] - START, abs=1e-6)


def test_the_gain_is_one_in_utility():
    paid = pay("first_error", "39", task={"objective": "negative"})["token_rewards"]
    assert paid[:3] == pytest.approx([0, START, 0], abs=1e-6)


@pytest.mark.parametrize("response", ["32", "391", "3", "9999"])
def test_tokens_are_paid_the_first_error_as_they_are_written(response):
    env = TokenEnv(domain=DIGITS, scorer="verdict", reward_design="first_error", max_new_tokens=6)
    env.reset(options={"instance": {"target": 5}})
    paid = [env.step(token)[1] for token in [*response.encode(), 256]]
    assert paid == pytest.approx(pay("first_error", response)["token_rewards"][: len(paid)].tolist())


class Steps(Symbols):
    """Digits in steps of so many."""

    def __init__(self, size):
        super().__init__("[0-9]")
        self.size = size

    def groups(self, text, units):
        return np.arange(len(units)) // self.size


def pay_steps(response, size, scale=1.0):
    scorer = Verdict()
    scorer.segmentation = Steps(size)
    return pay("indicator", response, task={"scorer": scorer, "reward_design_kwargs": {"scale": scale}})


@pytest.mark.parametrize(
    ("response", "paid"),
    [
        ("2111", [0, 0.5, 0, 0.5, 0]),
        ("1+3", [0, 0, 0.5, 0]),  # a sign is no unit
        ("291", [0, -0.5, -0.5, 0]),  # lost for good
        ("5", [0.5, 0]),
        ("+", [0, 0]),
    ],
)
def test_each_step_is_right_or_wrong(response, paid):
    assert pay_steps(response, 2, 0.5)["token_rewards"][: len(paid)].tolist() == paid


def test_more_steps_earn_more():
    """What the docs warn of: the same right answer in more steps."""
    sums = [pay_steps(response, 1)["token_rewards"].sum() for response in ("5", "32", "11111")]
    assert sums == [1.0, 2.0, 5.0]


@pytest.mark.parametrize("scale", [0.0, -1.0, 2.5, float("nan")])
def test_a_scale_out_of_range_is_refused(scale):
    with pytest.raises(ValueError, match=r"scale must be in \(0, 2\], got"):
        load_design("indicator", scale=scale)


@pytest.mark.parametrize("design", ["first_error", "indicator"])
def test_a_scorer_without_a_verdict_is_refused(design):
    with pytest.raises(ArgumentError, match=f"'{design}' needs a scorer that offers 'verdict'.*='verdict'"):
        ResponseEnv(domain=DIGITS, reward_design=design)


def test_what_is_alive_is_not_known_of_itself():
    bare = Evidence(
        prompt_score=0.5, prompt_utility=0.5, score=0.0, utility=0.0, mask=np.ones(1, np.bool_),
        char_spans=np.zeros((1, 2), np.int64), prefixes=np.zeros(1),
    )  # fmt: skip
    with pytest.raises(ValueError, match="holds no hindsight, asked for alive"):
        DESIGNS["first_error"](bare, rng=np.random.default_rng(0))

"""What a unit is, the segmentation says: designs pay brackets in a text without white space."""

import warnings

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.certificates.certificate import Certificate
from rlsf_gym.designs import DESIGNS
from rlsf_gym.scorers.offers import has_offer
from rlsf_gym.text.segmentation import Symbols

ID = "rlsf_gym:rlsf_gym/Sentiment-v0"


class Brackets:
    """score = pairs that are closed / brackets that were opened, 0 without one."""

    name = "brackets"
    bounded = True
    verifiable = False
    exact = True

    def __init__(self, segmentation=None):
        if segmentation is not None:
            self.segmentation = segmentation

    def score(self, texts):
        return np.array([self.count(text) for text in texts], np.float64)

    def count(self, text):
        opened = closed = 0
        for character in text:
            opened += character == "("
            closed += character == ")" and closed < opened
        return closed / max(opened, 1)

    def prefix_scores(self, prompt, response, char_ends):
        return self.score([prompt + response[:end] for end in char_ends])

    def certify(self, prompt, response):
        before, after = self.score([prompt, prompt + response]).tolist()
        scores = {"prompt_score": before, "score": after, "length": len(prompt + response)}
        return Certificate.opaque(scorer=self.name, model_hash="1", labels={}, **scores)


def pay(response, design, segmentation=None, prompt="((", **kwargs):
    """The rewards of a response of one byte a token."""
    env = gym.make(
        ID,
        scorer=Brackets(segmentation),
        reward_design=design,
        reward_design_kwargs=kwargs,
        tokenizer="bytes",
        max_new_tokens=len(response),
    )
    env.reset(options={"prompt": prompt})
    return env.step(list(response.encode()))[-1]["token_rewards"].tolist()


@pytest.mark.parametrize("design", ["potential", "shapley", "leave_one_out"])
def test_the_bracket_that_closes_a_pair_is_paid(design):
    """ "((" has no pair of two; either ")" closes one, and without it the other one still does."""
    assert pay("a)b)", design, Symbols()) == pytest.approx([0, 0.5, 0, 0.5])


@pytest.mark.parametrize("design", ["potential", "shapley", "leave_one_out"])
def test_a_word_of_brackets_is_paid_as_one(design):
    """Under the domain's segmentation the response is one word: all is paid where it ends, "b" for a design
    that looks back, or the last token, that closes it."""
    paid = [0, 0, 0, 1] if design == "potential" else [0, 0, 1, 0]
    assert pay("a)b)", design) == pytest.approx(paid)


def test_units_may_be_brackets_alone():
    assert pay("a)b)", "shapley", Symbols(r"[()]")) == pytest.approx([0, 0.5, 0, 0.5])


def test_the_groups_are_those_of_the_segmentation():
    """Owen values of ")", ")" and ")" behind "((", the first two of which are one group.

    With G = {1, 2} and {3}, v(S) = min(|S|, 2) / 2. G comes first in half of the orders: the first of its
    two adds 1/2, the second 1/2, then 3 adds 0. Else 3 adds 1/2 first, then the first of G adds 1/2 and the
    second 0. So 3 gets 1/4, and 1 and 2 get 1/2 (1/2 + 1/4) = 3/8 each.
    """

    class Paired(Symbols):
        def groups(self, text, units):
            return np.arange(len(units)) // 2

    assert pay(")))", "shapley", Paired(), by="group") == pytest.approx([3 / 8, 3 / 8, 1 / 4])
    assert pay(")))", "shapley", Paired()) == pytest.approx([1 / 3] * 3)


def test_no_warning_of_units_that_do_not_close():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pay(")" * 40, "potential", Symbols(), prompt="(")


@pytest.mark.parametrize("name", [name for name, design in DESIGNS.items() if not design.needs])
def test_every_design_without_needs_serves_brackets(name):
    rewards = pay("a)b)(", name, Symbols())
    assert np.isfinite(rewards).all()
    # "(()" and "((a)b)(" : the gain is 2/3.
    assert not DESIGNS[name].conserving or sum(rewards) == pytest.approx(2 / 3)
    assert not has_offer(Brackets(), "lexicon")


def test_words_of_a_scorer_are_still_closed_by_white_space():
    assert pay(") )", "potential", prompt="(((") == pytest.approx([0, 1 / 3, 1 / 3])


@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize("name", ["potential", "shapley", "leave_one_out", "rule_certificate", "rlsf_mask"])
def test_rewards_of_symbols_are_proved(vowels, name, boundary):
    class Spelling(vowels):
        segmentation = Symbols()

    env = gym.make(
        ID, scorer=Spelling(), reward_design=name, boundary=boundary, tokenizer="bytes", verify=True
    )
    env.reset(options={"prompt": "ae"})
    *_, info = env.step(list(b"obiua"))
    assert not DESIGNS[name].conserving or info["token_rewards"].sum() == pytest.approx(
        info["utility"] - Spelling().score(["ae"])[0]
    )

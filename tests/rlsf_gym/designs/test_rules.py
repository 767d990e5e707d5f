"""Designs that read the rules from the certificate, by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rlsf_gym import TextEnv
from rlsf_gym.designs import load_design
from rlsf_gym.domains import load_domain
from rlsf_gym.domains.sentiment.samples import SAMPLES
from rlsf_gym.scorers import VaderScorer
from rlsf_gym.testing.cases import SIZE, Case
from rlsf_gym.testing.designs import lay
from rlsf_gym.text.segmentation import Symbols

PIECES = SAMPLES.pieces

NONE = len(PIECES) + 1


def pay(name, prompt, *pieces, objective="positive", **kwargs):
    ids = [PIECES.index(piece) for piece in pieces]
    case = Case(prompt=prompt, ids=ids + [NONE] * (SIZE - len(ids)), objective=objective)
    rewards, evidence = lay(load_design(name, **kwargs), case)
    assert not rewards[len(ids) :].any()
    return rewards[: len(ids)].tolist(), evidence


def slope(before, after):
    """(h(after) - h(before)) / (after - before)."""
    return (after / math.hypot(after, math.sqrt(15)) - before / math.hypot(before, math.sqrt(15))) / (
        after - before
    )


def test_a_negation_is_blamed_for_what_it_turns():
    # good is worth 1.9, and "not" makes -0.74 * 1.9 = -1.406 of it: -3.306.
    rewards, _ = pay("rule_certificate", "The film was", b" not", b" good")
    assert rewards == pytest.approx([-3.306 * slope(0, -1.406), 1.9 * slope(0, -1.406)])


def test_laid_on_words_a_negation_is_the_fault_of_what_it_turns():
    rewards, _ = pay("rule_certificate", "The film was", b" not", b" good", at="unit")
    assert rewards == pytest.approx([0.0, -1.406 * slope(0, -1.406)])
    rewards, _ = pay("rule_certificate", "It is awful,", b" but", b" good", at="unit")
    assert rewards == pytest.approx([1.0 * slope(-2, 1.85), 2.85 * slope(-2, 1.85)])


def test_a_trigger_in_the_prompt_leaves_its_amount_with_the_word():
    rewards, _ = pay("rule_certificate", "The film was not", b" good")
    assert rewards == pytest.approx([-1.406 * slope(0, -1.406)])


def test_a_but_earns_what_it_rescales_in_the_prompt_too():
    # awful (-2.0) is halved by "but", good (1.9) is raised to 2.85.
    rewards, _ = pay("rule_certificate", "It is awful,", b" but", b" good")
    assert rewards == pytest.approx([(1.0 + 0.95) * slope(-2, 1.85), 1.9 * slope(-2, 1.85)])


def test_an_objective_that_falls_turns_the_signs():
    rewards, _ = pay("rule_certificate", "The film was", b" not", b" good", objective="negative")
    assert rewards == pytest.approx([3.306 * slope(0, -1.406), -1.9 * slope(0, -1.406)])


def test_prompt_punctuation_whose_sign_turns_is_spread_by_absolute_reward():
    # "Good!": 1.9 + 0.292. " bad bad bad": -7.5, so that the sum is -5.6 - 0.292: the "!" turns by -0.584.
    rewards, evidence = pay("rule_certificate", "Good!", b" bad", b" bad", b" bad")
    assert rewards == pytest.approx([(-7.5 - 0.584) / 3 * slope(2.192, -5.892)] * 3)
    assert sum(rewards) == pytest.approx(evidence.gain, abs=1e-12)


@pytest.mark.parametrize(
    "text", ["not very good, but I LOVED the ending!", "kind of bad. no good. at least funny"]
)
def test_by_word_it_is_the_aumann_shapley_value_of_the_valences(text):
    """The mean slope of h along the straight path from no valence to all, by numeric integration."""
    valences = np.array(VaderScorer().valences(text))
    total = valences.sum()
    emphasis = math.copysign(0.292 * text.count("!"), total)
    path = np.linspace(0, total + emphasis, 200_001)
    derivative = 15 / (path**2 + 15) ** 1.5
    integrated = valences * np.trapezoid(derivative, dx=1 / 200_000)
    certificate = VaderScorer().certify("", text)
    factor = certificate.factor(prompt_utility=0.0, utility=certificate.score, slope=1.0)
    starts = [text.index(word) for word in text.split()]
    by_word = np.zeros(len(valences))
    for record in certificate.records:
        if record.rule != "punctuation" and record.status == "added":
            by_word[np.searchsorted(starts, record.char_start, side="right") - 1] += factor * record.amount
    assert by_word.tolist() == pytest.approx(integrated.tolist(), abs=1e-9)


def test_the_mask_is_zero_on_words_against_the_objective():
    # "not" is blamed, "good" is not; the response is worse than the prompt.
    assert pay("rlsf_mask", "The film was", b" not", b" good", b" ")[0] == [0.0, 1.0, 0.0]
    # Both pieces of the word at fault are marked; the response is better than the prompt.
    assert pay("rlsf_mask", "The film", b" bad", b"ly", b" good", b" GREAT")[0] == [0.0, 0.0, 1.0, 1.0]


def test_the_neutral_mask_pays_nothing_for_length():
    short, _ = pay("rlsf_mask", "The film", b" bad", b" GREAT", form="neutral")
    long, _ = pay("rlsf_mask", "The film", b" bad", b"\n", b"\n", b" GREAT", form="neutral")
    assert (short, long) == ([-1.0, 0.0], [-1.0, 0.0, 0.0, 0.0])


def test_the_arguments_are_checked():
    with pytest.raises(ValueError, match="at must be 'trigger' or 'unit', got 'end'"):
        load_design("rule_certificate", at="end")
    with pytest.raises(ValueError, match="form must be 'paper' or 'neutral', got 'long'"):
        load_design("rlsf_mask", form="long")


def test_what_lies_between_units_is_the_fault_of_none():
    """The x loses the answer and is no unit: neither is the digit behind it at fault, as a proof agrees."""
    domain = replace(load_domain("sudoku"), segmentation=Symbols("[1-9]"))
    env = TextEnv(domain=domain, tokenizer="bytes", reward_design="rlsf_mask", verify=True)
    env.reset(options={"instance": {"grid": "123.34122341412."}})
    assert env.step("1x23")[4]["token_rewards"][:4].tolist() == [1.0, 1.0, 1.0, 0.0]
    env.reset(options={"instance": {"grid": "123.34122341412."}})
    assert env.step("1323")[4]["token_rewards"][:4].tolist() == [1.0, 0.0, 1.0, 0.0]

"""Designs that know the utility of every prefix, by hand."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.designs import load_design
from rlsf_gym.designs.prefix import delayed, potential, shuffled
from rlsf_gym.domains.sentiment.samples import SAMPLES
from rlsf_gym.evidence import Evidence
from rlsf_gym.testing.cases import Case
from rlsf_gym.testing.designs import lay

PIECES = SAMPLES.pieces


def evidence_of(prefixes, *, length, prompt_utility=0.25):
    return Evidence(
        prompt_score=0.0,
        prompt_utility=prompt_utility,
        score=0.0,
        utility=prefixes[-1],
        mask=np.arange(len(prefixes)) < length,
        char_spans=np.zeros((len(prefixes), 2), np.int64),
        prefixes=np.array(prefixes),
    )


def test_potential_pays_the_differences_of_the_prefix_utility():
    evidence = evidence_of([0.25, 0.75, -0.25, -0.25], length=3)
    assert potential(evidence, rng=np.random.default_rng(0)).tolist() == [0.0, 0.5, -1.0, 0.0]


def test_shuffled_pays_the_same_amounts_on_other_real_tokens():
    evidence = evidence_of([0.5, 1.0, 0.25, 0.25], length=3)
    seen = set()
    for seed in range(50):
        rewards = shuffled(evidence, rng=np.random.default_rng(seed)).tolist()
        assert sorted(rewards[:3]) == [-0.75, 0.25, 0.5]
        assert rewards[3] == 0.0
        seen.add(tuple(rewards))
    assert len(seen) == 6  # every order of three tokens


def test_shuffled_follows_its_generator():
    evidence = evidence_of([0.5, 1.0, 0.25], length=3)
    first, second = (shuffled(evidence, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_delayed_pays_each_amount_at_any_later_token():
    # Amounts 1, 10, 100 of three real tokens: the first lands on the second or the third, the second on the
    # third, the third stays.
    evidence = evidence_of([1.0, 11.0, 111.0], length=3, prompt_utility=0.0)
    paid = [delayed(evidence, rng=np.random.default_rng(seed)).tolist() for seed in range(400)]
    assert {tuple(rewards) for rewards in paid} == {(0.0, 1.0, 110.0), (0.0, 0.0, 111.0)}
    assert np.mean([rewards[1] for rewards in paid]) == pytest.approx(0.5, abs=0.1)  # four standard errors


def test_delayed_draws_from_all_positions_and_the_last_token_takes_what_is_left():
    # One amount, of the first of five tokens, lands on each of the four behind it one time in four; where the
    # response ends with the third, that one has the share of the fourth and the fifth as well.
    whole = evidence_of([1.0, 1.0, 1.0, 1.0, 1.0], length=5, prompt_utility=0.0)
    short = evidence_of([1.0, 1.0, 1.0, 1.0, 1.0], length=3, prompt_utility=0.0)
    seeds = range(2000)
    landed = np.mean([delayed(whole, rng=np.random.default_rng(seed)) for seed in seeds], axis=0)
    np.testing.assert_allclose(landed, [0.0, 0.25, 0.25, 0.25, 0.25], atol=0.04)
    for seed in seeds:
        of_whole, of_short = (delayed(one, rng=np.random.default_rng(seed)) for one in (whole, short))
        assert of_short.tolist() == [*of_whole[:2].tolist(), of_whole[2:].sum(), 0.0, 0.0]


def test_delayed_has_the_policy_gradient_of_potential_in_expectation():
    """Reward to go, less that of `potential`, is what earlier tokens earned: a token has no say in it."""
    choices = ([0.5, 0.9, 0.2, 0.2], [0.5, -0.4, 0.6, 0.6])
    seeds = range(4000)
    late = [
        np.mean([delayed(evidence_of(row, length=4), rng=np.random.default_rng(seed)) for seed in seeds], 0)
        for row in choices
    ]
    to_go = [rewards[1:].sum() for rewards in late]
    # The responses part with the second token; from there on potential pays -0.3 and 0.1.
    assert to_go[1] - to_go[0] == pytest.approx(0.4, abs=1e-9)
    early = [
        np.mean([shuffled(evidence_of(row, length=4), rng=np.random.default_rng(seed)) for seed in seeds], 0)
        for row in choices
    ]
    assert early[1][1:].sum() - early[0][1:].sum() == pytest.approx(0.3, abs=0.05)  # a quarter is before it


def test_a_design_that_did_not_ask_for_prefixes_gets_none():
    evidence = Evidence(
        prompt_score=0.0,
        prompt_utility=0.0,
        score=0.5,
        utility=0.5,
        mask=np.array([True]),
        char_spans=np.zeros((1, 2), np.int64),
    )
    with pytest.raises(ValueError, match="declare uses_prefixes=True in the Design that reads them"):
        potential(evidence, rng=np.random.default_rng(0))


def test_quantised_potential_rounds_to_the_middle_of_the_bin():
    # Differences 0.3, 0, -0.1 and 0.9 in bins up to 0.2 and 0.4: 0.3, none, -0.1 and, beyond, the last edge.
    evidence = evidence_of([0.55, 0.55, 0.45, 1.35], length=4)
    design = load_design("quantised_potential", edges=[0.2, 0.4], noise=0.0)
    assert design(evidence, rng=np.random.default_rng(0)).tolist() == pytest.approx([0.3, 0.0, -0.1, 0.4])


def test_the_noise_is_uniform_and_spares_what_is_nothing():
    evidence = evidence_of([0.55, 0.55], length=2)
    design = load_design("quantised_potential", edges=[0.2, 0.4], noise=0.1)
    paid = np.array([design(evidence, rng=np.random.default_rng(seed)) for seed in range(2000)])
    assert not paid[:, 1].any()
    assert paid[:, 0].min() == pytest.approx(0.2, abs=1e-3)
    assert paid[:, 0].max() == pytest.approx(0.4, abs=1e-3)
    assert paid[:, 0].mean() == pytest.approx(0.3, abs=0.01)


def test_what_rounding_makes_is_no_reward():
    """A word that changes nothing: 0.1 + 0.2 is the double above 0.3; the third reward is a real one."""
    evidence = evidence_of([0.1 + 0.2, 0.3, 0.3 + 1e-11], length=3, prompt_utility=0.3)
    design = load_design("quantised_potential", edges=[0.2, 0.4], noise=0.05)
    for seed in range(20):
        first, second, third = design(evidence, rng=np.random.default_rng(seed)).tolist()
        assert (first, second) == (0.0, 0.0)
        assert abs(third - 0.1) <= 0.05


@pytest.mark.parametrize(
    ("kwargs", "edges"),
    [
        ({}, (0.159, 0.232, 0.292, 0.34, 0.382, 0.44, 0.477, 0.542, 0.612)),
        ({"noise": 0.0}, (0.159, 0.232, 0.292, 0.34, 0.382, 0.44, 0.477, 0.542, 0.612)),
        ({"edges": [0.5]}, (0.5,)),
    ],
)
def test_the_bins_are_those_of_the_domain(kwargs, edges):
    name = "rlsf_gym:rlsf_gym/Sentiment-v0"
    env = gym.make(name, reward_design="quantised_potential", reward_design_kwargs=kwargs)
    assert env.unwrapped.task.feedback.design.function.keywords["edges"] == edges


def test_the_bins_are_tenths_where_no_domain_says_more():
    # 0.53 - 0.25 = 0.28 lies between 0.2 and 0.3, and 0.36 - 0.53 = -0.17 between -0.1 and -0.2
    evidence = evidence_of([0.53, 0.36, 0.36], length=2)
    paid = load_design("quantised_potential", noise=0.0)(evidence, rng=np.random.default_rng(0))
    assert paid.tolist() == pytest.approx([0.25, -0.15, 0.0])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"edges": []}, r"edges must increase within \(0, 1.95\], got \[\]"),
        ({"edges": [0.4, 0.2]}, r"edges must increase within \(0, 1.95\]"),
        ({"edges": [1.9], "noise": 0.2}, r"edges must increase within \(0, 1.8\]"),
        ({"noise": -1.0}, r"noise must be in \[0, 2\), got -1.0"),
    ],
)
def test_wrong_bins(kwargs, message):
    with pytest.raises(ValueError, match=message):
        load_design("quantised_potential", **kwargs)


def test_the_lexicon_knows_no_rules():
    """good is worth 1.9 / 4 after "not" as well; it pays when the next word, or the end, closes it."""
    ids = [PIECES.index(piece) for piece in (b" not", b" good", b" very", b" bad")]
    case = Case(prompt="The film", ids=ids + [len(PIECES) + 1] * 4)
    assert lay(load_design("lexicon"), case)[0][:4].tolist() == pytest.approx([0, 0, 1.9 / 4, -2.5 / 4])
    opened = replace(case, boundary="open", objective="strong")
    assert lay(load_design("lexicon"), opened)[0][:4].tolist() == pytest.approx([0, 1.9 / 4, 0, 2.5 / 4])


def test_a_prompt_word_that_goes_on_is_another_word():
    """ "good" of the prompt is worth 1.9; with "ly" behind it, it is no word of the lexicon."""
    case = Case(prompt="good", ids=[PIECES.index(b"ly")] + [len(PIECES) + 1] * 7)
    assert lay(load_design("lexicon"), case)[0][0] == pytest.approx(-1.9 / 4)

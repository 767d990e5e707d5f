"""A mixture of a dense design and the terminal reward, by hand."""

import numpy as np
import pytest

from rlsf_gym.designs import load_design
from rlsf_gym.evidence import Evidence


class Attributed:
    """Hindsight of a scorer that attributes."""

    def attributions(self, method):
        return {"attention": np.array([0.25, 0.75]), "gradient": np.array([0.5, -0.1])}[method]


EVIDENCE = Evidence(
    prompt_score=0.0,
    prompt_utility=0.0,
    score=0.8,
    utility=0.8,
    mask=np.ones(2, np.bool_),
    char_spans=np.array([[0, 2], [2, 4]]),
    prefixes=np.array([0.6, 0.8]),
    hindsight=Attributed(),
)
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("kwargs", "paid"),
    [
        ({}, [0.48, 0.32]),  # 0.8 (0.6, 0.2) + 0.2 (0, 0.8)
        ({"beta": 0.0}, [0.0, 0.8]),
        ({"beta": 1.0, "design": "uniform"}, [0.4, 0.4]),
        ({"beta": 0.5, "design": "attention"}, [0.1, 0.7]),  # half of (0.2, 0.6), half of (0, 0.8)
    ],
)
def test_the_mixture(kwargs, paid):
    assert load_design("mixed", **kwargs)(EVIDENCE, rng=RNG).tolist() == pytest.approx(paid)


def test_attention_is_paid_in_proportion():
    assert load_design("attention")(EVIDENCE, rng=RNG).tolist() == pytest.approx([0.2, 0.6])


def test_integrated_gradients_get_what_lacks_by_absolute_value():
    # 0.5 - 0.1 = 0.4, so that 0.4 of 0.8 lacks: 5/6 and 1/6 of it.
    assert load_design("gradient")(EVIDENCE, rng=RNG).tolist() == pytest.approx([0.5 + 1 / 3, -0.1 + 0.2 / 3])


def test_the_mixture_declares_what_its_part_does():
    mixed = load_design("mixed", design="shapley", exact_units=2)
    assert (mixed.causal, mixed.conserving, mixed.bounded, mixed.cost(2), mixed.cost(3)) == (
        False,
        True,
        True,
        4,
        96,
    )
    assert load_design("mixed", design="gradient").needs == "gradient"
    assert load_design("mixed").uses_prefixes


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"design": "lexicon"}, "mixed needs a conserving design, .* got 'lexicon'"),
        ({"beta": 1.5}, r"beta must be in \[0, 1\], got 1.5"),
        ({"betta": 1}, r"'mixed' takes \(design, beta\) .*'betta' \(did you mean 'beta'\?\)$"),
        (
            {"design": "uniform", "by": "word"},
            r"'uniform' does not take reward_design_kwargs=\{'by': 'word'\}",
        ),
    ],
)
def test_wrong_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        load_design("mixed", **kwargs)

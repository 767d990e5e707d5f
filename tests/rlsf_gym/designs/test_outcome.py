"""Designs that know the whole response's score alone, by hand."""

import numpy as np
import pytest

from rlsf_gym.designs.outcome import broadcast, seed_legacy, terminal, uniform
from rlsf_gym.evidence import Evidence

RNG = np.random.default_rng(0)


def evidence_of(score, *, prompt_score=0.25, length=2, size=4):
    return Evidence(
        prompt_score=prompt_score,
        prompt_utility=-prompt_score,  # the objective `negative`, to tell scores from utilities
        score=score,
        utility=-score,
        mask=np.arange(size) < length,
        char_spans=np.zeros((size, 2), np.int64),
    )


def test_terminal_pays_the_gain_on_the_last_real_token():
    assert terminal(evidence_of(0.75), rng=RNG).tolist() == [0.0, -0.5, 0.0, 0.0]


def test_uniform_pays_equal_shares_of_the_gain():
    assert uniform(evidence_of(0.75), rng=RNG).tolist() == [-0.25, -0.25, 0.0, 0.0]


def test_broadcast_pays_the_score_on_every_token():
    assert broadcast(evidence_of(0.75), rng=RNG).tolist() == [0.75, 0.75, 0.0, 0.0]


# s if s > 0.5 else 1 - s
@pytest.mark.parametrize(
    ("score", "paid"),
    [(-1.0, 2.0), (-0.6, 1.6), (-0.3, 1.3), (0.0, 1.0), (0.3, 0.7), (0.5, 0.5), (0.6, 0.6), (1.0, 1.0)],
)
def test_seed_legacy_is_the_exact_formula(score, paid):
    assert seed_legacy(evidence_of(score), rng=RNG).tolist() == pytest.approx([paid, paid, 0.0, 0.0])


@pytest.mark.parametrize("strength", np.linspace(0.01, 1.0, 100).tolist())
def test_seed_legacy_pays_negative_text_more_than_positive_text_of_the_same_strength(strength):
    """Why it is not to be trained with: the gap is 2a up to a = 0.5 and 1 beyond, in the wrong direction."""
    negative = seed_legacy(evidence_of(-strength), rng=RNG)[0]
    positive = seed_legacy(evidence_of(strength), rng=RNG)[0]
    assert negative - positive == pytest.approx(2 * strength if strength <= 0.5 else 1.0)


def test_seed_legacy_pays_the_mildest_negative_text_as_much_as_the_most_positive_text():
    assert seed_legacy(evidence_of(-0.01), rng=RNG)[0] > seed_legacy(evidence_of(1.0), rng=RNG)[0]

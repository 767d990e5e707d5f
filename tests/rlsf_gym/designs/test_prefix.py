"""Designs that know the utility of every prefix, by hand."""

import numpy as np
import pytest

from rlsf_gym.designs.prefix import potential, shuffled
from rlsf_gym.evidence import Evidence


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

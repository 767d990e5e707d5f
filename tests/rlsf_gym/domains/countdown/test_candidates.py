"""What each next token would be worth, entry by entry, is what answers that are all written out say."""

import os
import random
from pathlib import Path

import numpy as np
import pytest

from rlsf_gym.domains.countdown.scorer import CountdownScorer
from rlsf_gym.instance import Instance
from rlsf_gym.text.following import read_following
from rlsf_gym.text.tokenizer import load_tokenizer
from tests.helpers.countdown_answers import draw_puzzle, draw_response, load_oracle
from tests.rlsf_gym.domains.test_other_tokenizers import llama_like

SIGNS = frozenset("0123456789+-*/=,() ")


def gpt2():
    return load_tokenizer(Path(os.environ["RLSF_DATA"]) / "gpt2-tokenizer")


def compare(tokenizer, form, states, seed):
    """Compares all entries of so many states; returns how many entries are not 0."""
    rng, worth, number = random.Random(seed), 0, 0
    while number < states:
        numbers, target, use = draw_puzzle(rng, 4 if form == "steps" else 3)
        oracle = load_oracle(numbers, target, use, form)
        instance = Instance("", 0, {"numbers": list(numbers), "target": target})
        scorer = CountdownScorer(form=form, use=use)
        for _ in range(20):
            number += 1
            response = draw_response(rng, numbers, target, use, form)
            response = response[: rng.randrange(len(response) + 1)]
            following = read_following(tokenizer, is_last=rng.random() < 0.3)
            found = scorer.candidates_batch(
                [instance], [response], [np.array([len(response)])], following
            ).spread()
            scores = np.full(tokenizer.vocab_size, found.others[0])
            scores[found.ids] = found.scores[0]
            expected = np.array(
                [
                    expect(oracle, response, more, is_over)
                    for more, is_over in zip(following.texts, following.ends.tolist(), strict=True)
                ]
            )
            np.testing.assert_allclose(
                scores, expected, rtol=0, atol=1e-12, err_msg=f"{numbers} {response!r}"
            )
            assert ((scores > 0) == (expected > 0)).all()
            worth += int((expected > 0).sum())
    return worth


def expect(oracle, response, more, is_over):
    """Returns the value of the text that a token makes, or its score where the response is over with it."""
    if not SIGNS.issuperset(more):
        return 0.0
    return float(oracle.is_right(response + more) if is_over else oracle.value(response + more))


@pytest.mark.parametrize("form", ["steps", "expression"])
def test_entries_of_some_states_are_those_of_all_answers(form):
    assert compare(load_tokenizer("countdown"), form, states=40, seed=0) > 40


@pytest.mark.slow
@pytest.mark.parametrize("form", ["steps", "expression"])
def test_entries_of_500_states_are_those_of_all_answers(form):
    assert compare(load_tokenizer("countdown"), form, states=500, seed=1) > 500


@pytest.mark.parametrize("form", ["steps", "expression"])
@pytest.mark.parametrize("make", [llama_like, pytest.param(gpt2, marks=pytest.mark.data)])
def test_entries_of_other_vocabularies_are_those_of_all_answers(make, form):
    if make is gpt2 and "RLSF_DATA" not in os.environ:
        pytest.skip("RLSF_DATA is not set")
    assert compare(make(), form, states=20, seed=2) > 20

"""On a scorer that just adds words up, all conserving designs that look at words agree."""

import numpy as np
import pytest

from rlsf_gym.designs import load_design
from rlsf_gym.domains.sentiment.samples import SAMPLES
from rlsf_gym.testing.cases import SIZE, Case
from rlsf_gym.testing.designs import lay

PIECES = SAMPLES.pieces

VALUES = {"good": 0.05, "bad": -0.04, "very": 0.01, "GREAT": 0.08}
AGREEING = [
    ("potential", {}),
    ("mixed", {"beta": 1.0}),
    ("shapley", {}),
    ("shapley", {"by": "group"}),
    ("shapley", {"exact_units": 0, "permutations": 2}),
    ("leave_one_out", {}),
    ("leave_one_out", {"conserving": True}),
    ("gradient", {}),
]


@pytest.fixture(scope="module")
def adding(attributing):
    class Adding(attributing):
        """score = the sum of the values of the words, in [-0.32, 0.64] for 8 words."""

        def score(self, texts):
            return np.array([sum(VALUES.get(word, 0.0) for word in text.split()) for text in texts])

        def attribute(self, response, method):
            values = np.zeros(len(response))
            end = 0
            for word in response.split():
                end = response.index(word, end) + len(word)
                values[end - len(word) : end] = VALUES.get(word, 0.0) / len(word)
            return values

    return Adding()


@pytest.mark.parametrize(("name", "kwargs"), AGREEING)
@pytest.mark.parametrize("seed", range(5))
def test_they_pay_each_word_its_value(adding, name, kwargs, seed):
    words = [b" good", b" bad", b" very", b" GREAT", b" not", b" but"]
    drawn = np.random.default_rng(seed).choice(len(words), size=SIZE)
    ids = [PIECES.index(words[number]) for number in drawn]
    case = Case(prompt="The film was", ids=ids, scorer=adding, boundary="open")
    rewards, _ = lay(load_design(name, **kwargs), case)
    expected = [VALUES.get(words[number].decode().strip(), 0.0) for number in drawn]
    assert rewards.tolist() == pytest.approx(expected, abs=1e-12)

import pickle

import numpy as np

from rlsf_gym.domains.sentiment.vader.words import VOCABULARY
from rlsf_gym.remembered import Remembered, constant_size
from rlsf_gym.scorers import KnowledgeScorer, VaderScorer


def test_it_never_takes_more_than_it_may() -> None:
    remembered = Remembered(constant_size, max_bytes=10_000)
    for number in range(1_000):
        remembered.put(f"{number} {'x' * (number % 300)}", number)
        assert remembered.bytes <= 10_000
        assert remembered.get(f"{number} {'x' * (number % 300)}") == number
    assert 1 < len(remembered) < 100


def test_what_would_take_most_of_the_room_is_not_kept() -> None:
    remembered = Remembered(constant_size, max_bytes=10_000)
    remembered.put("short", 1)
    remembered.put("x" * 1_000, 2)
    assert (remembered.get("short"), remembered.get("x" * 1_000)) == (1, None)


def test_it_survives_a_pickle() -> None:
    remembered = Remembered(constant_size)
    remembered.put("a film", 1)
    assert pickle.loads(pickle.dumps(remembered)).get("a film") == 1


def test_accounts_of_long_prompts_do_not_pile_up() -> None:
    scorer = VaderScorer()
    for number in range(60):
        scorer.certify("not good but very bad " * 400 + str(number), " fine")
    assert 0 < scorer._accounts.bytes <= 32 * 2**20
    assert len(scorer._accounts) < 60


def test_long_words_are_not_kept() -> None:
    word = "qzwx" * 6_000
    for scorer in (VaderScorer(), KnowledgeScorer()):
        before = set(VOCABULARY) | set(scorer._vocabulary)
        scorer.prefix_scores("", word, np.arange(6, 24_001, 6))
        scorer.score([word, "." * 5_000 + "good"])
        new = (set(VOCABULARY) | set(scorer._vocabulary)) - before
        assert max(map(len, new), default=0) <= 64
        assert len(new) < 100

"""Scores of all next tokens by a graph, against those of the texts one by one."""

from pathlib import Path

import numpy as np
import pytest

from rlsf_gym.scorers import KnowledgeScorer
from rlsf_gym.text.following import Following, read_following
from rlsf_gym.text.tokenizer import load_tokenizer
from tests.helpers.hostile_prefixes import write_prefixes

GRAPH = """
window = 3
subject = "film"

[concepts.film]
words = ["film", "movie"]

[concepts.pace]
words = ["pace", "pacing"]
aspect_of = ["film"]

[concepts.career]
words = ["career", "love"]

[polarity.film]
cold = -2.0
good = 0

[polarity.pace]
long = -1.5
slow = -1.2

[polarity.career]
long = 1.5
bad = 2.0
love = 3.0
"""
WORDS = (
    "film",
    "movie.",
    "pace",
    "pacing",
    "career",
    "love",
    "cold",
    "long",
    "slow",
    "Long",
    "PACE",
    "bad",
    ".",
)


def check_all(scorers: list[KnowledgeScorer], following: Following, seed: int, count: int) -> None:
    """Compares the scores of all tokens with those of the texts, by one scorer after the other."""
    more = WORDS * 12  # so that they are half of all words
    for number, (prompt, response) in enumerate(write_prefixes(seed, count, more)):
        scorer = scorers[number % len(scorers)]
        candidates = scorer.candidates(prompt, response, np.array([len(response)]), following).spread()
        found = np.full(len(following.texts), candidates.others[0])
        found[candidates.ids] = candidates.scores[0]
        expected = scorer.score([prompt + response + text for text in following.texts])
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6, err_msg=prompt + response)


def test_terms_are_said_of_what_stands_before(tmp_path: Path) -> None:
    (tmp_path / "graph.toml").write_text(GRAPH)
    scorers = [KnowledgeScorer(str(tmp_path / "graph.toml"), but) for but in ("library", "documented")]
    texts = [space + word for word in (*WORDS, "good", "GOOD", "but", "e", "ing", "!") for space in (" ", "")]
    texts += [" long pace", " not slow", " pace long", "", "\n"]
    check_all(scorers, Following(tuple(texts), np.zeros(len(texts), np.bool_)), 0, 400)


@pytest.mark.whole
def test_every_token_scores_as_its_text_by_the_graph_of_films() -> None:
    scorers = [KnowledgeScorer(), KnowledgeScorer(but="documented")]
    check_all(scorers, read_following(load_tokenizer("bundled")), 1, 40)


def test_concepts_change_words_before_them(tmp_path: Path) -> None:
    (tmp_path / "graph.toml").write_text(GRAPH)
    scorer = KnowledgeScorer(str(tmp_path / "graph.toml"))
    following = Following((" pace", " career", " town"), np.zeros(3, np.bool_))
    candidates = scorer.candidates("It has a long", "", np.array([0]), following).spread()
    assert candidates.ids.tolist() == [0, 1]
    assert candidates.scores[0, 0] < candidates.others[0] == 0.0 < candidates.scores[0, 1]

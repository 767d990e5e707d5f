"""Clauses of English text."""

import re

import numpy as np

from rlsf_gym.domains.sentiment.clauses import clause_numbers


def test_clauses_end_at_marks_and_before_conjunctions():
    words = [
        "Well,",
        "it",
        "was",
        "good...",
        "and",
        "I",
        "(do)",
        "like",
        "it;",
        "BUT",
        "the",
        "end!)",
        "hurts",
    ]
    assert clause_numbers(words).tolist() == [0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 4]
    assert clause_numbers([]).shape == (0,)


def test_clauses_close_as_the_pattern_says() -> None:
    pattern, rng = re.compile(r"[.,;:!?\u2026\u2014]\W*$"), np.random.default_rng(0)
    pieces = ["a", "9", "_", ".", ",", "!", "\u2026", "\u2014", ")", "'", "\u00e9", "\u0301", "\u597d"]
    for _ in range(2_000):
        word = "".join(str(part) for part in rng.choice(pieces, int(rng.integers(1, 8))))
        assert clause_numbers([word, "x"]).tolist() == [0, int(pattern.search(word) is not None)], word

"""Words that grow beyond what any rule knows are read like whole ones."""

import re
from dataclasses import fields

import numpy as np
import pytest
from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES

from rlsf_gym.domains.sentiment.knowledge.stream import _ends_sentence
from rlsf_gym.domains.sentiment.vader.long import LONGEST, GrowingToken
from rlsf_gym.domains.sentiment.vader.words import load_lexicon, read_word
from rlsf_gym.scorers import KnowledgeScorer, VaderScorer

PIECES = [
    "a",
    "B",
    "9",
    "!",
    "?",
    ".",
    "'",
    "n't",
    "N'T",
    "(",
    "\u2026",
    "\u00e9",
    "\u01c5",
    "\u597d",
    "_",
    "no",
]
PIECES += ["good", "GOOD", "..", "-", "\u0301"]


def _draw(rng: np.random.Generator) -> str:
    """Returns a token with a long run of one piece somewhere in it."""
    parts = [str(part) for part in rng.choice(PIECES, int(rng.integers(1, 6)))]
    parts.insert(int(rng.integers(len(parts) + 1)), str(rng.choice(PIECES)) * 80)
    return "".join(parts)


def test_no_rule_knows_a_longer_word() -> None:
    phrases = [word for phrase in SPECIAL_CASES for word in phrase.split()]
    assert max(map(len, [*load_lexicon()[0], *BOOSTER_DICT, *NEGATE, *phrases])) < LONGEST


def test_what_stands_in_for_a_long_token_is_read_alike() -> None:
    rng = np.random.default_rng(0)
    asked = [field.name for field in fields(read_word("a")) if field.name not in ("text", "lower", "lead")]
    for _ in range(300):
        token = _draw(rng)
        growing = GrowingToken("so " + token, 3)
        for size in sorted(rng.integers(1, len(token) + 1, 20).tolist()):
            found, whole = growing.grow(3 + size), token[:size]
            assert len(found) <= 2 * LONGEST
            one, other = read_word(found), read_word(whole)
            assert [getattr(one, name) for name in asked] == [getattr(other, name) for name in asked], whole
            assert _ends_sentence(found) == _ends_sentence(whole), whole
            assert one.lower == other.lower or other.base is None


@pytest.mark.parametrize("make", [VaderScorer, KnowledgeScorer])
def test_prefixes_of_long_words_score_like_texts(make: type[VaderScorer]) -> None:
    scorer, rng = make(), np.random.default_rng(1)
    for _ in range(40):
        text = f" not {_draw(rng)} good pace {_draw(rng)} long BAD"
        ends = np.sort(rng.integers(0, len(text) + 1, 40))
        found = scorer.prefix_scores("The film", text, ends)
        whole = scorer.score(["The film" + text[:end] for end in ends])
        np.testing.assert_allclose(found, whole, rtol=0, atol=1e-12)


def test_ends_of_sentences_are_those_of_the_pattern() -> None:
    pattern, rng = re.compile(r"[.!?][\W_]*$"), np.random.default_rng(2)
    for _ in range(2_000):
        token = "".join(str(part) for part in rng.choice(PIECES, int(rng.integers(1, 8))))
        assert _ends_sentence(token) == (pattern.search(token) is not None), token


def test_the_lexicon_reads_parts_of_words_as_they_grow() -> None:
    scorer, rng = VaderScorer(), np.random.default_rng(3)
    for _ in range(60):
        text = f"good{_draw(rng)}\U0001f600{_draw(rng)}\U0001f62d bad {_draw(rng)}great"
        ends = np.sort(rng.integers(0, len(text) + 1, 30))
        whole, counts, cut = scorer.lexicon_prefixes(text, ends)
        np.testing.assert_array_equal(whole, scorer.lexicon_scores(text))
        for end, count, last in zip(ends.tolist(), counts.tolist(), cut.tolist(), strict=True):
            expected = scorer.lexicon_scores(text[:end]).tolist()
            assert expected[:count] == whole[:count].tolist()
            assert expected[count:] in ([last], [] if last == 0.0 else [last])

"""Lifetimes of records: at each word, what lives is what the text up to there gives when it is read alone."""

import random
import re

import numpy as np
import pytest

from rlsf_gym.scorers import KnowledgeScorer, VaderScorer

WORDS = [
    *("good", "bad", "great", "hate", "love", "kind", "of", "sort", "no", "not", "never", "without", "doubt"),
    *("so", "this", "but", "or", "least", "at", "VERY", "really", "hardly", "GOOD", "the", "bomb", "kiss"),
    *("death", "die", "to", "for", "yeah", "right", "movie", "a", "I", "😀", "😍x", "🔛", "good!", "bad??"),
    *("...", ":)", "İ", "isn't", "no,", "BUT", "ok", "affection", "fav", "1", "A", "ok!", "1A", "Good"),
    *("long", "pace", "film", "acting", "dead", "wooden", "plot.", "scary", "murder", "pacing"),
]


def read(scorer, text):
    """The records of a text read alone, by a scorer that has seen nothing else."""
    records = scorer.certify("", text).records
    return [record[:6] + record[7:8] for record in records if lives(record, len(text))]


def lives(record, end):
    is_there = record.since <= end and (record.until == -1 or end < record.until)
    return is_there and record.rule != "punctuation"


def assert_same(found, expected, what):
    assert [record[:5] + record[6:] for record in found] == [
        record[:5] + record[6:] for record in expected
    ], what
    amounts = [[record[5] for record in records] for records in (found, expected)]
    np.testing.assert_allclose(*amounts, rtol=0, atol=1e-9, err_msg=what)


@pytest.mark.parametrize("but", ["library", "documented"])
@pytest.mark.parametrize(
    ("name", "count", "longest"), [("vader", 300, 12), ("vader", 20, 50), ("knowledge", 200, 12)]
)
def test_what_lives_at_a_word_is_what_the_text_up_to_there_gives(name, but, count, longest):
    if name == "knowledge":
        pytest.importorskip("networkx")
    scorer = VaderScorer(but) if name == "vader" else KnowledgeScorer(but=but)
    rng = random.Random(f"{name} {longest}")
    seen = set()
    for _ in range(count):
        text = " ".join(rng.choices(WORDS, k=rng.randint(0, longest)))
        text = text.upper() if rng.random() < 0.1 else text
        cut = rng.randint(0, len(text))
        records = scorer.certify(text[:cut], text[cut:]).records
        for end in [cut, *(match.end() for match in re.finditer(r"\S+", text) if match.end() > cut)]:
            found = [record[:6] + record[7:8] for record in records if lives(record, end)]
            assert_same(found, read(scorer, text[:end]), f"{text[:cut]!r} {text[cut:]!r} at {end}")
        for record in records:
            if record.rule != "punctuation":
                assert record.status == tell(record, cut), (text, cut, record)
                seen.add(record.status)
    assert {"kept", "added", "passing"} <= seen


def tell(record, cut):
    if record.since <= cut:
        return "kept" if record.until == -1 else "withdrawn"
    return "added" if record.until == -1 else "passing"


@pytest.mark.parametrize("but", ["library", "documented"])
def test_reading_prefixes_leaves_no_trace_in_the_lifetimes(but):
    rng = random.Random(0)
    for _ in range(100):
        text = " ".join(rng.choices(WORDS, k=rng.randint(0, 14)))
        cut = rng.randint(0, len(text))
        prompt, response = text[:cut], text[cut:]
        ends = np.arange(len(response) + 1)  # every word is pushed and popped with each of its characters
        (assessed,) = VaderScorer(but).assess_batch([prompt], [response], [ends])
        assert assessed.certificate == VaderScorer(but).certify(prompt, response)


def test_punctuation_begins_at_its_marks():
    # The prompt's sum is 1.9 and the text's 1.9 - 2.5 - 2.5: the prompt's mark turns its sign.
    records = VaderScorer().certify("good!", " bad bad?? ").records
    found = [(r.char_start, r.amount, r.status, r.since, r.until) for r in records if r.rule == "punctuation"]
    assert found == [
        (4, 0.292, "withdrawn", 5, 16),
        (4, -0.292, "added", 5, -1),
        (13, -0.18, "added", 14, -1),
        (14, -0.18, "added", 15, -1),
    ]

"""Lifetimes of records: at each word, what lives is what the text up to there gives when it is read alone."""

import json
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


ADVERSARIES = [
    "NO but " + "NO " * 200 + "x",
    "NO " * 200 + "x good",
    "VERY GOOD " * 150 + "x",
    "GOOD 1A " * 100,
    "no good " * 150,
    "kind of " * 150,
    "fav ok " * 150 + "but " + "ok fav " * 150,
    "but " + "affection ok " * 150,
    "ok affection " * 80 + "but " + "ok affection " * 80,
    "never so VERY GOOD but NO least kiss of death the bomb " * 30,
    "GOOD 1 " + "😍" * 100 + "A but x" + "!?" * 50,
    "dead pace long film " * 60,
]


@pytest.mark.parametrize("text", ADVERSARIES)
@pytest.mark.parametrize("but", ["library", "documented"])
@pytest.mark.parametrize("name", ["vader", "knowledge"])
def test_a_certificate_is_linear_in_the_text_and_plain(name, but, text):
    if name == "knowledge":
        pytest.importorskip("networkx")
    scorer = VaderScorer(but) if name == "vader" else KnowledgeScorer(but=but)
    words = len(scorer.valences(text))
    for cut in (0, 6, len(text) // 2, len(text) - 1):
        certificate = scorer.certify(text[:cut], text[cut:])
        assert len(certificate.records) <= 6 * words + 36  # far below the bound that holds for all texts
        plain = json.loads(json.dumps(certificate.as_records(), allow_nan=False))
        assert len(plain) == len(certificate.records)
        assert all(("until" in record) == (record["status"] in ("passing", "withdrawn")) for record in plain)


def test_random_texts_of_a_few_words_stay_below_the_bound():
    rng = random.Random(3)
    for _ in range(1500):
        words = rng.choices(rng.sample(WORDS, 4), k=rng.randint(1, 10))
        text = " ".join(words)
        cut = rng.randint(0, len(text))
        records = VaderScorer().certify(text[:cut], text[cut:]).records
        assert len(records) <= 108 * len(words) + 36

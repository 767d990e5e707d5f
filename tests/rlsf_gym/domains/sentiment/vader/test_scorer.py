"""The VADER scorer against the library it follows."""

import math
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vaderSentiment import vaderSentiment

from rlsf_gym.domains.sentiment.vader.scorer import VaderScorer
from rlsf_gym.domains.sentiment.vader.stream import Stream
from rlsf_gym.domains.sentiment.vader.words import read_word

WORDS = [
    "good",
    "bad",
    "great",
    "hate",
    "love",
    "worst",
    "stop",
    "yeah",
    "bomb",
    "shit",
    "death",
    "kiss",
    "heart",
    "kind",
    "die",
    "ass",
    "right",
    "doubt",
    "no",
    "not",
    "never",
    "without",
    "don't",
    "isn't",
    "nor",
    "or",
    "so",
    "this",
    "but",
    "least",
    "at",
    "very",
    "really",
    "hardly",
    "kinda",
    "incredibly",
    "sort",
    "of",
    "just",
    "enough",
    "the",
    "bus",
    "to",
    "for",
    "beating",
    "badass",
    "movie",
    "plot",
    "a",
    "İ",
    "ß",
    "ŉ",
    "straße",
    ":)",
    ":(",
    ":D",
    ";)",
    "!!!",
    "?",
    "?!",
    "...",
    "😀",
    "😍",
    "💔",
    "🔛",
    "🆙",
    "good😍",
    "💔bad",
    "😀😀",
    "good!",
    "bad?",
    "(great)",
    "'love'",
    "but,",
    "no.",
    "n't",
    "uh-uh",
]
words = st.one_of(st.sampled_from(WORDS), st.text(max_size=4))
casings = st.sampled_from([str, str, str, str.upper, str.title])
cased = st.builds(lambda word, casing: casing(word), words, casings)
spaces = st.sampled_from([" ", " ", " ", "  ", "\n", "\t", "\u2003", "\x1c", "\u200b"])
texts = st.lists(st.tuples(cased, spaces).map("".join), max_size=14).map("".join)


class Library(vaderSentiment.SentimentIntensityAnalyzer):
    """The library, listened to through its public hook."""

    def score_valence(self, sentiments, text):
        """Keep the valences and the compound before rounding."""
        self.valences = list(sentiments)
        total = float(sum(sentiments)) if sentiments else 0.0
        emphasis = self._punctuation_emphasis(text)
        if total:
            total += math.copysign(emphasis, total)
        self.compound = vaderSentiment.normalize(total)
        self.rounded = super().score_valence(sentiments, text)
        return self.rounded

    def read(self, text):
        self.polarity_scores(text)
        assert round(self.compound, 4) == self.rounded["compound"]
        return self.compound, self.valences


LIBRARY = Library()
SCORER = VaderScorer()


@given(texts)
@settings(max_examples=400, deadline=None)
def test_score_and_valences_are_the_librarys(text):
    compound, valences = LIBRARY.read(text)
    assert SCORER.score([text])[0] == pytest.approx(compound, abs=1e-12)
    assert SCORER.valences(text) == valences


@pytest.mark.parametrize("word", sorted(WORDS))
@pytest.mark.parametrize(
    "frame", ["a plain text {} good it", "no {} or good", "NEVER so {} this BAD but {} good", "a b c {}"]
)
def test_each_word_in_each_frame_is_the_librarys(word, frame):
    text = frame.replace("{}", word)
    compound, valences = LIBRARY.read(text)
    assert SCORER.score([text])[0] == pytest.approx(compound, abs=1e-12)
    assert SCORER.valences(text) == valences


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("", 0.0),
        ("good", 1.9),
        ("very good", 1.9 + 0.293),
        ("VERY good", 1.9 + 0.293 + 0.733),
        ("hardly good", 1.9 - 0.293),
        ("not good", 1.9 * -0.74),
        ("no good", 1.9 * -0.74),
        ("no", -1.2),
        ("least good", 1.9 * -0.74),
        ("at least good", 1.9),
        ("never this good", 1.9 * 1.25),
        ("it is GOOD", 1.9 + 0.733),
        ("IT IS GOOD", 1.9),
        ("it was just a bus stop", 0.0),
        ("that is kind of good", 1.9 - 0.293),
        ("good!!!!!", 1.9 + 4 * 0.292),
        ("good? good?", 3.8 + 0.36),
        ("bad? bad??? it", -5.0 - 0.96),
        ("good but bad", 1.9 * 0.5 - 2.5 * 1.5),
    ],
)
def test_score_is_the_rules_worked_by_hand(text, total):
    assert SCORER.score([text])[0] == pytest.approx(total / math.sqrt(total**2 + 15), abs=1e-12)


def test_but_halves_what_is_before_and_raises_what_is_after():
    for but in ("library", "documented"):
        assert VaderScorer(but).valences("fine but good") == [0.8 * 0.5, 0.0, 1.9 * 1.5]


def test_the_librarys_but_may_scale_one_word_twice():
    # Valences 2.0 and 1.0: halving the first makes it equal to the second, which is then found in its place.
    table = LIBRARY.lexicon
    whole = next(word for word, value in table.items() if value == 2.0 and word.isalpha())
    half = next(word for word, value in table.items() if value == 1.0 and word.isalpha())
    text = f"{whole} {half} but"
    assert VaderScorer().valences(text) == LIBRARY.read(text)[1] == [0.5, 1.0, 0.0]
    assert VaderScorer("documented").valences(text) == [1.0, 0.5, 0.0]


def test_the_sign_of_a_sum_near_zero_is_that_of_pythons_sum():
    # As 0.1 + 0.2 - 0.3 in floating point: valences that cancel but for rounding, far apart and emphasised.
    by_value = {value: word for word, value in LIBRARY.lexicon.items() if word.isalpha() and len(word) > 2}
    tried = 0
    for first in np.round(np.arange(0.1, 2.0, 0.1), 1).tolist():
        for second in np.round(np.arange(0.1, 2.0, 0.1), 1).tolist():
            third = -round(first + second, 1)
            if all(value in by_value for value in (first, second, third)):
                text = " a a a ".join(by_value[value] for value in (first, second, third)) + " a!!!"
                compound, valences = LIBRARY.read(text)
                tried += sum(valences) != 0.0 and abs(sum(valences)) < 1e-9
                assert SCORER.score([text])[0] == pytest.approx(compound, abs=1e-12)
                ends = np.arange(len(text) + 1)
                assert SCORER.prefix_scores("", text, ends)[-1] == pytest.approx(compound, abs=1e-12)
    assert tried > 10


@pytest.mark.parametrize("but", ["library", "documented"])
@given(text=texts, data=st.data())
@settings(max_examples=200, deadline=None)
def test_prefix_scores_are_the_scores_of_the_prefixes(but, text, data):
    scorer = VaderScorer(but)
    cut = data.draw(st.integers(0, len(text)))
    prompt, response = text[:cut], text[cut:]
    ends = np.array(sorted(data.draw(st.lists(st.integers(0, len(response)), max_size=30))), np.int64)
    expected = scorer.score([prompt + response[:end] for end in ends])
    np.testing.assert_allclose(scorer.prefix_scores(prompt, response, ends), expected, rtol=0, atol=1e-12)


def test_prefix_scores_at_every_character_of_a_text_with_everything():
    text = "NO GOOD kiss of death 😀x But IT was no fun or good, KIND of never so bad!? bad ass 🔛 the shit!"
    ends = np.arange(len(text) + 1)
    expected = SCORER.score([text[:end] for end in ends])
    np.testing.assert_allclose(SCORER.prefix_scores("", text, ends), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("but", ["library", "documented"])
@given(rows=st.lists(st.tuples(texts, texts, st.integers(0, 5)), max_size=4))
@settings(max_examples=60, deadline=None)
def test_one_reading_says_what_the_single_calls_say_to_the_bit(but, rows):
    prompts, responses, steps = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    ends = [np.arange(0, len(text) + 1, step + 1) for text, step in zip(responses, steps, strict=True)]
    scorer = VaderScorer(but)
    for _ in range(2):  # the second time, the prompts are known
        assessed = scorer.assess_batch(prompts, responses, ends)
        assert len(assessed) == len(rows)
        for one, prompt, response, at in zip(assessed, prompts, responses, ends, strict=True):
            assert one.certificate == VaderScorer(but).certify(prompt, response)
            told = one.certificate.prompt_score, one.certificate.score
            assert told == tuple(scorer.score([prompt, prompt + response]).tolist())
            assert one.prefix_scores.tolist() == scorer.prefix_scores(prompt, response, at).tolist()


def test_prefixes_at_word_ends_read_each_word_once(monkeypatch):
    text = "a good film, not bad but no fun at all " * 20
    came = []
    extend = Stream.extend
    monkeypatch.setattr(Stream, "extend", lambda self, words: came.extend(words) or extend(self, words))
    monkeypatch.setattr(Stream, "pop", lambda self: pytest.fail("a word went away"))
    SCORER.prefix_scores("", text, np.array([match.end() for match in re.finditer(r"\S+", text)]))
    assert [word.text for word in came] == [word.text for word in map(read_word, text.split())]


def test_no_prefixes_have_no_scores():
    assert SCORER.prefix_scores("good", "bad", np.array([], np.int64)).shape == (0,)
    assert SCORER.score([]).shape == (0,)


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (np.array([[1]]), "one-dimensional array of integers, but has shape"),
        (np.array([0.5]), "dtype float64"),
        (np.array([2, 1]), r"must not decrease and must lie in \[0, 3\]"),
        (np.array([-1]), r"\[-1\]"),
        (np.array([4]), r"\[4\]"),
    ],
)
def test_wrong_ends_are_explained(ends, message):
    with pytest.raises(ValueError, match=message):
        SCORER.prefix_scores("good ", "bad", ends)


def test_unknown_but_rule_is_refused():
    with pytest.raises(ValueError, match="but must be one of library, documented, but is 'nltk'"):
        VaderScorer("nltk")


def test_a_scorer_survives_pickling():
    scorer = pickle.loads(pickle.dumps(VaderScorer("documented")))
    assert (scorer.but, scorer.name, scorer.bounded, scorer.verifiable) == ("documented", "vader", True, True)


@given(texts)
@settings(max_examples=100, deadline=None)
def test_scores_are_bounded(text):
    assert abs(SCORER.score([text * 50])[0]) <= 1.0


@pytest.mark.data
@pytest.mark.skipif("RLSF_DATA" not in os.environ, reason="RLSF_DATA names no folder with imdb/")
@pytest.mark.parametrize("count", [1000, pytest.param(None, marks=pytest.mark.slow)])
@pytest.mark.timeout(7200)
def test_reviews_get_the_librarys_scores(count):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(Path(os.environ["RLSF_DATA"]) / "imdb" / "test.parquet")
    for review in table.column("text").slice(0, count).to_pylist():
        compound, valences = LIBRARY.read(review)
        assert SCORER.score([review])[0] == pytest.approx(compound, abs=1e-12)
        assert SCORER.valences(review) == valences

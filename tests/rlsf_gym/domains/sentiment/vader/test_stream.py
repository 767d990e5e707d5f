"""The automaton against one that starts anew."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.domains.sentiment.vader import stream as vader_stream
from rlsf_gym.domains.sentiment.vader.rules import word_changes
from rlsf_gym.domains.sentiment.vader.stream import Stream, emphasize, measure_emphasis, score_slope
from rlsf_gym.domains.sentiment.vader.words import VOCABULARY

WORDS = [
    "GOOD",
    "good",
    "A",
    "a",
    "no",
    "NO",
    "kiss",
    "of",
    "death",
    "bad",
    "ass",
    "but",
    "kind",
    "very",
    "not",
    "hope",
    "hope",
    "great",
    "yeah",
    "right",
    "never",
    "so",
]
steps = st.lists(st.one_of(st.sampled_from(WORDS), st.none()), max_size=40)


@pytest.mark.parametrize("quirk", [True, False])
@given(steps)
@settings(max_examples=200, deadline=None)
def test_pushing_and_popping_leave_what_reading_anew_gives(quirk, steps):
    stream = Stream(quirk)
    for step in steps:
        if step is not None:
            stream.push(VOCABULARY[step])
        elif stream.words:
            stream.pop()
        fresh = Stream(quirk, stream.words)
        assert list(stream.scored()) == list(fresh.scored())
        assert stream.valences == fresh.valences
        assert stream.scaled == fresh.scaled
        assert (stream.mixed, stream.but) == (fresh.mixed, fresh.but)


@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_push_returns_the_sum_so_far(tokens):
    stream = Stream()
    for token in tokens:
        assert stream.push(VOCABULARY[token]) == pytest.approx(stream.exact_total(), abs=1e-12)


@pytest.mark.parametrize("opening", ["", "but ", "GOOD good but "])
def test_each_word_is_valued_once_but_for_flips_and_waiting(monkeypatch, opening):
    tokens = (opening + "good film bad kind of fun no joy GOOD " * 100 + "but fine").split()
    valued = []
    monkeypatch.setattr(
        vader_stream,
        "word_changes",
        lambda words, i, mixed: valued.append(i) or word_changes(words, i, mixed),
    )
    Stream(words=[VOCABULARY[token] for token in tokens])
    assert len(valued) < 2 * len(tokens)


def test_pop_returns_the_word():
    stream = Stream(words=[VOCABULARY["good"], VOCABULARY["film"]])
    assert stream.pop() is VOCABULARY["film"]
    assert stream.valences == [1.9]


@pytest.mark.parametrize(
    ("total", "exclamations", "questions", "expected"),
    [
        (1.0, 0, 0, 1.0),
        (1.0, 1, 1, 1.292),
        (-1.0, 9, 0, -1 - 4 * 0.292),
        (1.0, 0, 2, 1.36),
        (1.0, 0, 3, 1.54),
        (-1.0, 0, 4, -1.96),
        (1.0, 0, 50, 1.96),
        (0.0, 3, 3, 0.0),
    ],
)
def test_punctuation_moves_the_sum_away_from_zero(total, exclamations, questions, expected):
    assert emphasize(total, measure_emphasis(exclamations, questions)) == pytest.approx(expected, abs=1e-15)


sums = st.floats(-30, 30)


def squash(total):
    return total / math.sqrt(total * total + 15)


@given(sums, sums)
def test_slope_is_the_quotient_and_its_limit(start, end):
    expected = 15 / (start * start + 15) ** 1.5 if start == end else None
    if abs(end - start) > 1e-3:
        expected = (squash(end) - squash(start)) / (end - start)
    if expected is not None:
        assert score_slope(start, end) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_slope_is_stable_for_sums_a_rounding_apart():
    assert score_slope(1.9, math.nextafter(1.9, 2)) == pytest.approx(15 / (1.9**2 + 15) ** 1.5, rel=1e-12)
    assert score_slope(0.0, 1e-300) == pytest.approx(1 / math.sqrt(15), rel=1e-12)
    assert score_slope(-1e-17, 1e-17) == pytest.approx(1 / math.sqrt(15), rel=1e-12)

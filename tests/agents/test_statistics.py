"""Numbers with intervals: literals worked by hand, and slow formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import statistics

TOKENS = st.lists(st.lists(st.integers(0, 3), max_size=8), max_size=5)


def test_interval_contains_the_mean_and_is_reproducible():
    values = [0.0, 1.0, 2.0, 5.0]
    first = statistics.bootstrap_interval(values, seed=3)
    assert first == statistics.bootstrap_interval(values, seed=3)
    assert first.value == 2.0
    assert first.low < 2.0 < first.high


def test_interval_of_normal_rows_matches_the_textbook_width():
    rows = np.random.default_rng(0).normal(size=400)
    interval = statistics.bootstrap_interval(rows, resamples=4000)
    expected = 2 * 1.96 * rows.std() / math.sqrt(400)
    assert interval.high - interval.low == pytest.approx(expected, rel=0.1)  # resampling noise


def test_global_generator_is_left_alone():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    statistics.bootstrap_interval([1.0, 2.0])
    assert (np.random.get_state()[1] == before).all()


def test_paired_difference_uses_the_pairs():
    # The rows differ wildly, the differences do not.
    assert statistics.paired_difference([1.5, 100.5], [1.0, 100.0]) == (0.5, 0.5, 0.5)


def test_interquartile_mean_cuts_a_quarter_at_either_end():
    assert statistics.interquartile_mean([100, 1, 2, 3, 4, 5, 6, -100]) == 3.5  # mean of 2, 3, 4, 5
    assert statistics.interquartile_mean([1, 2, 9]) == 4.0  # too few to cut


@given(TOKENS, st.integers(1, 3))
def test_distinct_equals_the_slow_count(responses, n):
    seen, total = [], 0
    for response in responses:
        for i in range(len(response) - n + 1):
            total += 1
            if response[i : i + n] not in seen:
                seen.append(response[i : i + n])
    assert statistics.distinct_ngrams(responses, n) == (len(seen) / total if total else 0.0)


@given(TOKENS)
def test_repetition_equals_the_slow_count(responses):
    repeated = total = 0
    for response in responses:
        for i in range(1, len(response)):
            total += 1
            repeated += any(response[j - 1 : j + 1] == response[i - 1 : i + 1] for j in range(1, i))
    assert statistics.repetition(responses) == (repeated / total if total else 0.0)


def test_repetition_of_one_word_again_and_again():
    assert statistics.repetition([[7] * 5]) == 0.75  # 3 of 4 bigrams were there before


def test_perplexity_counts_every_token_once():
    # 1 token at probability 1/2 and 3 tokens at 1/4 each: (2 * 4 * 4 * 4) ** (1/4)
    assert statistics.perplexity([math.log(2), 3 * math.log(4)], [1, 3]) == pytest.approx(128**0.25)


def test_curves():
    assert statistics.area_under_curve([0, 1, 4], [1.0, 3.0, 3.0]) == pytest.approx((2 + 9) / 4)
    assert statistics.episodes_to_reach([10, 20], [0.5, 0.6], 0.4) == 10
    assert statistics.episodes_to_reach([0, 4, 8], [0.0, 0.2, 0.6], 0.4) == pytest.approx(6)
    assert math.isinf(statistics.episodes_to_reach([0, 1], [0.0, 0.1], 0.5))


def test_moving_average_uses_fewer_values_at_the_start():
    assert statistics.moving_average([2, 4, 6, 8], 3).tolist() == [2, 3, 4, 6]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: statistics.bootstrap_interval([]), r"values .* got shape \(0,\)"),
        (lambda: statistics.bootstrap_interval([1.0], level=95), "level .* got 95"),
        (lambda: statistics.paired_difference([1.0], [1.0, 2.0]), "got 1 and 2 rows"),
        (lambda: statistics.distinct_ngrams([[1]], 0), "n must be at least 1, got 0"),
        (lambda: statistics.perplexity([0.0], [0]), "at least one token"),
        (lambda: statistics.area_under_curve([1, 1], [0, 0]), "increasing"),
        (lambda: statistics.moving_average([1.0], 0), "window .* got 0"),
    ],
)
def test_wrong_input_is_named(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    assert "\n" not in str(error.value)

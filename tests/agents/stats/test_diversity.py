"""Variety of responses: literals worked by hand, and slow counts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.stats import diversity

TOKENS = st.lists(st.lists(st.integers(0, 3), max_size=8), max_size=5)
PAIRS = st.lists(st.lists(st.integers(0, 3), max_size=8), min_size=2, max_size=6)


@given(TOKENS, st.integers(1, 3))
def test_distinct_equals_the_slow_count(responses, n):
    seen, total = [], 0
    for response in responses:
        for i in range(len(response) - n + 1):
            total += 1
            if response[i : i + n] not in seen:
                seen.append(response[i : i + n])
    assert diversity.distinct_ngrams(responses, n) == (len(seen) / total if total else 0.0)


@given(TOKENS)
def test_repetition_equals_the_slow_count(responses):
    repeated = total = 0
    for response in responses:
        for i in range(1, len(response)):
            total += 1
            repeated += any(response[j - 1 : j + 1] == response[i - 1 : i + 1] for j in range(1, i))
    assert diversity.repetition(responses) == (repeated / total if total else 0.0)


def test_repetition_of_one_word_again_and_again():
    assert diversity.repetition([[7] * 5]) == 0.75  # 3 of 4 bigrams were there before


def test_perplexity_counts_every_token_once():
    # 1 token at probability 1/2 and 3 tokens at 1/4 each: (2 * 4 * 4 * 4) ** (1/4)
    assert diversity.perplexity([math.log(2), 3 * math.log(4)], [1, 3]) == pytest.approx(128**0.25)


def test_self_bleu_worked_by_hand():
    # 1 2 3 4 against 1 2 5 and 3 4: tokens 4 of 4, pairs 12 and 34 of 12, 23, 34, no triple (0.1 of 2);
    # the nearest length is 3, so no penalty.
    first = (1 * 2 / 3 * 0.1 / 2) ** (1 / 3)
    # 1 2 5 against 1 2 3 4 and 3 4: tokens 2 of 3, pairs 1 of 2, triples 0.1 of 1; lengths 2 and 4 are
    # equally near, the shorter counts, so no penalty.
    second = (2 / 3 * 1 / 2 * 0.1) ** (1 / 3)
    # 3 4 against 1 2 3 4 and 1 2 5: all there; 2 tokens where the nearest has 3.
    third = math.exp(1 - 3 / 2)
    found = diversity.self_bleu([[1, 2, 3, 4], [1, 2, 5], [3, 4]], order=3)
    assert found == pytest.approx((first + second + third) / 3)


def test_a_token_counts_no_more_often_than_in_the_one_response_that_has_most():
    # 7 7 7 finds two in 7 7 8, not three in both; 7 7 8 finds 7 7, and 7 9 9 finds 7.
    found = diversity.self_bleu([[7, 7, 7], [7, 7, 8], [7, 9, 9]], order=1)
    assert found == pytest.approx((2 / 3 + 2 / 3 + 1 / 3) / 3)


def slow_bleu(hypothesis, references, order):
    """Straight from the definition, with lists."""
    precisions = []
    for n in range(1, min(order, len(hypothesis)) + 1):
        grams, *others = (
            [row[i : i + n] for i in range(len(row) - n + 1)] for row in (hypothesis, *references)
        )
        unique = [gram for i, gram in enumerate(grams) if gram not in grams[:i]]
        found = sum(min(grams.count(gram), max(row.count(gram) for row in others)) for gram in unique)
        precisions.append((found, len(grams)))
    nearest = sorted((abs(len(row) - len(hypothesis)), len(row)) for row in references)[0][1]
    if not hypothesis:
        return float(nearest == 0)
    if precisions[0][0] == 0:
        return 0.0
    product = math.prod((found if found else 0.1) / total for found, total in precisions)
    return min(1.0, math.exp(1 - nearest / len(hypothesis))) * product ** (1 / len(precisions))


@given(PAIRS, st.integers(1, 4))
def test_self_bleu_equals_the_slow_formula(responses, order):
    slow = [slow_bleu(row, responses[:i] + responses[i + 1 :], order) for i, row in enumerate(responses)]
    assert diversity.self_bleu(responses, order=order) == pytest.approx(sum(slow) / len(slow))


@given(PAIRS)
def test_self_bleu_of_copies_is_one(responses):
    assert diversity.self_bleu(responses * 2) == pytest.approx(1.0)


def test_self_bleu_of_responses_that_share_nothing_is_zero():
    assert diversity.self_bleu([[1, 2, 3], [4, 5, 6], [7, 8]]) == 0.0


@given(PAIRS, st.randoms())
def test_self_bleu_does_not_ask_for_an_order(responses, random):
    shuffled = random.sample(responses, len(responses))
    assert diversity.self_bleu(shuffled) == pytest.approx(diversity.self_bleu(responses))


def test_self_bleu_grows_with_the_corpus():
    few = [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert diversity.self_bleu([*few, *few]) > diversity.self_bleu(few)


def test_sample_is_a_smaller_corpus():
    # Of two 1s and two 2s, two are drawn: alike (1) or not (0).
    responses = [[1], [1], [2], [2]]
    found = [diversity.self_bleu(responses, sample=2, seed=seed) for seed in range(300)]
    assert set(found) == {0.0, 1.0}
    assert sum(found) / 300 == pytest.approx(1 / 3, abs=0.11)  # four standard errors
    assert diversity.self_bleu(responses, sample=9) == diversity.self_bleu(responses) == 1.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: diversity.distinct_ngrams([[1]], 0), "n must be at least 1, got 0"),
        (lambda: diversity.perplexity([0.0], [0]), "at least one token"),
        (lambda: diversity.self_bleu([[1], [2]], order=0), "order must be at least 1, got 0"),
        (lambda: diversity.self_bleu([[1]]), "two or more responses, got 1"),
        (lambda: diversity.self_bleu([[1], [2]], sample=1), "two or more responses, got 2 and sample 1"),
    ],
)
def test_wrong_input_is_named(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    assert "\n" not in str(error.value)

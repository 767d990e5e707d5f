"""What the rules know of a word."""

import pytest

from rlsf_gym.domains.sentiment.vader import words as vader_words
from rlsf_gym.domains.sentiment.vader.words import Vocabulary, read_word


@pytest.mark.parametrize(
    ("token", "text", "lead"),
    [("good!", "good", 0), ('"(good)', "good", 2), (":)", ":)", 0), ("(ok)", "(ok)", 0), ("...", "...", 0)],
)
def test_outer_punctuation_goes_if_three_characters_stay(token, text, lead):
    word = read_word(token)
    assert (word.text, word.lead) == (text, lead)


def test_a_booster_is_no_scored_word_and_no_lexicon_word():
    word = read_word("VERY")
    assert (word.base, word.boost, word.scored, word.upper) == (None, 0.293, False, True)


@pytest.mark.parametrize("token", ["not", "Didn't", "wouldn't've", "without"])
def test_negations_are_known_by_list_or_by_contraction(token):
    assert read_word(token).negates


def test_vocabulary_forgets_when_it_is_full(monkeypatch):
    monkeypatch.setattr(vader_words, "MAX_CACHED_WORDS", 2)
    vocabulary = Vocabulary()
    assert [vocabulary[token].text for token in ("one", "two", "three")] == ["one", "two", "three"]
    assert list(vocabulary) == ["three"]

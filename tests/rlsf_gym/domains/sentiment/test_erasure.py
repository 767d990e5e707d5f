"""What a text is without some of its words."""

import pytest
from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

from rlsf_gym.domains.sentiment.erasure import NEUTRAL, erase_words
from rlsf_gym.domains.sentiment.segmentation import EnglishWords
from rlsf_gym.scorers import load_scorer


def erase(text, *absent, prompt=""):
    return erase_words(prompt + text, EnglishWords().units(text) + len(prompt), [absent])[0]


def test_words_are_replaced_in_place():
    assert erase(" not  VERY good!", 1, prompt="It was") == "It was not  IT good!"
    assert erase(" not  VERY good!", 0, 2, prompt="It was") == "It was it  VERY it"
    assert erase(" good", prompt="It was") == "It was good"


def test_the_rest_of_a_prompt_word_is_dropped():
    assert erase("ly good", 0, prompt="bad") == "bad good"


def test_the_neutral_word_is_in_no_table_of_the_rules():
    lexicon = SentimentIntensityAnalyzer().lexicon
    phrases = " ".join([*SPECIAL_CASES, *BOOSTER_DICT]).split()
    for table in (lexicon, phrases, NEGATE, ("so", "this", "but", "no", "least", "or", "nor")):
        assert NEUTRAL not in table


@pytest.mark.parametrize("name", ["vader", "knowledge"])
def test_the_neutral_word_changes_no_score(name):
    pytest.importorskip("networkx")
    texts = ["a long film", "not good", "GREAT fun"]
    scorer = load_scorer(name)
    for text in texts:
        assert scorer.score([f"{text} {NEUTRAL}"]).tolist() == scorer.score([f"{text} xyzzy"]).tolist()

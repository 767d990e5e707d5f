"""A response that is read in one go is proved as the same words are that arrive one by one."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsf_gym.domains.sentiment.checker import certify
from rlsf_gym.domains.sentiment.checker.certify import Rules, prove_texts

WORDS = [
    *("good", "bad", "great", "hate", "kind", "of", "sort", "no", "not", "never", "without", "doubt", "so"),
    *("this", "or", "least", "at", "VERY", "really", "hardly", "GOOD", "the", "bomb", "kiss", "death", "die"),
    *("to", "for", "yeah", "right", "movie", "a", "I", "x", "12", "ass", "good!", "bad??", "...", "İ", "ß"),
    *("ok", "affection", "aghast", "isn't", "Xn't", "but", "But", "😀"),
]
texts = st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join)


@pytest.fixture
def readings(monkeypatch):
    """What came of reading each response in one go; None for those that have to be read word by word."""
    found = []
    read = certify.read_settled

    def look(*args, **kwargs):
        found.append(read(*args, **kwargs))
        return found[-1]

    monkeypatch.setattr(certify, "read_settled", look)
    return found


def read_one_by_one(prompt, response, rules):
    forget_prompts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certify, "read_prompt", lambda *_: None)
        patch.setattr(certify, "read_settled", lambda *_, **__: None)
        proved = prove_texts(prompt, response, rules)
    forget_prompts()
    return proved


def forget_prompts():
    certify._recall.cache_clear()


def compare(prompt, response, quirk):
    rules = Rules(None, quirk)
    proved, slow = prove_texts(prompt, response, rules), read_one_by_one(prompt, response, rules)
    assert proved._replace(totals={}) == slow._replace(totals={})  # entries and scores to the bit
    assert {number: proved.totals[number] for number in slow.totals} == pytest.approx(slow.totals, abs=1e-12)


@settings(max_examples=300, deadline=None)
@given(prompt=texts, border=st.sampled_from(["", " ", "!", "x ", "A"]), response=texts, quirk=st.booleans())
def test_a_response_is_proved_as_word_by_word(prompt, border, response, quirk):
    compare(prompt, border + response, quirk)


@pytest.mark.slow
def test_many_responses_are_proved_as_word_by_word(readings):
    rng = random.Random(0)
    for _ in range(20_000):
        prompt, response = (" ".join(rng.choices(WORDS[:-1], k=rng.randrange(9))) for _ in range(2))
        compare(prompt, rng.choice(("", " ", "!", "x ", "A")) + response, rng.random() < 0.5)
    assert sum(one is not None for one in readings) > 5_000


@pytest.mark.parametrize(
    ("prompt", "response"),
    [
        ("The film was", " not very good, and I hated it."),
        ("The fi", "lm was good"),  # a word that nothing rests on becomes another one
        ("So good", "! And so on"),
        ("It is a bad", " film"),  # no "ass" comes
        ("It is", " a bad film"),
        ("good film", " I"),  # the first word in capitals
        ("I", " like good films"),  # capitals begin to count, of which nothing rests on "I"
        ("", "good"),
        ("It is good", " but bad, but good"),
        ("It is b", "ut good"),
    ],
)
def test_such_responses_are_read_in_one_go(readings, prompt, response):
    prove_texts(prompt, response, Rules(None, True))
    assert [one is not None for one in readings] == [True]


@pytest.mark.parametrize(
    ("prompt", "response"),
    [
        ("It is good but", " long"),
        ("It is a bad", " ass"),
        ("It is", " kind of good"),
        ("GOOD", " film"),  # capitals begin to count with "film"
        ("It was so", "me film"),  # "so" is heard
        ("GOOD", " I"),
        ("GREAT 12", "A"),  # all words are in capitals now, so that none stands out
        ("It is", " 😀"),
        ("It was not great", "er"),
    ],
)
def test_such_responses_are_read_word_by_word(readings, prompt, response):
    prove_texts(prompt, response, Rules(None, True))
    assert readings == [None] or not readings
    compare(prompt, response, quirk=True)


@pytest.mark.parametrize(
    ("quirk", "amounts", "total"),
    [
        (False, [("base", 2.4, -1), ("but", -1.2, -1), ("base", 1.2, -1), ("but", 0.6, -1)], 3.0),
        # The loop takes the step of "ok" (1.2) on the first word of that valence: "affection", by now.
        (True, [("base", 2.4, -1), ("but", -1.2, 22), ("but", -1.8, -1), ("base", 1.2, -1)], 1.8),
    ],
)
def test_but_scales_words_before_and_behind_it(readings, quirk, amounts, total):
    proved = prove_texts("It is", " affection but ok", Rules(None, quirk))
    assert readings[0] is not None
    found = [(entry.rule, pytest.approx(entry.amount), entry.until) for entry in proved.entries]
    assert found == amounts
    assert proved.totals == pytest.approx({2: 0.0, 3: 2.4, 4: 1.2, 5: total})

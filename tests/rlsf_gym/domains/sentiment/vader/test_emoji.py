"""Emoji, words and their places."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym.domains.sentiment.vader.emoji import spell
from rlsf_gym.domains.sentiment.vader.reading import read
from rlsf_gym.domains.sentiment.vader.stream import Stream
from rlsf_gym.domains.sentiment.vader.words import VOCABULARY


def read_words(text):
    return read(spell(text), Stream(), VOCABULARY)


def test_every_character_that_split_takes_for_white_space_parts_words():
    spaces = [chr(code) for code in range(sys.maxunicode + 1) if not chr(code).split()]
    text = "good" + "bad".join(spaces) + "good"
    assert [word.text for word in read_words(text).stream.words] == text.split()


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("good", "good"),
        ("😀", "grinning face"),
        ("a😀b", "a grinning faceb"),
        ("a 😀 b", "a grinning face b"),
        ("\n😀", "\n grinning face"),
        ("😀😀", "grinning face grinning face"),
    ],
)
def test_emoji_are_spelled_out_with_the_librarys_spaces(text, spelled):
    assert spell(text).text == spelled


def test_words_know_their_place_in_the_raw_text():
    reading = read_words('"Good" 😀x (:) end.')
    words = reading.stream.words
    assert [word.text for word in words] == ["Good", "grinning", "facex", "(:)", "end"]
    assert [reading.span(at) for at in range(len(words))] == [(1, 5), (7, 8), (7, 9), (10, 13), (14, 17)]


@given(st.text(alphabet="ab !😀🔛", max_size=12))
def test_stops_are_lengths_of_spelled_prefixes(text):
    stops = spell(text).stops(0, list(range(len(text) + 1)))
    assert stops == [len(spell(text[:end]).text) for end in range(len(text) + 1)]

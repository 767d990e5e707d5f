"""Words of English text: where they lie, and when they are closed."""

import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym.domains.sentiment.segmentation import EnglishWords
from rlsf_gym.text.bytes import decode_pieces

WORDS = EnglishWords()

some_pieces = st.lists(
    st.one_of(
        st.binary(max_size=3),
        st.sampled_from(
            [b" ", b"\xc3", b"\xa9", "é".encode(), b" good", "😀".encode()[:2], "😀".encode()[2:]]
        ),
    ),
    max_size=12,
)


def test_a_word_is_closed_by_whitespace_or_by_the_end():
    # " un|believ|able film|\n|ok": nothing, nothing, " unbelievable", " unbelievable film", then all
    text = " unbelievable film\nok"
    assert WORDS.closed_ends(text, np.array([3, 9, 18, 19, 21])).tolist() == [0, 0, 13, 18, 21]


def test_punctuation_closes_no_word():
    assert WORDS.closed_ends("good!?", np.array([4, 5, 6])).tolist() == [0, 0, 6]


def test_the_last_token_closes_everything_and_an_empty_response_nothing():
    assert WORDS.closed_ends("good", np.array([4])).tolist() == [4]
    assert WORDS.closed_ends("", np.zeros(0, np.int64)).tolist() == []
    assert WORDS.closed_ends("", np.zeros(2, np.int64)).tolist() == [0, 0]


@given(some_pieces)
def test_closed_ends_against_a_slow_formula(pieces):
    text, char_ends = decode_pieces(pieces)
    expected = [
        max((offset for offset, letter in enumerate(text[:end]) if letter.isspace()), default=0)
        for end in char_ends.tolist()
    ]
    if expected:
        expected[-1] = len(text)
    assert WORDS.closed_ends(text, char_ends).tolist() == expected


@given(st.lists(some_pieces, min_size=1, max_size=5))
def test_a_batch_is_closed_row_by_row(rows):
    read = [decode_pieces(pieces) for pieces in rows]
    size = max(map(len, rows)) + 1
    texts = [text for text, _ in read]
    padded = np.array([[*ends.tolist(), *[len(text)] * (size - len(ends))] for text, ends in read])
    closed = WORDS.closed_ends_batch(texts, padded, np.array([len(pieces) for pieces in rows]))
    for row, (text, ends) in enumerate(read):
        assert closed[row, : len(ends)].tolist() == WORDS.closed_ends(text, ends).tolist()
        assert (closed[row, len(ends) :] == len(text)).all()


def test_all_that_splits_a_text_closes_words():
    spaces = [chr(code) for code in range(sys.maxunicode + 1) if not chr(code).split()]
    for space in spaces:
        assert WORDS.closed_ends(f"a{space}\ufeffb", np.array([3, 4])).tolist() == [1, 4]


def test_words_are_runs_between_whitespace():
    assert WORDS.units(" not  good!\n").tolist() == [[1, 4], [6, 11]]
    assert WORDS.units(" \n").shape == (0, 2)


def test_a_word_ends_before_its_punctuation():
    text = 'It was "good"!? ... (so)'
    # 'It' 2, 'was' 6, '"good' 12 (the quote before it stays), '...' whole 19, '(so' 23
    assert WORDS.ends(text, WORDS.units(text)).tolist() == [2, 6, 12, 19, 23]


def test_words_are_grouped_by_clause():
    text = "So: not good, but short"
    assert WORDS.groups(text, WORDS.units(text)).tolist() == [0, 1, 1, 2, 2]


def test_what_never_closes_is_known_by_white_space_or_script():
    assert WORDS.can_close("good film") is True
    assert WORDS.can_close("\u8fd9\u90e8\u7535\u5f71") is False
    assert WORDS.can_close("\u8fd9\u90e8\u7535") is None
    assert WORDS.can_close("wonderful") is None

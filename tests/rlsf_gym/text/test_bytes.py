"""Characters and tokens, by byte offsets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym.text.bytes import (
    decode_pieces,
    token_spans,
    tokens_of_span,
)

some_pieces = st.lists(
    st.one_of(
        st.binary(max_size=3),
        st.sampled_from(
            [b" ", b"\xc3", b"\xa9", "é".encode(), b" good", "😀".encode()[:2], "😀".encode()[2:]]
        ),
    ),
    max_size=12,
)


def test_a_character_is_certain_once_its_last_byte_is_there():
    text, char_ends = decode_pieces([b" caf", b"\xc3", b"\xa9", b"", b"!"])
    assert text == " café!"
    assert char_ends.tolist() == [4, 4, 5, 5, 6]


def test_half_a_character_at_the_end_is_flushed_as_a_replacement_character():
    text, char_ends = decode_pieces([b"a", b"\xf0\x9f"])
    assert text == "a\ufffd"
    assert char_ends.tolist() == [1, 2]


def test_no_pieces_are_no_text():
    text, char_ends = decode_pieces([])
    assert (text, char_ends.shape, char_ends.dtype) == ("", (0,), np.int64)


@given(some_pieces)
def test_decoding_in_pieces_is_decoding_at_once(pieces):
    text, char_ends = decode_pieces(pieces)
    assert text == b"".join(pieces).decode("utf-8", "replace")
    assert char_ends.dtype == np.int64
    assert (np.diff(char_ends) >= 0).all()
    assert not pieces or char_ends[-1] == len(text)


@given(some_pieces, some_pieces, st.data())
def test_what_is_certain_does_not_depend_on_later_pieces(pieces, later, data):
    kept = data.draw(st.integers(0, max(len(pieces) - 1, 0)))
    text, char_ends = decode_pieces(pieces)
    other, other_ends = decode_pieces(pieces[:kept] + later)
    compared = min(kept, len(pieces[:kept] + later) - 1)  # the last piece flushes
    for position in range(max(compared, 0)):
        assert char_ends[position] == other_ends[position]
        assert text[: char_ends[position]] == other[: other_ends[position]]


def test_spans_of_tokens_are_the_characters_they_complete():
    assert token_spans(np.array([4, 4, 5])).tolist() == [[0, 4], [4, 4], [4, 5]]
    assert token_spans(np.zeros(0, np.int64)).shape == (0, 2)


def test_tokens_of_a_span_by_hand():
    # tokens:  " caf" | half of é | é done | " ok"   characters 0-3, none, 4, 5-7
    char_ends = np.array([4, 4, 5, 8])
    assert list(tokens_of_span(char_ends, 1, 3)) == [0]
    assert list(tokens_of_span(char_ends, 4, 5))[-1] == 2
    assert list(tokens_of_span(char_ends, 6, 8)) == [3]


@given(some_pieces, st.data())
def test_every_span_inside_the_text_has_a_token_that_completes_it(pieces, data):
    text, char_ends = decode_pieces(pieces)
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    tokens = tokens_of_span(char_ends, start, end)
    spans = token_spans(char_ends)
    assert len(tokens) > 0
    touching = [t for t, (first, stop) in enumerate(spans.tolist()) if max(first, start) < min(stop, end)]
    assert [t for t in tokens if spans[t, 0] < spans[t, 1]] == touching


@pytest.mark.parametrize("span", [(2, 2), (3, 2), (-1, 2), (0, 6)])
def test_a_span_outside_the_text_is_refused(span):
    with pytest.raises(ValueError, match=r"span must be non-empty and inside \[0, 5\], got "):
        tokens_of_span(np.array([4, 5]), *span)

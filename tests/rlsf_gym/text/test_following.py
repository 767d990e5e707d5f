"""Text that each token of a vocabulary would add to a response."""

import numpy as np
import pytest

from rlsf_gym.text.bytes import decode_pieces
from rlsf_gym.text.following import Following, read_following
from rlsf_gym.text.tokenizer import ByteTokenizer, load_tokenizer


@pytest.mark.parametrize("name", ["bundled", "bytes"])
@pytest.mark.parametrize("before", [[], [b" caf"], [b" caf", b"\xc3"], [b"\xf0\x9f"], [b"\xf0", b"\x9f\x98"]])
@pytest.mark.parametrize("is_last", [False, True])
def test_texts_are_what_becomes_certain_with_the_token(name: str, before: list[bytes], is_last: bool) -> None:
    tokenizer = load_tokenizer(name)
    certain, ends = decode_pieces([*before, b"x"])  # as before any token that follows
    known = certain[: int(ends[-2])] if before else ""
    pending = b"".join(before)[len(known.encode()) :]
    following = read_following(tokenizer, pending, is_last=is_last)
    assert len(following.texts) == tokenizer.vocab_size
    for token in range(tokenizer.vocab_size):
        pieces = [*before, tokenizer.token_bytes(token)]
        is_over = is_last or token == tokenizer.eos_token_id
        text, stops = decode_pieces(pieces if is_over else [*pieces, b"x"])
        assert known + following.texts[token] == text[: int(stops[len(pieces) - 1])], token


def test_the_end_token_flushes_half_a_character() -> None:
    following = read_following(ByteTokenizer(), b"\xc3")
    assert following.texts[256] == "\ufffd"
    assert following.texts[0xA9] == "é"
    assert following.texts[ord("n")] == "\ufffdn"
    assert following.texts[0xC3] == "\ufffd"  # a second half waits in its place
    assert np.flatnonzero(following.ends).tolist() == [256]


def test_every_token_ends_the_response_at_its_last_position() -> None:
    following = read_following(ByteTokenizer(), is_last=True)
    assert following.ends.all()
    assert following.texts[0xC3] == "\ufffd"


def test_objects_are_compared_by_identity() -> None:
    one, other = (Following(("a",), np.array([False])) for _ in range(2))
    assert one != other
    assert len({one, other}) == 2


def test_the_same_question_has_the_same_object_as_its_answer() -> None:
    tokenizer = ByteTokenizer()
    one = read_following(tokenizer, b"\xc3")
    assert read_following(tokenizer, pending=b"\xc3", is_last=False) is one
    assert read_following(tokenizer, b"\xc3", is_last=True) is not one
    assert read_following(tokenizer) is not one


def test_a_tokenizer_that_cant_be_remembered_is_read_again() -> None:
    class Unhashable(ByteTokenizer):
        __hash__ = None  # type: ignore[assignment]

    tokenizer = Unhashable()
    one, other = read_following(tokenizer), read_following(tokenizer)
    assert one is not other
    assert one.texts == other.texts

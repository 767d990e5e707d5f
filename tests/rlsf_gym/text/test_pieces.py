import copy
import pickle

import pytest

from rlsf_gym.domains.sentiment.toy import ToyTokenizer
from rlsf_gym.text.pieces import PieceTokenizer, read_pieces
from rlsf_gym.text.tokenizer import load_tokenizer
from rlsf_gym.text.vocabulary import read_vocabulary

PIECES = ["1", "2", "12", "123", " -> ", " ", "ß", "."]


def test_the_longest_piece_is_taken_whatever_the_order() -> None:
    tokenizer = PieceTokenizer(PIECES)
    assert tokenizer.encode("1231212") == [3, 2, 2]
    assert tokenizer.encode("1 -> 2 ß.") == [0, 4, 1, 5, 6, 7]  # " -> " and not " "
    assert tokenizer.encode("") == []


def test_ids_stand_for_their_texts_and_the_last_one_ends() -> None:
    tokenizer = PieceTokenizer(PIECES)
    assert (tokenizer.vocab_size, tokenizer.eos_token_id) == (9, 8)
    assert [tokenizer.token_bytes(token) for token in (3, 6, 8)] == [b"123", b"\xc3\x9f", b""]
    assert tokenizer.decode([0, 4, 6, 8]) == "1 -> ß"
    for token in (-1, 9):
        with pytest.raises(ValueError, match=r"token_id must lie in 0\.\.8, got"):
            tokenizer.token_bytes(token)


def test_a_text_that_is_not_made_of_pieces_is_refused_with_the_place() -> None:
    with pytest.raises(ValueError, match=r"none of which begins 'x2', got '12x2': take another tokenizer"):
        PieceTokenizer(PIECES).encode("12x2")


@pytest.mark.parametrize("pieces", [[], ["a", ""], ["a", "b", "a"]])
def test_pieces_have_to_differ(pieces: list[str]) -> None:
    with pytest.raises(ValueError, match=r"^pieces must be texts that differ, none of them empty, got "):
        PieceTokenizer(pieces)


def test_equal_pieces_make_equal_tokenizers() -> None:
    tokenizer = PieceTokenizer(PIECES)
    for copied in (copy.deepcopy(tokenizer), pickle.loads(pickle.dumps(tokenizer)), PieceTokenizer(PIECES)):
        assert copied == tokenizer
        assert hash(copied) == hash(tokenizer)
    assert tokenizer != PieceTokenizer(PIECES[::-1])
    assert tokenizer != PIECES


def test_it_is_a_tokenizer_with_a_vocabulary_as_files_write_it() -> None:
    assert load_tokenizer(PieceTokenizer(PIECES)) == PieceTokenizer(PIECES)
    vocabulary = {"1": 0, "2": 1, "12": 2, "123": 3, "Ġ->Ġ": 4, "Ġ": 5, "ÃŁ": 6, ".": 7, "<|endoftext|>": 8}
    assert dict(read_vocabulary(PieceTokenizer(PIECES))) == vocabulary


def test_the_toy_language_is_made_of_pieces() -> None:
    tokenizer = ToyTokenizer()
    assert isinstance(tokenizer, PieceTokenizer)
    assert tokenizer.decode(tokenizer.encode("The film was not bad!")) == "The film was not bad!"
    assert repr(tokenizer) == "ToyTokenizer()"


def describe(tokenizer: PieceTokenizer, **changes: object) -> dict[str, object]:
    """Returns a tokenizer.json of pieces, with other parts where they are given."""
    split = {"type": "Split", "pattern": {"Regex": tokenizer.pattern}, "behavior": "Isolated"}
    model = {"type": "WordLevel", "vocab": dict(read_vocabulary(tokenizer))}
    return {"model": model | changes, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split]}}


def test_pieces_are_read_from_a_file_that_has_one_word_for_each() -> None:
    tokenizer = PieceTokenizer(PIECES)
    assert read_pieces(describe(tokenizer)) == tokenizer
    assert read_pieces(describe(tokenizer, type="BPE")) is None
    assert read_pieces(describe(tokenizer, vocab={"1": 0, "2": 2, "3": 3})) is None
    assert read_pieces(describe(tokenizer, vocab={"1": 0, "2": 1, "<|endoftext|>": 2})) is None  # the pattern
    assert read_pieces(describe(tokenizer) | {"pre_tokenizer": None}) is None
    assert read_pieces(describe(tokenizer) | {"pre_tokenizer": {"type": "ByteLevel"}}) is None

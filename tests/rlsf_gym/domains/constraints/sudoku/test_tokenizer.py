import pytest

from rlsf_gym.domains.constraints.sudoku.tokenizer import SudokuTokenizer
from rlsf_gym.text.tokenizer import load_tokenizer


def test_every_character_is_a_token():
    tokenizer = load_tokenizer("sudoku")
    assert isinstance(tokenizer, SudokuTokenizer) and tokenizer.vocab_size == 12
    assert tokenizer.encode("1.9\n4") == [0, 9, 8, 10, 3]
    assert tokenizer.decode([0, 9, 8, 10, 3, 11]) == "1.9\n4"
    assert (tokenizer.token_bytes(10), tokenizer.token_bytes(11)) == (b"\n", b"")
    assert repr(tokenizer) == "SudokuTokenizer()"


def test_other_characters_are_refused():
    with pytest.raises(ValueError, match="text must be made of the tokenizer's 11 pieces"):
        SudokuTokenizer().encode("10")

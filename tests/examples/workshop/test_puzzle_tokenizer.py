"""The tokenizers that lie beside the bundled policies for puzzles."""

import numpy as np
import pytest
from transformers import AutoTokenizer

from agents.policies.bundled import bundled_folder
from agents.policies.vocabulary import read_tokenizer
from examples.workshop.puzzle_answers import ANSWERS
from examples.workshop.puzzle_tokenizer import save_tokenizer
from rlsf_gym.text.pieces import PieceTokenizer
from rlsf_gym.text.tokenizer import load_tokenizer
from rlsf_gym.text.vocabulary import hash_vocabulary


def test_pieces_are_split_as_the_environment_splits_them(tmp_path):
    tokenizer = PieceTokenizer(["1", "12", "123", " ", " -> ", ".", "\n", "|", "é"])
    save_tokenizer(tokenizer, tmp_path, 32)
    read = AutoTokenizer.from_pretrained(tmp_path)
    for text in ("12312 -> 1\n", "|é.é|", "1 12  1", ""):
        assert read.encode(text, add_special_tokens=False) == tokenizer.encode(text)
        assert read.decode(tokenizer.encode(text)) == text
    assert (read.eos_token_id, read.model_max_length) == (9, 32)
    assert read_tokenizer(tmp_path).sha256(10) == hash_vocabulary(tokenizer)
    for path in (tmp_path, tmp_path / "tokenizer.json"):
        assert load_tokenizer(path) == tokenizer


@pytest.mark.parametrize("domain", ANSWERS)
def test_a_policy_comes_with_the_tokenizer_of_its_environments(domain, tmp_path):
    """Who changes the pieces of a domain has to train its policy anew."""
    answers, folder = ANSWERS[domain](), bundled_folder(f"gpt2-{domain}-1m")
    save_tokenizer(answers.tokenizer, tmp_path, answers.positions)
    for path in tmp_path.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()
    read = AutoTokenizer.from_pretrained(folder)
    rng = np.random.default_rng(0)
    for prompt, answer in (answers.draw(rng) for _ in range(50)):
        assert read.encode(prompt + answer) == answers.tokenizer.encode(prompt + answer)
    found = read_tokenizer(folder).sha256(answers.tokenizer.vocab_size)
    assert found == hash_vocabulary(answers.tokenizer)

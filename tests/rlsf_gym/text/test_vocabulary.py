"""rlsf_gym/text/vocabulary.py: the fingerprint by which learners tell vocabularies apart."""

from __future__ import annotations

import gymnasium as gym
import pytest
from gymnasium.vector import AsyncVectorEnv
from tokenizers import Tokenizer, models

from rlsf_gym.text.byte_pair import byte_of_character
from rlsf_gym.text.tokenizer import ByteTokenizer, load_tokenizer
from rlsf_gym.text.vocabulary import hash_vocabulary, read_vocabulary

BUNDLED = "a1aec3c0940817ce66864f7e2c802f622f81948fa8f9a4ad8151d65d9ca7713a"
"""Also that of `agents/assets`, see tests/agents/policies/test_vocabulary.py."""


class Words:
    """Three pieces, one of them without bytes, one there twice, and an end."""

    vocab_size, eos_token_id = 5, 1

    def token_bytes(self, number):
        return (b" a", b"", b"b\xff", b"", b" a")[number]


def test_tokens_without_a_file_are_written_as_byte_level_bpe_writes_them():
    assert read_vocabulary(Words()) == {"<|endoftext|>": 1, "Ġa": 0, "bÿ": 2, "<|3|>": 3, "<|4|>": 4}


def test_the_hash_is_that_of_pairs_in_json():
    """sha256 of [[0,"a"],[1,"\\u0120b"]], by sha256sum."""

    class Two:
        vocabulary = {"Ġb": 1, "a": 0}

    assert hash_vocabulary(Two()) == "d46310e8e87110f50fcf305ec298bc150c7a0542422b73b2877bb16b270f3ef8"


def test_the_bundled_one():
    assert hash_vocabulary(load_tokenizer("bundled")) == BUNDLED
    assert len(read_vocabulary(load_tokenizer("bundled"))) == 4096


def test_a_file_and_its_parts_have_one_hash(tmp_path):
    vocab = {
        token: number for number, token in enumerate([*sorted(byte_of_character()), "ab", "<|endoftext|>"])
    }
    backend = Tokenizer(models.BPE(vocab=vocab, merges=[("a", "b")]))
    backend.model.save(str(tmp_path))
    parts = load_tokenizer(str(tmp_path))
    backend.pre_tokenizer = load_tokenizer("bundled")._backend.pre_tokenizer
    backend.add_special_tokens(["<|endoftext|>"])
    backend.save(str(tmp_path / "tokenizer.json"))
    assert hash_vocabulary(load_tokenizer(str(tmp_path / "tokenizer.json"))) == hash_vocabulary(parts)
    assert hash_vocabulary(parts) != hash_vocabulary(ByteTokenizer())


@pytest.mark.parametrize("name", ["Sentiment", "SentimentText", "SentimentToken"])
def test_every_episode_begins_with_it(name):
    info = gym.make(f"rlsf_gym:rlsf_gym/{name}-v0").reset(seed=0)[1]
    assert info["vocabulary_sha256"] == BUNDLED


def test_it_crosses_processes():
    env = AsyncVectorEnv([lambda: gym.make("rlsf_gym:rlsf_gym/Sentiment-v0")] * 2)
    try:
        assert env.reset(seed=0)[1]["vocabulary_sha256"].tolist() == [BUNDLED] * 2
    finally:
        env.close()

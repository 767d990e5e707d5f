"""What trainers hand over, as the environments take it."""

import json

import gymnasium as gym
import numpy as np
import pytest
from tokenizers import Tokenizer, models

from rlsf_gym.integrations.reading import (
    read_instance,
    read_opening,
    read_settings,
    read_tokenizer,
    to_plain,
)
from rlsf_gym.text.tokenizer import ByteTokenizer
from tests.helpers.byte_level import Fast, byte_level


def test_a_trainers_tokenizer_keeps_its_end_token():
    tokenizer = read_tokenizer(Fast(byte_level(), "<|im_end|>"))
    assert tokenizer.token_bytes(tokenizer.encode("n")[0]) == b"n"
    assert tokenizer.eos_token_id == byte_level().token_to_id("<|im_end|>")
    assert tokenizer.eos_token_id != byte_level().token_to_id("<|endoftext|>")


def test_a_tokenizer_of_an_environment_is_taken_as_it_is():
    own = ByteTokenizer()
    assert read_tokenizer(own) is own


def test_one_that_is_not_byte_level_is_refused():
    words = Tokenizer(models.WordLevel({"a": 0, "</s>": 1}, unk_token="a"))
    with pytest.raises(ValueError, match="byte-level"):
        read_tokenizer(Fast(words, "</s>"))
    with pytest.raises(
        ValueError, match=r"tokenizer must be one of the tokenizers library .*, got object: name"
    ):
        read_tokenizer(object())


def test_a_row_of_a_table_becomes_plain_data():
    row = {"numbers": np.array([3, 5]), "target": np.int64(8), "grid": [np.array([1])]}
    assert read_opening(row, "x") == {"instances": [{"numbers": [3, 5], "target": 8, "grid": [[1]]}]}
    assert type(read_opening(row, "x")["instances"][0]["target"]) is int


def test_data_that_json_can_not_hold_is_refused_by_name():
    with pytest.raises(TypeError, match=r"^instance must hold plain data and arrays, got set$"):
        read_instance({"numbers": {3, 5}})
    with pytest.raises(ValueError, match=r"^info must hold finite numbers, got \{'score': .*nan"):
        to_plain({"score": np.float32("nan")}, "info")


def test_statements_of_knights_and_knaves_fit_into_a_table_as_json():
    env = gym.make("rlsf_gym:rlsf_gym/KnightsAndKnaves-v0")
    instance = env.reset(seed=0)[1]["instance"]
    opening = read_opening(json.dumps(instance), "x")
    assert opening == {"instances": [instance]}
    assert env.reset(options={"instance": opening["instances"][0]})[1]["instance"] == instance


@pytest.mark.parametrize("text", ["{a film", "[1]", "5", '"a"', ""])
def test_text_that_is_no_json_of_a_dict_is_a_prompt(text):
    assert read_opening(text, "x") == {"prompts": [text]}


@pytest.mark.parametrize("truth", [None, 3, ["a"]])
def test_what_begins_no_episode_is_refused(truth):
    with pytest.raises(
        ValueError, match=r"^ground_truth must be the data of the episode's instance, a dict or its JSON, or"
    ):
        read_opening(truth, "ground_truth")


def test_settings_are_plain():
    assert read_settings({"a": ({"b": (1, "c")}, None)}) == {"a": [{"b": [1, "c"]}, None]}

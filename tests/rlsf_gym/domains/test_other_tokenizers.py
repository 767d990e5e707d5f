"""Puzzles under other tokenizers: whatever the pieces of a number, a character is worth the same."""

from __future__ import annotations

import os
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers, trainers

import rlsf_gym  # noqa: F401 # registers the environments
from rlsf_gym.text.tokenizer import load_tokenizer

COUNTDOWN = {"numbers": [25, 7, 100], "target": 75}
SUDOKU = {"grid": "1...3..2.1...3.1"}
KNIGHTS = {"statements": [["is", "B", "knave"], ["same", "A", "C"], ["is", "A", "knave"]]}
CASES = [
    ("Countdown", COUNTDOWN, "100-25=75,7+75=82"),
    ("Countdown", COUNTDOWN, "25/100=(1/4),7*(1/4)=(7/4)"),
    ("Countdown", COUNTDOWN, " 7 - 100=-93, 25"),
    ("Countdown", {"numbers": [12, 13, 14], "target": 170}, "12*13=156,156+14=170"),
    ("Countdown", {"numbers": [12, 13, 14], "target": 170}, "12*13=156,14+156=170"),
    ("Countdown", {"numbers": [12, 13, 14], "target": 170}, "12*14=168,13+168=181"),
    ("Sudoku", SUDOKU, "1234341221434321"),
    ("Sudoku", SUDOKU, "1234 3412 2143 4331"),
    ("Sudoku", SUDOKU, "12343"),
    ("KnightsAndKnaves", KNIGHTS, "A is a knight. B is a knave. C is a knave."),
    ("KnightsAndKnaves", KNIGHTS, "C is a knave. A is a knight. B is a knight."),
    ("KnightsAndKnaves", KNIGHTS, "B is a knave. A is a spy."),
]


def llama_like():
    """Byte-level BPE that takes digits one by one, as Llama's does, trained on a few phrases."""
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        show_progress=False,
        special_tokens=["</s>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    backend.train_from_iterator(["A is a knight. B is a knave.", "25 -> 75: ", "),("] * 9, trainer)
    return load_tokenizer(backend)


def gpt2():
    if "RLSF_DATA" not in os.environ:
        pytest.skip("RLSF_DATA is not set")
    return load_tokenizer(Path(os.environ["RLSF_DATA"]) / "gpt2-tokenizer")


def play(name, tokenizer, data, text, **kwargs):
    """Returns the info of an answer, and where in it each token begins and the last one ends."""
    env = gym.make(
        f"rlsf_gym/{name}-v0", tokenizer=tokenizer, prefix_values=True, max_prompt_tokens=256,
        max_new_tokens=64, domain_kwargs=kwargs, disable_env_checker=True,
    )  # fmt: skip
    env.reset(seed=0, options={"instance": data})
    ids = [*tokenizer.encode(text), tokenizer.eos_token_id]
    action = np.full(64, tokenizer.vocab_size)
    action[: len(ids)] = ids
    info = env.step(action)[4]
    assert info["response_text"] == text
    return info, np.cumsum([0, *(len(tokenizer.token_bytes(token)) for token in ids)])


@pytest.mark.parametrize("make", [llama_like, pytest.param(gpt2, marks=pytest.mark.data)])
@pytest.mark.parametrize("value", ["random", "solvable"])
@pytest.mark.parametrize(("name", "data", "text"), CASES)
def test_a_character_is_worth_the_same_whatever_the_token(make, value, name, data, text):
    if name != "Countdown":
        pytest.importorskip("pysat")
    single, _ = play(name, load_tokenizer("bytes"), data, text, value=value)
    own, borders = play(name, make(), data, text, value=value)
    before = single["prefix_values"]  # float32 (T,), before each character and the end token
    length = own["response_length"]
    np.testing.assert_allclose(own["prefix_values"][:length], before[borders[:-1]], rtol=0, atol=1e-6)
    assert own["score"] == single["score"]
    after = np.append(before[borders[1:-1]], np.float32(single["token_rewards"].sum(dtype=np.float64)))
    np.testing.assert_allclose(own["token_rewards"][:length], after - before[borders[:-1]], rtol=0, atol=1e-6)


def test_numbers_lie_in_several_tokens():
    tokenizer = llama_like()
    pieces = [tokenizer.token_bytes(token).decode() for token in tokenizer.encode("100-25=75,")]
    assert pieces == ["1", "0", "0", "-", "2", "5", "=", "7", "5", ","]
    assert len(tokenizer.encode("A is a knight.")) < 10

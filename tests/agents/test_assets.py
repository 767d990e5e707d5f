"""The bundled language models."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, GPT2LMHeadModel

from agents.policies.bundled import bundled_names

NGRAM_BITS_PER_BYTE = 1.579
"""Of the interpolated Kneser-Ney 5-gram over the same tokens, as workshop/ngram_baseline.py measures it."""

ASSETS = Path(__file__).parents[2] / "agents" / "assets"
FILES = {
    "config.json", "model.safetensors", "training.json", "README.md", "tokenizer.json",
    "tokenizer_config.json",
}  # fmt: skip
SIZES = {
    "gpt2-imdb-4m": (4096, 256, 9_000_000),
    "gpt2-countdown-1m": (62, 96, 2_500_000),
    "gpt2-knights-1m": (41, 96, 2_500_000),
    "gpt2-sudoku-1m": (12, 64, 2_500_000),
}
"""Tokens, positions, and the bytes that a folder may have."""
_CLAIM = "[ABC] is a kn(ight|ave)[.]"
PUZZLES = {
    "gpt2-countdown-1m": ("5 7 11 -> 24: ", "[^=,]+=[^=,]+,[^=,]+=[^=,]+"),
    "gpt2-knights-1m": (
        "A says: B is a knave. B says: A and C are of the same kind. C says: A is a knight.\n",
        f"{_CLAIM} {_CLAIM} {_CLAIM}",
    ),
    "gpt2-sudoku-1m": ("1..44..1.1..2..3\n", "1[1-4]{2}44[1-4]{2}1[1-4]1[1-4]{2}2[1-4]{2}3"),
}
"""A prompt of each, and a pattern of its answers."""

each = pytest.mark.parametrize("name", SIZES)
each_of_puzzles = pytest.mark.parametrize("name", PUZZLES)


def read_figures(name: str) -> dict[str, object]:
    return json.loads((ASSETS / name / "training.json").read_text(encoding="utf-8"))


def test_each_has_a_name() -> None:
    assert set(bundled_names()) == {*SIZES, "bundled"} - {"gpt2-imdb-4m"}


@each
def test_files_are_small_and_nothing_is_pickled(name: str) -> None:
    files = {file.name: file.stat().st_size for file in (ASSETS / name).iterdir()}
    assert set(files) == FILES
    assert sum(files.values()) <= SIZES[name][2]


@each
def test_model_loads_in_single_precision(name: str) -> None:
    vocab_size, positions, _ = SIZES[name]
    model = GPT2LMHeadModel.from_pretrained(ASSETS / name, local_files_only=True)
    config = model.config
    assert (config.vocab_size, config.n_positions, config.eos_token_id) == (
        vocab_size,
        positions,
        vocab_size - 1,
    )
    assert model.dtype == torch.float32
    assert model.lm_head.weight is model.transformer.wte.weight
    with torch.no_grad():
        logits = model(input_ids=torch.arange(8)[None]).logits
    assert logits.shape == (1, 8, vocab_size)
    assert torch.isfinite(logits).all()


def test_card_tells_the_measured_figures() -> None:
    figures = read_figures("gpt2-imdb-4m")
    card = (ASSETS / "gpt2-imdb-4m" / "README.md").read_text(encoding="utf-8")
    assert 0.5 < figures["test_bits_per_byte"] < NGRAM_BITS_PER_BYTE
    assert f"{figures['test_bits_per_byte']:.3f}" in card
    assert f"{figures['tokens']:,}" in card


@each_of_puzzles
def test_policies_for_puzzles_start_well_formed_and_seldom_right(name: str) -> None:
    found = read_figures(name)["held_out"]
    assert found["episodes"] >= 2000
    assert 0.01 <= found["solved"] / found["episodes"] <= 0.15
    assert found["well_formed"] / found["episodes"] >= 0.95
    card = (ASSETS / name / "README.md").read_text(encoding="utf-8")
    for key in ("solved", "well_formed"):
        assert f"| {100 * found[key] / found['episodes']:.1f}% |" in card
    assert f"{read_figures(name)['parameters']:,} parameters" in card


@each_of_puzzles
def test_answers_are_written_in_the_form_of_the_puzzle(name: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(ASSETS / name, local_files_only=True)
    model = GPT2LMHeadModel.from_pretrained(ASSETS / name, local_files_only=True)
    prompt, form = PUZZLES[name]
    ids = tokenizer.encode(prompt, return_tensors="pt")
    assert tokenizer.decode(ids[0]) == prompt
    written = model.generate(ids, max_new_tokens=40, do_sample=False, pad_token_id=model.config.eos_token_id)
    answer = written[0, ids.shape[1] :].tolist()
    assert answer[-1] == model.config.eos_token_id
    assert re.fullmatch(form, tokenizer.decode(answer[:-1]))

"""The bundled language model."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import GPT2LMHeadModel

NGRAM_BITS_PER_BYTE = 1.579
"""Of the interpolated Kneser-Ney 5-gram over the same tokens, as workshop/ngram_baseline.py measures it."""

FOLDER = Path(__file__).parents[2] / "agents" / "assets" / "gpt2-imdb-4m"


def test_files_are_small_and_nothing_is_pickled() -> None:
    files = {file.name: file.stat().st_size for file in FOLDER.iterdir()}
    assert set(files) == {
        "config.json", "model.safetensors", "training.json", "README.md", "tokenizer.json",
        "tokenizer_config.json",
    }  # fmt: skip
    assert sum(files.values()) <= 9_000_000


def test_model_loads_in_single_precision() -> None:
    model = GPT2LMHeadModel.from_pretrained(FOLDER, local_files_only=True)
    config = model.config
    assert (config.vocab_size, config.n_positions, config.eos_token_id) == (4096, 256, 4095)
    assert model.dtype == torch.float32
    assert model.lm_head.weight is model.transformer.wte.weight
    with torch.no_grad():
        logits = model(input_ids=torch.arange(8)[None]).logits
    assert logits.shape == (1, 8, 4096)
    assert torch.isfinite(logits).all()


def test_card_tells_the_measured_figures() -> None:
    figures = json.loads((FOLDER / "training.json").read_text(encoding="utf-8"))
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert 0.5 < figures["test_bits_per_byte"] < NGRAM_BITS_PER_BYTE
    assert f"{figures['test_bits_per_byte']:.3f}" in card
    assert f"{figures['tokens']:,}" in card

"""Writes a tokenizer of pieces as `AutoTokenizer` reads it, with the same ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as Backend

from examples.workshop.imdb_tokens import END_TOKEN, TOKENIZER_CONFIG
from rlsf_gym.text.pieces import PieceTokenizer
from rlsf_gym.text.vocabulary import read_vocabulary


def make_backend(tokenizer: PieceTokenizer) -> Backend:
    """Returns the tokenizer of the tokenizers library that splits a text into the same ids.

    Each piece is one word of the vocabulary; a pattern with the longest pieces first splits texts into them.
    """
    backend: Any = Backend(models.WordLevel(dict(read_vocabulary(tokenizer)), unk_token=END_TOKEN))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(tokenizer.pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(END_TOKEN, special=True, normalized=False)])
    return backend


def save_tokenizer(tokenizer: PieceTokenizer, folder: Path, positions: int) -> None:
    """Writes tokenizer.json and tokenizer_config.json into the folder of a model with so many positions."""
    make_backend(tokenizer).save(str(folder / "tokenizer.json"))
    config = json.dumps(TOKENIZER_CONFIG | {"model_max_length": positions}, indent=2, sort_keys=True)
    (folder / "tokenizer_config.json").write_text(config + "\n", encoding="utf-8")

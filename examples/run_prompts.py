"""The prompts of a run: read once, split, and known by their hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import settings as flags

from rlsf_gym.prompts import Prompts, load_prompts
from rlsf_gym.tokenizer import load_tokenizer

Settings = Mapping[str, Any]


def has_splits(settings: Settings) -> bool:
    """Returns whether there are enough prompts to hold some out; an explained error if there are none."""
    try:
        return all(read_prompts(settings, split) for split in ("train", "eval"))
    except ValueError:
        read_prompts(settings, "all")
        return False


def read_prompts(settings: Settings, split: str) -> Prompts:
    """Returns the prompts of one split."""
    arguments = flags.env_kwargs(settings)
    return read_source(arguments["prompts"], arguments["tokenizer"], split, arguments["max_prompt_tokens"])


def hash_prompts(settings: Settings) -> str:
    """Returns the SHA-256 of all prompts of the run, in their order."""
    splits = ("train", "eval") if has_splits(settings) else ("all",)
    texts = [read_prompts(settings, split).texts for split in splits]
    return hashlib.sha256(json.dumps(texts).encode("ascii")).hexdigest()


@cache  # a run asks several times, and a data set of reviews takes seconds to prepare
def read_source(prompts: str, tokenizer: str, split: str, longest: int) -> Prompts:
    """Returns the prompts of one split of a source, of at most `longest` tokens."""
    return load_prompts(prompts, tokenizer=load_tokenizer(tokenizer), split=split, max_prompt_tokens=longest)

"""The prompts of a run: read once, split, and known by their hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from rlsf_gym.presets.task_flags import env_kwargs
from rlsf_gym.prompts import PROMPTS, Prompts, load_prompts
from rlsf_gym.tokenizer import Tokenizer, load_tokenizer

Settings = Mapping[str, Any]


def place(settings: Settings, part: str) -> tuple[str, str]:
    """Returns the source and the split of the prompts of a part, "train" or "eval"."""
    if settings["eval_prompts"] is not None:
        return settings["prompts" if part == "train" else "eval_prompts"], "all"
    return settings["prompts"], part if has_splits(settings) else "all"


def has_splits(settings: Settings) -> bool:
    """Returns whether there are enough prompts to hold some out; an explained error if there is no prompt."""
    try:
        return all(read_source(settings, settings["prompts"], split) for split in ("train", "eval"))
    except ValueError:
        read_source(settings, settings["prompts"], "all")
        return False


def read_prompts(settings: Settings, part: str) -> Prompts:
    """Returns the prompts of a part, "train" or "eval"."""
    return read_source(settings, *place(settings, part))


def notes(settings: Settings) -> list[str]:
    """Returns notes to the user about prompts that are not held out."""
    if settings["eval_prompts"] is None:
        few = "too few prompts to hold some out: the evaluation uses those of the training"
        return [] if has_splits(settings) else [few]
    trained = set(read_prompts(settings, "train").texts)
    held_out = read_prompts(settings, "eval").texts
    both = sum(prompt in trained for prompt in held_out)
    return [f"{both} of the {len(held_out)} held-out prompts are training prompts as well"] if both else []


def hash_prompts(settings: Settings) -> str:
    """Returns the SHA-256 of all prompts of the run, in their order."""
    places = [place(settings, part) for part in ("train", "eval")]
    texts = [read_source(settings, *one).texts for one in dict.fromkeys(places)]
    return hashlib.sha256(json.dumps(texts).encode("ascii")).hexdigest()


def source_kwargs(settings: Settings, source: str) -> dict[str, Any]:
    """Returns the environment's `prompts_kwargs` for a source of the run.

    `--prompts-column` is that of the tables among `--prompts` and `--eval-prompts`: beside a table, lines of
    text and the bundled prompts, which have no columns, are read without it.
    """
    kwargs = dict(env_kwargs(settings)["prompts_kwargs"] or {})
    others = {settings["prompts"], settings["eval_prompts"] or settings["prompts"]} - {source}
    if not _has_columns(source) and any(map(_has_columns, others)):
        kwargs.pop("column", None)
    return kwargs


def _has_columns(source: str) -> bool:
    return source not in PROMPTS and not source.lower().endswith(".txt")


def read_source(settings: Settings, source: str, split: str) -> Prompts:
    """Returns the prompts of one split of a source, as the environment reads them."""
    arguments = env_kwargs(settings)
    wanted = {
        "split": split,
        "max_prompt_tokens": arguments["max_prompt_tokens"],
        **source_kwargs(settings, source),
    }
    wanted_by = "--tokenizer" if settings["tokenizer"] else "--policy"
    try:
        read_tokenizer(arguments["tokenizer"])
    except ValueError as error:
        raise ValueError(f"{wanted_by}: {error}") from error
    return _read(source, arguments["tokenizer"], json.dumps(wanted, sort_keys=True))


@cache  # a run asks several times, and a data set of reviews takes seconds to prepare
def _read(source: str, tokenizer: str, wanted: str) -> Prompts:
    return load_prompts(source, tokenizer=read_tokenizer(tokenizer), **json.loads(wanted))


@cache
def read_tokenizer(name: str) -> Tokenizer:
    """Returns a tokenizer by its name, loaded once."""
    return load_tokenizer(name)

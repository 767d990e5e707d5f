"""The instances of a run on a domain that makes its prompts: known by a hash of what decides them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rlsf_gym.domains import Domain
from rlsf_gym.instance import Instances
from rlsf_gym.text.tokenizer import load_tokenizer
from rlsf_gym.text.vocabulary import read_vocabulary

__all__ = ["check_flags", "defaults_of", "describe", "find_tokenizer", "flag_texts", "hash_instances"]

Settings = Mapping[str, Any]
PROMPT_FLAGS = ("prompts", "prompts_column", "eval_prompts")
"""Settings of prompts of plain text, by the keys of their flags."""
DRAWN = 4
"""Instances of each split that are hashed: files and ranges that the arguments name can change."""


def defaults_of(domain: Domain) -> dict[str, Any]:
    """Returns the defaults of flags that follow from a domain: its scorer, and how long texts are."""
    given = domain.defaults
    sizes = {key: given[key] for key in ("max_prompt_tokens",) if key in given}
    length = {"response_length": str(given["max_new_tokens"])} if "max_new_tokens" in given else {}
    return {**dict.fromkeys(PROMPT_FLAGS), "scorer": domain.scorer, "judge": "none", **sizes, **length}


def flag_texts(domain: Domain) -> dict[str, str]:
    """Returns what `--help` says of flags that a domain gives another meaning, by their keys."""
    return {
        **dict.fromkeys(PROMPT_FLAGS, "for domains of plain text alone: this one makes its prompts"),
        "scorer": f"{', '.join(map(repr, domain.scorers))}, or module:attribute",
        "judge": "held-out judge, only reported: 'none', a path, or a name",
    }


def find_tokenizer(domain: Domain, policy: str, *, own: bool) -> str | None:
    """Returns the name of the domain's tokenizer for a policy that was made for it, None for any other.

    Args:
        domain: The domain.
        policy: Name or folder of the policy.
        own: Whether it is the one that the domain's task names.
    """
    name = domain.defaults.get("tokenizer")
    if not isinstance(name, str):
        return None
    file = Path(policy) / "tokenizer.json"
    if own or (file.is_file() and _read_tokens(file) == dict(read_vocabulary(load_tokenizer(name)))):
        return name
    return None


def _read_tokens(file: Path) -> dict[str, int]:
    """Returns token to id of a file of the tokenizers library; none where it is of another kind."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        added = {str(one["content"]): int(one["id"]) for one in data.get("added_tokens", ())}
        return {**{str(token): int(number) for token, number in data["model"]["vocab"].items()}, **added}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}  # whoever loads it says what is wrong


def check_flags(domain: str, settings: Settings) -> None:
    """Refuses flags of prompts, and passes over them.

    Raises:
        ValueError: If one is given: the message names the flag and the reason.
    """
    for key in PROMPT_FLAGS:
        if settings[key] is not None:
            raise ValueError(
                f"--{key.replace('_', '-')}: domain {domain!r} makes its prompts, and holds some out for the "
                "evaluation: say which by --domain-kwargs"
            )
    if settings["epochs"] is not None:
        raise ValueError(f"--epochs: domain {domain!r} draws its instances without end: give --episodes")


def describe(domain: str, kwargs: Settings) -> str:
    """Returns the source of the instances in words.

    Example:
        >>> describe("digits", {"most": 9})
        "domain 'digits' with most=9"
    """
    told = " ".join(f"{key}={json.dumps(value)}" for key, value in kwargs.items())
    return f"domain {domain!r}" + (f" with {told}" if told else "")


def hash_instances(domain: str, kwargs: Settings, instances: Callable[[str], Instances]) -> str:
    """Returns the SHA-256 of the arguments of a domain, and of the first instances that each split draws.

    Args:
        domain: Name of the domain.
        kwargs: Its arguments, plain values.
        instances: From a split to a source of instances.
    """
    drawn = {split: _draw(instances(split)) for split in ("train", "eval")}
    text = json.dumps([domain, kwargs, drawn], sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _draw(source: Instances) -> list[Any]:
    rng = np.random.default_rng(0)
    return [[one.prompt, one.data] for one in (source.sample(rng) for _ in range(DRAWN))]

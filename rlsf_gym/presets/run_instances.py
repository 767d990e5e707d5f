"""The instances of a run on a domain that makes its prompts: known by a hash of what decides them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rlsf_gym.domains import Domain
from rlsf_gym.instance import Instances

__all__ = ["check_flags", "defaults_of", "describe", "flag_texts", "hash_instances"]

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

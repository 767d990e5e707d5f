"""Lets `module:attribute` name a module in the working folder, as `python -m` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, cast

PLACES = (
    *("scorer", "objective", "reward_design", "tokenizer", "prompts", "eval_prompts", "judge"),
    *("domain_kwargs", "scorer_kwargs", "env_kwargs", "designs"),
)
"""Settings in which it may stand."""


def find_own_modules(settings: Mapping[str, Any]) -> None:
    """Adds the working folder to the modules' path if a setting names `module:attribute`.

    It comes last: a file there takes the place of no module that is installed. Where nothing is named,
    nothing there can be imported.
    """
    folder = os.getcwd()
    if folder not in sys.path and any(names_module(settings.get(key)) for key in PLACES):
        sys.path.append(folder)


def names_module(value: Any) -> bool:
    """Returns whether a setting, or something in it, is `module:attribute`.

    Example:
        >>> names_module("my_scorer:Rhymes"), names_module({"a": ["b.c:d"]}), names_module("C:/texts.csv")
        (True, True, False)
    """
    if isinstance(value, Mapping):
        return any(map(names_module, cast("Mapping[str, Any]", value).values()))
    if isinstance(value, list | tuple):
        return any(map(names_module, cast("list[Any]", value)))
    if not isinstance(value, str):
        return False
    module, separator, attribute = value.partition(":")
    return bool(separator) and all(
        name.isidentifier() for name in (*module.split("."), *attribute.split("."))
    )

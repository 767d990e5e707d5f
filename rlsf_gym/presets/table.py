"""The preset of each domain, by its name; entry points name them `rlsf_gym.presets.table:NAME`."""

from __future__ import annotations

from functools import cache
from typing import Any

from rlsf_gym.domains import DOMAINS, load_domain
from rlsf_gym.presets.preset import TaskPreset


@cache
def load_preset(domain: str) -> TaskPreset:
    """Returns the task that a domain describes as its `training`.

    Raises:
        ValueError: If there is no such domain, or it describes no training task.
    """
    described = load_domain(domain).training
    if not described:
        raise ValueError(f"domain {domain!r} must say what a training run on it is, in `training`, got none")
    return TaskPreset(**described)


def __getattr__(name: str) -> Any:
    """Returns the preset of a domain as an attribute."""
    if name not in DOMAINS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load_preset(name)

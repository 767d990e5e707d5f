"""Nested settings: look up dotted keys, merge tables key by key, expand grids.

A dotted key is a path: "config.lam" is `settings["config"]["lam"]`. Nothing here changes its arguments.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

Settings = Mapping[str, Any]


def look_up(settings: Settings, key: str) -> Any:
    """Returns the value under a dotted key; None where the settings lack the key.

    Example:
        >>> look_up({"config": {"lam": 0.95}}, "config.lam")
        0.95
    """
    found: Any = settings
    for part in key.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = cast(Any, found[part])
    return found


def matches(settings: Settings, where: Mapping[str, Any]) -> bool:
    """Returns whether settings have the values that dotted keys are mapped to; None: they lack the key."""
    return all(look_up(settings, key) == value for key, value in where.items())


def merge(below: Settings, above: Settings) -> dict[str, Any]:
    """Returns tables merged key by key; values of `above` count where both have one.

    Example:
        >>> merge({"config": {"lam": 1.0, "gamma": 1.0}}, {"config": {"lam": 0.95}})
        {'config': {'lam': 0.95, 'gamma': 1.0}}
    """
    merged = copy.deepcopy(dict(below))
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], cast(Settings, value))
        else:
            merged[key] = copy.deepcopy(cast(Any, value))
    return merged


def lay_over(settings: Settings, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings with the values of dotted keys replaced.

    Raises:
        ValueError: If a key leads through a value that is not a table.

    Example:
        >>> lay_over({"config": {"gamma": 1.0}}, {"config.lam": 0.95})
        {'config': {'gamma': 1.0, 'lam': 0.95}}
    """
    laid = copy.deepcopy(dict(settings))
    for key, value in values.items():
        *parents, last = key.split(".")
        table: dict[str, Any] = laid
        for parent in parents:
            found: Any = table.setdefault(parent, {})
            if not isinstance(found, dict):
                raise ValueError(
                    f"{key}: expected a table under {parent!r}, got {found!r}, which has no keys"
                )
            table = cast(dict[str, Any], found)
        table[last] = copy.deepcopy(value)
    return laid


def grid_points(grid: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Yields each point of a grid, the last key varying fastest; one empty point where there is no key."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def describe(value: Any) -> str:
    """Returns a value as a part of a file's name.

    Example:
        >>> describe("agents.study_training:best_of"), describe(0.95), describe([1, 2])
        ('best_of', '0.95', '1-2')
    """
    text = value.rpartition(":")[2] if isinstance(value, str) else json.dumps(value)
    return re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-.")[:40] or "none"


def leaves(settings: Settings, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields dotted key and value of every leaf of nested settings: all values that are not tables."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from leaves(cast(Settings, value), f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value

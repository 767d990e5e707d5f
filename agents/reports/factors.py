"""The factors of a study: which settings its training runs vary on purpose, and what they are called.

A factor is a setting that a group's grid or its fixed settings name, and that differs between the planned
training cells. What tuning chooses is not a factor: such a key counts as None, unless a group sets it itself.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from agents.studies.files import CellResult
from agents.studies.plan import Study
from agents.studies.settings import leaves, look_up

TRAINING = ("iteration", "evaluation")
"""Records that only a training run writes."""
SHORT = {
    **{"lam": "λ", "gamma": "γ", "kl_coef": "β", "learning_rate": "lr", "max_new_tokens": "T"},
    **{"vf_coef": "vf", "critic_warmup_iterations": "warm-up", "num_ppo_epochs": "epochs"},
}
"""Short names of settings, by the last part of their key."""


BOOKKEEPING = ("extra_episodes",)
"""Settings that follow from a factor and are not factors themselves."""


class Point(NamedTuple):
    """A planned point of a group's grid."""

    named: frozenset[str]
    """Keys that its group names."""
    seeds: tuple[int, ...]
    settings: dict[str, Any]
    """Settings of the point, without those that tuning chooses."""


def training_plan(study: Study, results: Iterable[CellResult]) -> list[Point]:
    """Returns all planned points that train, in the order of the file.

    A point trains if it runs what a cell with iterations ran, or what the defaults say.
    """
    runs = {study.defaults.get("run")}
    for result in results:
        run = result.settings.get("run")
        if any(result.records(kind) for kind in TRAINING):
            runs.add(run)
        elif result.status == "done":
            runs.discard(run)
    points: list[Point] = []
    for group, settings in study.plain_settings():
        named = frozenset([*group.grid, *(key for key, _ in leaves(group.settings))])
        if settings.get("run") in runs:
            points.append(Point(named, group.seeds, _without(settings, set(tuned_keys(study)) - named)))
    return points


def tuned_keys(study: Study) -> tuple[str, ...]:
    """Returns the dotted keys that tuning chooses values for."""
    return () if study.tuning is None else study.tuning.keys


def find_factors(study: Study, plan: Sequence[Point]) -> list[str]:
    """Returns the dotted keys that differ between planned training cells, in the order of the file."""
    order: dict[str, None] = {}
    for group in study.groups:
        order.update(dict.fromkeys([*group.grid, *(key for key, _ in leaves(group.settings))]))
    return [
        key
        for key in order
        if key not in BOOKKEEPING and len({text_of(look_up(point.settings, key)) for point in plan}) > 1
    ]


def factors_of(
    settings: Mapping[str, Any], factors: Sequence[str], tuned: Iterable[str], planned: Mapping[str, Any]
) -> str | None:
    """Returns the planned combination of factors that a finished cell belongs to, or None.

    A tuned value belongs to the combination that asks for this very value, or else to that which leaves the
    value to tuning.

    Args:
        settings: Of the cell.
        factors: Dotted keys.
        tuned: Keys that tuning chooses.
        planned: By text of the factors' values.
    """
    values = {key: look_up(settings, key) for key in factors}
    open_keys = [key for key in tuned if key in values]
    for count in range(len(open_keys) + 1):
        for left in itertools.combinations(open_keys, count):
            text = text_of({key: None if key in left else value for key, value in values.items()})
            if text in planned:
                return text
    return None


def main_keys(study: Study, factors: Sequence[str]) -> list[str]:
    """Returns the factors that the study is about: those that its primary contrast's arms differ in.

    Without one: the reward design, or else the first factor.
    """
    for contrast in study.contrasts:
        if contrast.primary:
            keys = [key for key in contrast.treatment if key in factors]
            if keys:
                return keys
    design = [key for key in factors if key.endswith("reward_design")]
    return design or list(factors[:1])


def show_factors(
    values: Mapping[str, Any], keys: Sequence[str], defaults: Mapping[str, Any], between: str = " "
) -> str:
    """Returns some factors in short: texts as they are, numbers where they are not the default's.

    Example:
        >>> values = {"env_kwargs.reward_design": "terminal", "config.lam": 1.0}
        >>> show_factors(values, list(values), {"config": {"lam": 0.95}})
        'terminal λ=1'
    """
    shown = [
        show_setting(key, values[key])
        for key in keys
        if isinstance(values[key], str) or (values[key] is not None and values[key] != look_up(defaults, key))
    ]
    return between.join(shown)


def show_value(value: Any) -> str:
    """Returns a value in words."""
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def show_setting(key: str, value: Any) -> str:
    """Returns one setting in short: a text as it is, all others with their name."""
    last = key.rpartition(".")[2]
    name = SHORT.get(last, last.replace("_", " "))
    if isinstance(value, str):
        return value.rpartition(":")[2]
    if isinstance(value, bool):
        return name if value else f"no {name}"
    if isinstance(value, int | float):
        return f"{name}={value:g}"
    return f"{name}={'none' if value is None else json.dumps(value)}"


def unique_names(
    points: Sequence[Mapping[str, Any]], keys: Sequence[str], defaults: Mapping[str, Any]
) -> list[str]:
    """Returns the arms' names: short ones where they differ, or else with all values.

    Args:
        points: Values of the factors of each arm.
        keys: The factors in the order in which names have them.
        defaults: The study's.
    """
    short = [show_factors(values, keys, defaults) for values in points]
    counts = Counter(short)
    return [
        name
        if name and counts[name] == 1
        else " ".join(show_setting(key, values[key]) for key in keys) or "all runs"
        for name, values in zip(short, points, strict=True)
    ]


def text_of(value: Any) -> str:
    """Returns a value as text: equal texts, equal values."""
    return json.dumps(value, sort_keys=True)


def _without(settings: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Returns settings that lack some dotted keys."""
    left = copy.deepcopy(dict(settings))
    for key in keys:
        *parents, last = key.split(".")
        table: dict[str, Any] | None = left
        for parent in parents:
            inner = None if table is None else table.get(parent)
            table = cast(dict[str, Any], inner) if isinstance(inner, dict) else None
        if table is not None:
            table.pop(last, None)
    return left

"""What a report says of a study besides its results: settings, tuning, versions, commit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

from agents.study_files import CellResult
from agents.study_plan import Study
from agents.study_settings import leaves, look_up
from reporting.arms import Arm
from reporting.factors import show_factors, tuned_keys

Facts = dict[str, Any]


def describe_setting(study: Study, results: Sequence[CellResult], arms: Iterable[Arm]) -> Facts:
    """Returns `settings` that all arms share, `varied` ones, `tuning`, and `made_with`."""
    listed = list(arms)
    ran = [arm.results[0].settings for arm in listed if arm.results]
    flat = [dict(leaves(settings)) for settings in ran or [study.defaults]]
    factors = listed[0].factors if listed else {}
    tuned = tuned_keys(study)
    shared = {
        key: value
        for key, value in flat[0].items()
        if key not in factors and key not in tuned and all(one.get(key) == value for one in flat)
    }
    return {
        "settings": shared,
        "varied": {key: _values(arm.factors[key] for arm in listed) for key in factors},
        "seeds": sorted({seed for arm in listed for seed in arm.seeds}),
        "tuning": describe_tuning(study, listed),
        "made_with": {
            "versions": _values(result.header.get("versions") for result in results),
            "git": _values(result.header.get("git") for result in results),
        },
    }


def describe_tuning(study: Study, arms: Sequence[Arm]) -> Facts | None:
    """Returns how much was tried, and what was chosen as far as the arms' runs tell; None without tuning."""
    if study.tuning is None:
        return None
    keys = list(study.tuning.grid)
    chosen = [
        {
            "where": show_factors(where, list(where), {}, ", "),
            "chosen": [_choice(arms, where, key) for key in keys],
        }
        for where in study.tuned_places()
    ]
    return {
        "criterion": study.tuning.criterion,
        "seeds": list(study.tuning.seeds),
        "candidates": prod(len(values) for values in study.tuning.grid.values()),
        "grid": study.tuning.grid,
        "settings": dict(leaves(study.tuning.settings)),
        "keys": keys,
        "chosen": chosen,
    }


def _choice(arms: Iterable[Arm], where: Mapping[str, Any], key: str) -> Any:
    """Returns the value of a tuned key in a run that got it from tuning; None while there is none."""
    for arm in arms:
        left_open = look_up(arm.planned, key) is None
        if left_open and arm.results and all(look_up(arm.planned, one) == where[one] for one in where):
            return look_up(arm.results[0].settings, key)
    return None


def _values(found: Iterable[Any]) -> list[Any]:
    """Returns the different values, in the order in which they come first."""
    return [json.loads(text) for text in dict.fromkeys(json.dumps(value, sort_keys=True) for value in found)]

"""Facts about a study besides its results: settings, versions, commit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from agents.reports.arms import Arm
from agents.reports.factors import tuned_keys
from agents.studies.files import CellResult
from agents.studies.plan import Study
from agents.studies.settings import leaves

Facts = dict[str, Any]


def describe_setting(study: Study, results: Sequence[CellResult], arms: Iterable[Arm]) -> Facts:
    """Returns `settings` that all arms share, `varied` ones, `seeds`, and `made_with`."""
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
        "made_with": {
            "versions": _values(result.header.get("versions") for result in results),
            "git": _values(result.header.get("git") for result in results),
        },
    }


def _values(found: Iterable[Any]) -> list[Any]:
    """Returns the different values, in the order in which they come first."""
    return [json.loads(text) for text in dict.fromkeys(json.dumps(value, sort_keys=True) for value in found)]

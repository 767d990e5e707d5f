"""Hashes of a study's plan, which each cell keeps, so that later changes of the plan are detected.

So a report can tell whether goal, contrasts, arms and budgets were fixed before the runs, or changed behind
some of them. Title and question are no part of a plan, nor are contrasts that are called post hoc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from agents.runs.sealed_json import hash_of
from agents.stats.resampling import PERCENTILE
from agents.studies.plan import Study

PARTS = ("goal", "cells", "tuning")
"""Parts of a plan beside its contrasts: the goal, the cells (arms and budgets), the tuning."""
STATISTICS = "statistics"
"""Part of a plan for the method of its intervals; a plan that lacks it has percentile intervals."""


def fingerprint(study: Study) -> dict[str, Any]:
    """Returns the hashes of a study's plan: `sha256` of all, each of its parts, `contrasts` by name."""
    goal, tuning = study.goal, study.tuning
    parts: dict[str, Any] = {
        "goal": hash_of(None if goal is None else _told(goal, ("window_episodes",))),
        "cells": hash_of([study.defaults, [vars(group) for group in study.groups]]),
        "tuning": hash_of(None if tuning is None else _told(tuning, ("arms", "score"))),
        "contrasts": {one.name: hash_of(one.planned()) for one in study.contrasts if not one.post_hoc},
    }
    if study.interval != PERCENTILE:
        parts[STATISTICS] = hash_of({"interval": study.interval})
    return {"sha256": hash_of(parts), **parts}


def _told(part: Any, later: Sequence[str]) -> dict[str, Any]:
    """Returns the fields of a part of a plan, those that came `later` only where they are used.

    So the hashes of plans that were run before there were such fields stay what they are.
    """
    told = asdict(part)
    return {name: told[name] for name in told if name not in later or told[name] not in (None, ())}


def is_fingerprint(value: Any) -> bool:
    """Returns whether plain data are the hashes of a plan, whose hash of all is that of its parts."""
    if not isinstance(value, Mapping):
        return False
    plan = dict(cast(Mapping[str, Any], value))
    whole, contrasts = plan.pop("sha256", None), plan.get("contrasts")
    if set(plan) - {STATISTICS} != {*PARTS, "contrasts"} or not isinstance(contrasts, Mapping):
        return False
    hashes = [
        *(plan[part] for part in plan if part != "contrasts"),
        *cast(Mapping[str, Any], contrasts).values(),
    ]
    return all(isinstance(one, str) for one in hashes) and whole == hash_of(plan)


def changed_parts(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Returns the differences between the hashes of two plans, in words: parts, and contrasts by name.

    Example:
        >>> then = {"goal": "1", "cells": "2", "tuning": "3", "contrasts": {"main": "4", "old": "5"}}
        >>> changed_parts(then, {**then, "goal": "6", "contrasts": {"main": "7", "new": "8"}})
        ['the goal', "the contrast 'main'", "the contrast 'new' (added)", "the contrast 'old' (left out)"]
    """
    names = {"goal": "the goal", "cells": "arms or budgets", "tuning": "the tuning"}
    found = [names[part] for part in PARTS if then[part] != now[part]]
    found += ["the intervals"] if then.get(STATISTICS) != now.get(STATISTICS) else []
    before, after = then["contrasts"], now["contrasts"]
    found += [f"the contrast {name!r}" for name in after if before.get(name, after[name]) != after[name]]
    found += [f"the contrast {name!r} (added)" for name in after if name not in before]
    return found + [f"the contrast {name!r} (left out)" for name in before if name not in after]

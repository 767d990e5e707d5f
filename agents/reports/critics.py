"""The speed-up of the primary contrast's treatment over its control, critic by critic.

Two reward designs may have the same expected gradients under an exact critic, for any lambda, and differ
under one that is learned. What a critic explains is measured on its own targets, though, which hold its own
values: it is not the share of what can be known, and an exact critic does not explain all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.reports.contrasts import Side, pair_up, speed_up_of
from agents.reports.run_measures import AREA
from agents.runs.strict_json import is_number
from agents.stats.intervals import mean_interval, paired_difference
from agents.stats.resampling import Method
from agents.studies.plan import Study
from agents.studies.settings import look_up

EXPLAINED = "explained_variance"
CRITIC_KEYS = ("lam", "lam_critic", "vf_coef", "critic_warmup_iterations", "gamma", "cliprange_value")
"""Settings of a learner that say what its critic is worth."""


def compare_critics(study: Study, sides: Sequence[Side]) -> list[dict[str, Any]]:
    """Returns the speed-up under each critic, for studies that vary it; empty for others.

    Args:
        study: Says which the primary contrast's arms are, and what intervals are made by.
        sides: All arms; those that differ in nothing but that contrast are compared, as far as both ran.
    """
    primary = next((contrast for contrast in study.contrasts if contrast.primary), None)
    if primary is None:
        return []
    told: list[dict[str, Any]] = []
    for treated in sides:
        values = treated.arm.factors
        if any(key in values and values[key] != value for key, value in primary.treatment.items()):
            continue
        control = {key: value for key, value in primary.control.items() if key in values}
        other = _partner(sides, {**values, **control}) if control else None
        if other is None or other is treated or not treated.runs or not other.runs:
            continue
        told.append(_describe(treated, other, [*control], study.interval))
    varied = {key for one in told for key in _critic_keys(one["factors"])}
    several = [key for key in varied if len({str(one["factors"][key]) for one in told}) > 1]
    return told if several else []


def _partner(sides: Sequence[Side], factors: Mapping[str, Any]) -> Side | None:
    return next((side for side in sides if side.arm.factors == factors), None)


def _describe(treated: Side, control: Side, main: Sequence[str], method: Method) -> dict[str, Any]:
    seeds, area, control_area = pair_up(treated, control, AREA)
    explained = [run[EXPLAINED] for run in control.runs.values()]
    known = [value for value in explained if value is not None]
    lam = look_up(treated.arm.results[0].settings, "config.lam")
    others = {key: value for key, value in treated.arm.factors.items() if key not in main}
    difference = paired_difference(area, control_area, method=method) if seeds else None
    mean = mean_interval(known, method=method) if known else None
    return {
        "treatment": treated.arm.name,
        "control": control.arm.name,
        "panel": treated.arm.variant or treated.arm.panel,
        "factors": others,
        "lam": lam if is_number(lam) else None,
        "explained": None if mean is None else {**mean._asdict(), "n": len(known)},
        "speed_up": speed_up_of(treated, control, method),
        "area": None if difference is None else {**difference._asdict(), "n": len(seeds)},
    }


def _critic_keys(factors: Mapping[str, Any]) -> list[str]:
    return [key for key in factors if key.rpartition(".")[2] in CRITIC_KEYS]

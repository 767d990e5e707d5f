"""The speed-up of `potential` over `terminal`, critic by critic.

Both designs have the same expected gradients under an exact critic, for any lambda. What a critic explains is
measured on its own targets, though, which hold its own values: it is not the share of what can be known, and
an exact critic does not explain all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.runs.strict_json import is_number
from agents.stats.intervals import bootstrap_interval
from agents.studies.settings import look_up
from reporting.contrasts import Side, pair_up, speed_up_of

DESIGN = "env_kwargs.reward_design"
DENSE, SCALAR = "potential", "terminal"
CRITIC_KEYS = ("lam", "lam_critic", "vf_coef", "critic_warmup_iterations", "gamma", "cliprange_value")
"""Settings of a learner that say what its critic is worth."""


def compare_critics(sides: Sequence[Side]) -> list[dict[str, Any]]:
    """Returns the speed-up under each critic, for studies that vary it; empty for others.

    Args:
        sides: All arms; those that differ in nothing but the two designs are compared, as far as both ran.
    """
    told: list[dict[str, Any]] = []
    for dense in sides:
        if dense.arm.factors.get(DESIGN) != DENSE:
            continue
        scalar = _partner(sides, {**dense.arm.factors, DESIGN: SCALAR})
        if scalar is None or not dense.runs or not scalar.runs:
            continue
        told.append(_describe(dense, scalar))
    varied = {key for one in told for key in _critic_keys(one["factors"])}
    several = [key for key in varied if len({str(one["factors"][key]) for one in told}) > 1]
    return told if several else []


def _partner(sides: Sequence[Side], factors: Mapping[str, Any]) -> Side | None:
    return next((side for side in sides if side.arm.factors == factors), None)


def _describe(dense: Side, scalar: Side) -> dict[str, Any]:
    seeds, area, scalar_area = pair_up(dense, scalar, "area")
    explained = [run["explained_variance"] for run in scalar.runs.values()]
    known = [value for value in explained if value is not None]
    lam = look_up(dense.arm.results[0].settings, "config.lam")
    others = {key: value for key, value in dense.arm.factors.items() if key != DESIGN}
    return {
        "treatment": dense.arm.name,
        "control": scalar.arm.name,
        "panel": dense.arm.variant or dense.arm.panel,
        "factors": others,
        "lam": lam if is_number(lam) else None,
        "explained": {**bootstrap_interval(known)._asdict(), "n": len(known)} if known else None,
        "speed_up": speed_up_of(dense, scalar),
        "area": {**bootstrap_interval(area - scalar_area)._asdict(), "n": len(seeds)} if seeds else None,
    }


def _critic_keys(factors: Mapping[str, Any]) -> list[str]:
    return [key for key in factors if key.rpartition(".")[2] in CRITIC_KEYS]

"""The comparisons that a study has written down: paired by seed, tested by flipping signs.

Reports all that is known of each contrast: the speed-up where there is a goal, and differences of other
measures. Only the measure that the study file names is tested. p values of the secondary contrasts are
adjusted together (Holm 1979); the primary one stands apart, and post hoc ones are not tested.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.reports.arms import Arm
from agents.reports.factors import tuned_keys
from agents.reports.run_measures import TIME, Measures, Task, all_measures
from agents.runs.strict_json import show
from agents.stats.contrasts import holm, sign_flip_test, speed_up
from agents.stats.intervals import paired_difference
from agents.stats.resampling import Method
from agents.studies.plan import Contrast, Study
from agents.studies.settings import look_up, matches

FloatArray = npt.NDArray[np.float64]
Runs = Mapping[int, Mapping[str, float | None]]
"""Seed to the numbers of its run."""

AMBIGUOUS, NO_ARM = "ambiguous", "no arm that trains"
"""Why nothing is computed of a contrast."""


class Side(NamedTuple):
    """One arm of a contrast, with the numbers of its runs."""

    arm: Arm
    task: Task
    runs: Runs


def compare(study: Study, sides: Sequence[Side], measures: Measures | None = None) -> list[dict[str, Any]]:
    """Returns the results of each contrast between arms that train, in the order of the file.

    Args:
        study: Says which, and what intervals are made by.
        sides: All arms.
        measures: Of `agents.reports.run_measures.measures_of`; None: all.

    Raises:
        ValueError: If a contrast is about an unknown measure.
    """
    known = all_measures() if measures is None else measures
    found: list[dict[str, Any]] = []
    for contrast in study.contrasts:
        _check_measure(contrast, known)
        chosen = [meant_by(study, [side.arm for side in sides], where) for where in contrast.arms]
        pair = [[side for side in sides if side.arm in arms] for arms in chosen]
        told = _tell(contrast, *pair, status=NO_ARM)
        found.append(_compare(contrast, told, pair, study.interval, list(known)) if all(pair) else told)
    _adjust(found)
    return found


def meant_by(study: Study, arms: Sequence[Arm], where: Mapping[str, Any]) -> list[Arm]:
    """Returns the arms that one side of a contrast means: one, or several where it is ambiguous, or none.

    Of several that match, those count whose other factors are as in the study's defaults, if there are any.
    """
    found = [arm for arm in arms if _matches(study, arm, where)]
    plain = [arm for arm in found if _is_plain(study, arm, where)]
    return plain or found


def pair_up(treatment: Side, control: Side, measure: str) -> tuple[list[int], FloatArray, FloatArray]:
    """Returns the seeds that both arms have a measure of, and its values under treatment and control."""
    seeds = [
        seed
        for seed in treatment.runs
        if seed in control.runs and None not in (treatment.runs[seed][measure], control.runs[seed][measure])
    ]
    values = (
        np.array([side.runs[seed][measure] for seed in seeds], dtype=np.float64)
        for side in (treatment, control)
    )
    first, second = values
    return seeds, first, second


def speed_up_of(treatment: Side, control: Side, method: Method) -> dict[str, Any] | None:
    """Returns the speed-up between two arms; None where there is no goal or no pair."""
    seeds, first, second = pair_up(treatment, control, TIME)
    horizon = min(treatment.arm.end, control.arm.end)
    if not seeds or horizon <= 0 or min(first.min(), second.min()) <= 0:
        return None
    found = speed_up(first, second, horizon=horizon, method=method)
    bound = "lower" if found.is_lower_bound else "upper" if found.is_upper_bound else None
    return {
        **found._asdict(),
        "bound": bound,
        "none_reached": bool(found.treatment_censored == found.control_censored == len(seeds)),
        "horizon": horizon,
        "n": len(seeds),
    }


def _matches(study: Study, arm: Arm, where: Mapping[str, Any]) -> bool:
    """Returns whether an arm has given settings; what tuning chooses is not known before its runs."""
    if arm.results:
        return matches(arm.results[0].settings, where)
    return matches(arm.planned, {key: value for key, value in where.items() if key not in tuned_keys(study)})


def _is_plain(study: Study, arm: Arm, where: Mapping[str, Any]) -> bool:
    """Returns whether the factors that a contrast does not name are as in the defaults, or left to tuning."""
    tuned = tuned_keys(study)
    return all(
        value == look_up(study.defaults, key) or (value is None and key in tuned)
        for key, value in arm.factors.items()
        if key not in where
    )


def _check_measure(contrast: Contrast, measures: Measures) -> None:
    if contrast.measure not in measures:
        raise ValueError(
            f"contrast {show(contrast.name)}: expected a measure of {', '.join(measures)}, "
            f"got {show(contrast.measure)}"
        )


def _tell(
    contrast: Contrast, treatments: Sequence[Side], controls: Sequence[Side], *, status: str
) -> dict[str, Any]:
    """Returns the row of a contrast without results."""
    return {
        "name": contrast.name,
        "primary": contrast.primary,
        "post_hoc": contrast.post_hoc,
        "measure": contrast.measure,
        "treatment": [side.arm.name for side in treatments],
        "control": [side.arm.name for side in controls],
        **{"status": status, "seeds": [], "planned": 0, "speed_up": None, "differences": {}},
        **{"n": 0, "p": None, "p_adjusted": None},
    }


def _compare(
    contrast: Contrast,
    told: dict[str, Any],
    sides: Sequence[Sequence[Side]],
    method: Method,
    measures: Sequence[str],
) -> dict[str, Any]:
    if any(len(side) > 1 for side in sides):
        return told | {"status": AMBIGUOUS}
    (treatment,), (control,) = sides
    planned = set(treatment.arm.seeds) & set(control.arm.seeds)
    seeds = [seed for seed in treatment.runs if seed in control.runs]
    told |= {"seeds": seeds, "planned": len(planned)}
    told["status"] = "complete" if len(seeds) == len(planned) else "partial" if seeds else "not yet run"
    if seeds:
        told["speed_up"] = speed_up_of(treatment, control, method)
        told["differences"] = _differences(treatment, control, method, measures)
        told["n"], p = _test(treatment, control, contrast.measure)
        told["p"] = None if contrast.post_hoc else p
    return told


def _differences(
    treatment: Side, control: Side, method: Method, measures: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Returns measure -> treatment minus control with its interval, for what both arms have."""
    found: dict[str, dict[str, float]] = {}
    for measure in measures:
        seeds, first, second = pair_up(treatment, control, measure)
        if measure != TIME and seeds:
            difference = paired_difference(first, second, method=method)
            found[measure] = {**difference._asdict(), "n": len(seeds)}
    return found


def _test(treatment: Side, control: Side, measure: str) -> tuple[int, float | None]:
    """Returns number of pairs and p value of a measure; times count up to the horizon."""
    seeds, first, second = pair_up(treatment, control, measure)
    if not seeds:
        return 0, None
    horizon = min(treatment.arm.end, control.arm.end) if measure == TIME else math.inf
    return len(seeds), sign_flip_test(np.minimum(first, horizon) - np.minimum(second, horizon))


def _adjust(contrasts: Sequence[dict[str, Any]]) -> None:
    """Sets the adjusted p values of the tested secondary contrasts."""
    secondary = [one for one in contrasts if not one["primary"] and one["p"] is not None]
    for one, adjusted in zip(secondary, holm([one["p"] for one in secondary]), strict=True):
        one["p_adjusted"] = adjusted

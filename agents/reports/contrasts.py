"""The comparisons that a study has written down: paired by seed, tested by flipping signs.

Reports all that is known of each contrast: the speed-up where there is a goal, and differences of other
measures. Only the measure that the study file names is tested. p values of the secondary contrasts are
adjusted together (Holm 1979); the primary one stands apart, and post hoc ones are not tested.

An interaction compares the effect at two places: the ratio of two speed-ups, or the difference of two
differences, over the seeds that all four arms have, with a t interval whatever the study's intervals are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.reports.arms import Arm
from agents.reports.factors import tuned_keys
from agents.reports.run_measures import TIME, Measures, Task, all_measures, time_in
from agents.runs.strict_json import show
from agents.stats.contrasts import holm, ratio_of_speed_ups, sign_flip_test, speed_up
from agents.stats.intervals import paired_difference
from agents.stats.measures import TIMES
from agents.stats.resampling import STUDENT, Method
from agents.studies.plan import Contrast, Study
from agents.studies.settings import look_up, matches

FloatArray = npt.NDArray[np.float64]
Runs = Mapping[int, Mapping[str, float | None]]
"""Seed to the numbers of its run."""

STOP = "stop_at"
"""Setting of runs that end where they have got to the goal, and go on where they have not."""
AMBIGUOUS, NO_ARM = "ambiguous", "no arm that trains"
"""Why nothing is computed of a contrast."""


class Side(NamedTuple):
    """One arm of a contrast, with the numbers of its runs."""

    arm: Arm
    task: Task
    runs: Runs
    seconds: float | None = None
    """Seconds of an episode; None where they were not measured."""


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
        chosen = [meant_by(study, [side.arm for side in sides], where) for where in contrast.sides]
        meant = [[side for side in sides if side.arm in arms] for arms in chosen]
        told = _tell(contrast, meant, status=NO_ARM)
        found.append(_compare(contrast, told, meant, study.interval, known) if all(meant) else told)
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
    seeds, (first, second) = match_up((treatment, control), measure)
    return seeds, first, second


def match_up(sides: Sequence[Side], measure: str) -> tuple[list[int], list[FloatArray]]:
    """Returns the seeds that all arms have a measure of, and its values under each."""
    seeds = [
        seed
        for seed in sides[0].runs
        if all(seed in side.runs and side.runs[seed].get(measure) is not None for side in sides)
    ]
    return seeds, [np.array([side.runs[seed][measure] for seed in seeds], np.float64) for side in sides]


def horizon_of(sides: Sequence[Side], seeds: Sequence[int], measure: str) -> float:
    """Returns up to where the times of some arms count: as far as all arms were seen.

    An arm with runs that never got there was seen as far as the shortest of them. One whose runs all got
    there sets no limit where times are counted in another way than by episodes, or where runs are stopped
    there (`stop_at`); else the end of its runs does. A run that failed says nothing of how far it was seen:
    the longest of its arm does.
    """
    limits: list[float] = []
    longest = 0.0
    for side in sides:
        pairs = list(zip(side.arm.results, side.arm.curves, strict=True))
        ends = {result.seed: time_in(own, own.end, measure, side.seconds) or 0.0 for result, own in pairs}
        done = {result.seed for result, _ in pairs if result.status == "done"}
        never = {seed for seed in seeds if math.isinf(side.runs[seed][measure] or 0.0)}
        own_longest = max((ends[seed] for seed in done or ends), default=0.0)
        longest = max(longest, own_longest)
        if never:
            limits.append(min((ends[seed] for seed in never & done), default=own_longest))
        elif measure == TIME and not any(STOP in result.settings for result, _ in pairs):
            limits.append(own_longest)
    return min(limits, default=longest)


def speed_up_of(treatment: Side, control: Side, method: Method, measure: str = TIME) -> dict[str, Any] | None:
    """Returns the ratio of an arm's times to another's; None where there is no goal or no pair.

    Args:
        treatment: Its times are below the line.
        control: On the same seeds.
        method: Of the interval.
        measure: One of `TIMES`.
    """
    seeds, first, second = pair_up(treatment, control, measure)
    horizon = horizon_of((treatment, control), seeds, measure)
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


def _tell(contrast: Contrast, meant: Sequence[Sequence[Side]], *, status: str) -> dict[str, Any]:
    """Returns the row of a contrast without results."""
    names = [[side.arm.name for side in sides] for sides in meant]
    told: dict[str, Any] = {
        "name": contrast.name,
        "primary": contrast.primary,
        "post_hoc": contrast.post_hoc,
        "measure": contrast.measure,
        "treatment": names[0],
        "control": names[1],
        **{"status": status, "seeds": [], "planned": 0, "speed_up": None, "differences": {}},
        **{"n": 0, "p": None, "p_adjusted": None},
    }
    if contrast.against is not None:
        told |= {"against": {"treatment": names[2], "control": names[3]}, "interaction": None}
    return told


def _compare(
    contrast: Contrast,
    told: dict[str, Any],
    meant: Sequence[Sequence[Side]],
    method: Method,
    measures: Measures,
) -> dict[str, Any]:
    if any(len(sides) > 1 for sides in meant):
        return told | {"status": AMBIGUOUS}
    sides = [one for (one,) in meant]
    planned = set[int].intersection(*(set(side.arm.seeds) for side in sides))
    seeds = [seed for seed in sides[0].runs if all(seed in side.runs for side in sides)]
    told |= {"seeds": seeds, "planned": len(planned)}
    told["status"] = "complete" if len(seeds) == len(planned) else "partial" if seeds else "not yet run"
    if not seeds:
        return told
    if contrast.against is None:
        told |= _effects(sides[0], sides[1], contrast, method, measures)
    else:
        told |= _interaction(sides, contrast.measure)
    return told | ({"p": None} if contrast.post_hoc else {})


def _effects(
    treatment: Side, control: Side, contrast: Contrast, method: Method, measures: Measures
) -> dict[str, Any]:
    """Returns all results of a contrast of two arms."""
    told: dict[str, Any] = {"speed_up": speed_up_of(treatment, control, method)}
    others = [key for key in TIMES if key != TIME and key in measures]
    if others:
        told["ratios"] = {key: speed_up_of(treatment, control, method, key) for key in others}
    told["differences"] = _differences(treatment, control, method, list(measures))
    told["n"], told["p"] = _test(treatment, control, contrast.measure, method)
    return told


def _differences(
    treatment: Side, control: Side, method: Method, measures: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Returns measure -> treatment minus control with its interval, for what both arms have."""
    found: dict[str, dict[str, float]] = {}
    for measure in measures:
        seeds, first, second = pair_up(treatment, control, measure)
        if measure not in TIMES and seeds:
            difference = paired_difference(first, second, method=method)
            found[measure] = {**difference._asdict(), "n": len(seeds)}
    return found


def _interaction(sides: Sequence[Side], measure: str) -> dict[str, Any]:
    """Returns the results of an interaction: of treatment and control, here and at the second place."""
    seeds, values = match_up(sides, measure)
    if not seeds:
        return {}
    treatment, control, other_treatment, other_control = values
    if measure not in TIMES:
        here, there = treatment - control, other_treatment - other_control
        found = paired_difference(here, there, method=STUDENT)
        told = {**found._asdict(), "bound": None, "is_ratio": False, "never": 0}
        p = sign_flip_test(here - there)
    else:
        horizons = horizon_of(sides[:2], seeds, measure), horizon_of(sides[2:], seeds, measure)
        if min(horizons) <= 0 or min(one.min() for one in values) <= 0:
            return {}
        ratio = ratio_of_speed_ups((treatment, control), (other_treatment, other_control), horizons=horizons)
        told = {"value": ratio.value, "low": ratio.low, "high": ratio.high, "bound": ratio.bound}
        told |= {"is_ratio": True, "never": ratio.raising + ratio.lowering}
        p = ratio.p
    return {"interaction": {**told, "n": len(seeds)}, "n": len(seeds), "p": p}


def _test(treatment: Side, control: Side, measure: str, method: Method) -> tuple[int, float | None]:
    """Returns number of pairs and p value of a measure; times count up to the horizon.

    Where intervals are those of log ratios the signs of log ratios are flipped, so that both say the same.
    """
    seeds, first, second = pair_up(treatment, control, measure)
    if not seeds:
        return 0, None
    if measure in TIMES:
        horizon = horizon_of((treatment, control), seeds, measure)
        first, second = np.minimum(first, horizon), np.minimum(second, horizon)
        if method == STUDENT and min(first.min(), second.min()) > 0:
            first, second = np.log(first), np.log(second)
    return len(seeds), sign_flip_test(first - second)


def _adjust(contrasts: Sequence[dict[str, Any]]) -> None:
    """Sets the adjusted p values of the tested secondary contrasts."""
    secondary = [one for one in contrasts if not one["primary"] and one["p"] is not None]
    for one, adjusted in zip(secondary, holm([one["p"] for one in secondary]), strict=True):
        one["p_adjusted"] = adjusted

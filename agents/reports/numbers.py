"""All numbers that a report on a study shows, as one plain table: figures and text draw on nothing else.

Pure functions of the finished cells and the study. Intervals are 95% bootstrap intervals over seeds, made as
the study says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from agents.reports.arms import Arm, read_arms, read_tasks
from agents.reports.contrasts import Side, compare, horizon_of, meant_by
from agents.reports.critics import compare_critics
from agents.reports.factors import find_factors, main_keys, training_plan
from agents.reports.facts import describe_setting
from agents.reports.plan import describe_plan
from agents.reports.run_measures import (
    AREA,
    JUDGE,
    SCORE,
    SECONDS,
    TIME,
    Curves,
    Measures,
    Task,
    at_level,
    measure_run,
    measures_of,
    read_at_levels,
)
from agents.reports.seconds import check_arms
from agents.reports.sensitivity import describe_sensitivity
from agents.reports.stops import check_ends, describe_stops
from agents.reports.tuning import describe_tuning
from agents.stats.aggregates import (
    interquartile_mean_interval,
    performance_profile,
    probability_of_improvement,
)
from agents.stats.intervals import failure_rate, mean_interval, spread
from agents.stats.measures import KL_LEVELS, MEASURES, TIMES
from agents.stats.resampling import PERCENTILE, Method
from agents.studies.files import CellResult
from agents.studies.plan import MAIN, TUNING, Cell, Study, unique

Numbers = dict[str, Any]
DIGITS = 6
THRESHOLDS = 61
"""Points of a performance profile."""


def analyse(
    results: Sequence[CellResult],
    study: Study,
    table: Measures | None = None,
    *,
    seconds: Mapping[str, float] | None = None,
) -> Numbers:
    """Returns all numbers of a study, rounded to six digits.

    Under `runs`, `episodes_to_goal` is null where the goal was not reached; a task's `max_kl` is null where
    any divergence is allowed; other measures are null where they were not measured, or the run was never at
    that divergence.

    Args:
        results: The finished cells; the study may be half finished.
        study: What was planned.
        table: All measures that there are; None: `agents.stats.measures.MEASURES`.
        seconds: Arm to the seconds of an episode; None: they were not measured.

    Raises:
        ValueError: If a contrast is about an unknown measure, seconds are those of no arm, or a run was ended
            at a score before it had reached the goal.
    """
    arms, tasks = read_tasks(study, results, in_order(study, read_arms(study, results)))
    check_arms(seconds or {}, [arm.name for arm in arms])
    measures = measures_of(results, asked_measures(study, seconds), table)
    sides = [make_side(arm, tasks[arm.task], measures, (seconds or {}).get(arm.name)) for arm in arms]
    factors = find_factors(study, training_plan(study, results))
    done = progress(study, results, arms)
    check_ends(sides, complete=done["complete"])
    numbers: Numbers = {
        "study": study.name,
        "title": study.title,
        "question": " ".join(study.question.split()),
        "progress": done,
        "plan": describe_plan(study, results),
        **describe_setting(study, results, arms),
        "tuning": describe_tuning(study, results, arms, tasks),
        "goal": None if study.goal is None else vars(study.goal),
        "factors": factors,
        "main_factors": main_keys(study, factors),
        "tasks": [vars(task) for task in tasks],
        "arms": [describe_arm(side, study.interval, measures) for side in sides],
        "contrasts": compare(study, sides, measures),
        "profiles": [
            one for i, _ in enumerate(tasks) for one in profiles([s for s in sides if s.arm.task == i], i)
        ],
        "improvement": improvement(study, sides),
        "critics": compare_critics(study, sides),
    }
    more = {"sensitivity": describe_sensitivity(study, sides), "stops": describe_stops(sides)}
    numbers |= {name: told for name, told in more.items() if told}
    if len(studies_of(results)) > 1:
        numbers["studies"] = studies_of(results)
    if study.interval != PERCENTILE:  # what reports had before there was a choice goes without saying
        numbers["interval"] = study.interval
    return rounded(numbers)


def studies_of(results: Iterable[CellResult]) -> list[str]:
    """Returns the names of the studies that cells were run for, in alphabetical order."""
    return sorted({str(result.header["study"]) for result in results if "study" in result.header})


def asked_measures(study: Study, seconds: Mapping[str, float] | None = None) -> list[str]:
    """Returns the measures that a report has even where no run has them: those that contrasts are about."""
    return [*(contrast.measure for contrast in study.contrasts), *([SECONDS] if seconds else [])]


def in_order(study: Study, arms: Sequence[Arm]) -> list[Arm]:
    """Returns the arms panel by panel, that of the primary contrast first, labels in one order in all."""
    sides = [where for one in study.contrasts if one.primary for where in one.arms]
    primary = [arm for where in sides for arm in meant_by(study, arms, where)]
    panels = list(dict.fromkeys(arm.panel for arm in [*primary, *arms]))
    labels = list(dict.fromkeys(arm.label for arm in [*primary, *arms]))
    return sorted(arms, key=lambda arm: (panels.index(arm.panel), labels.index(arm.label)))


def progress(study: Study, results: Iterable[CellResult], arms: Iterable[Arm]) -> Numbers:
    """Returns how many cells are planned, over and failed, and whether the study is finished.

    `strays` are cells of training runs that the study file does not ask for (any more); they are left out.
    """
    listed = list(results)
    planned = unique(
        Cell(MAIN, seed, settings) for group, settings in study.plain_settings() for seed in group.seeds
    )
    used = {result.id for arm in arms for result in arm.results}
    runs = {result.settings.get("run") for arm in arms for result in arm.results}
    main = [result for result in listed if result.phase == MAIN]
    kept = [result for result in main if result.id in used or result.settings.get("run") not in runs]
    tuned = [result for result in listed if result.phase == TUNING]
    tuning = len(study.tuning_cells())
    return {
        "main": {
            "planned": len(planned),
            "done": len(kept),
            "failed": sum(result.status == "failed" for result in kept),
        },
        "tuning": {"planned": tuning, "done": min(len(tuned), tuning)},
        "strays": len(main) - len(kept),
        "complete": len(kept) >= len(planned) and len(tuned) >= tuning,
    }


def make_side(arm: Arm, task: Task, measures: Measures, seconds: float | None = None) -> Side:
    """Returns an arm with the numbers of its runs; `seconds` are those of an episode, where known."""
    pairs = zip(arm.results, arm.curves, strict=True)
    runs = {
        result.seed: measure_run(result, curves, task, measures, seconds=seconds) for result, curves in pairs
    }
    return Side(arm, task, runs, seconds)


def describe_arm(side: Side, method: Method, measures: Measures) -> Numbers:
    """Returns all that is told of one arm."""
    arm, runs = side.arm, side.runs
    return {
        "name": arm.name,
        "label": arm.label,
        "panel": arm.panel,
        "variant": arm.variant,
        "factors": arm.factors,
        "task": arm.task,
        "planned": len(arm.seeds),
        "end": arm.end,
        "runs": [
            {"seed": result.seed, "status": result.status, "reason": result.reason, **runs[result.seed]}
            for result in arm.results
        ],
        "summary": summarise(side, method, measures),
        "spread": {name: _spread(runs.values(), name, method) for name in (AREA, SCORE)},
        "failures": _failures(side),
        "curves": curves_of(arm.curves, [row.key for row in read_at_levels(measures) if row.key != SCORE]),
        "rules": rules_of([curves for curves in arm.curves if len(curves.episodes)]),
    }


def summarise(side: Side, method: Method, measures: Measures) -> dict[str, Numbers | None]:
    """Returns measure -> number with its interval over the runs that have it, and their count `n`.

    Times are means up to the arm's `end` with the count `reached`, areas interquartile means, all others
    means. At a divergence there is a number where at least half of the runs got there.
    """
    found: dict[str, Numbers | None] = {}
    levels = {at_level(row, level).key for row in read_at_levels(measures) for level in KL_LEVELS}
    for name in measures:
        values = [value for run in side.runs.values() if (value := run[name]) is not None]
        count: Numbers = {"n": len(values)}
        if not values or (name in levels and 2 * len(values) < len(side.runs)):
            found[name] = None
            continue
        if name == AREA:
            mean = interquartile_mean_interval([values], method=method)
        elif name in TIMES:
            seeds = [seed for seed, run in side.runs.items() if run[name] is not None]
            mean = mean_interval(np.minimum(values, horizon_of([side], seeds, name)), method=method)
            count["reached"] = sum(map(math.isfinite, values))
        else:
            mean = mean_interval(values, method=method)
        found[name] = {**mean._asdict(), **count}
    return found


def curves_of(runs: Sequence[Curves], others: Sequence[str] = (JUDGE,)) -> Numbers:
    """Returns the smoothed curves of an arm's runs, and their means over the runs that are still going.

    All runs of an arm have the same positions; `alive` counts those that got to each.

    Args:
        runs: Curves of each run.
        others: Measures that are wanted beside score and divergence, as far as all runs have them.
    """
    longest = max(runs, key=lambda run: len(run.episodes), default=None)
    if longest is None or not len(longest.episodes):
        return {"episodes": [], "alive": [], "runs": {}, "mean": {}}
    alive = [sum(len(run.episodes) > i for run in runs) for i in range(len(longest.episodes))]
    rows: dict[str, list[list[float]]] = {
        "score": [run.score.tolist() for run in runs],
        "kl": [run.kl.tolist() for run in runs],
    }
    for key in others:
        if all(key in run.others or not len(run.episodes) for run in runs):
            rows[key] = [run.others[key].tolist() if key in run.others else [] for run in runs]
    means = {
        name: [float(np.mean([row[i] for row in lists if len(row) > i])) for i in range(len(alive))]
        for name, lists in rows.items()
    }
    return {"episodes": longest.episodes.tolist(), "alive": alive, "runs": rows, "mean": means}


def rules_of(runs: Sequence[Curves]) -> Numbers | None:
    """Returns mean reward by rule against mean divergence, both over an arm's runs at each iteration.

    Told are the iterations at which the mean divergence was higher than ever before, up to the end of the
    shortest run; None where rules were not measured.
    """
    names = [name for name in runs[0].rules if all(name in run.rules for run in runs)] if runs else []
    if not names:
        return None
    length = min(len(run.episodes) for run in runs)
    kl = np.mean([run.kl[:length] for run in runs], axis=0)  # (length,) float64
    rising = [i for i in range(length) if i == 0 or kl[i] > kl[:i].max()]
    amounts = {name: np.mean([run.rules[name][:length] for run in runs], axis=0)[rising] for name in names}
    return {"kl": kl[rising].tolist(), "amounts": {name: row.tolist() for name, row in amounts.items()}}


def profiles(sides: Sequence[Side], task: int) -> list[Numbers]:
    """Returns the share of runs above each threshold, arm by arm, for the area and the final score.

    A run without a final score, since it failed, lies above none.

    Args:
        sides: The arms of one task.
        task: Its number.
    """
    told: list[Numbers] = []
    for measure in (AREA, SCORE):
        groups = {side.arm.name: _filled(side, measure) for side in sides if side.runs}
        known = [value for values in groups.values() for value in values if math.isfinite(value)]
        if not known:
            continue
        margin = 0.04 * (max(known) - min(known)) or 0.01
        limits = np.linspace(min(known) - margin, max(known) + margin, THRESHOLDS)
        found = {name: performance_profile([values], limits) for name, values in groups.items()}
        told.append(
            {
                "task": task,
                "measure": measure,
                "thresholds": limits.tolist(),
                "arms": {
                    name: {"share": one.share.tolist(), "low": one.low.tolist(), "high": one.high.tolist()}
                    for name, one in found.items()
                },
            }
        )
    return told


def improvement(study: Study, sides: Sequence[Side]) -> list[Numbers]:
    """Returns how likely a run of each arm has a larger area than one of the control arm beside it.

    The control has the values of the primary contrast's control, and shares all other factors.
    """
    primary = next((contrast for contrast in study.contrasts if contrast.primary), None)
    if primary is None:
        return []
    told: list[Numbers] = []
    for side in sides:
        values = side.arm.factors
        wanted = {**values, **{key: value for key, value in primary.control.items() if key in values}}
        control = next((other for other in sides if other.arm.factors == wanted), None)
        if control is None or control is side or not side.runs or not control.runs:
            continue
        count = max(len(side.runs), len(control.runs))
        found = probability_of_improvement(
            [_filled(side, AREA)], [_filled(control, AREA)], method=study.interval
        )
        told.append({"arm": side.arm.name, "control": control.arm.name, "n": count, **found._asdict()})
    return told


def rounded(value: Any) -> Any:
    """Returns plain data with six significant digits; null for what is infinite, -0 as 0.

    Raises:
        ValueError: If a number is NaN.
    """
    if isinstance(value, float):
        if math.isnan(value):
            raise ValueError("numbers must not be NaN: a measure was computed from nothing")
        return float(f"{value:.{DIGITS}g}") + 0.0 if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): rounded(entry) for key, entry in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [rounded(entry) for entry in cast(Sequence[Any], value)]
    return value


def _filled(side: Side, measure: str) -> list[float]:
    """Returns a measure of all runs of an arm, the worst that there is for those that have none."""
    values = [run[measure] for run in side.runs.values()]
    return [MEASURES[measure].worst if value is None else value for value in values]


def _spread(runs: Iterable[Mapping[str, float | None]], name: str, method: Method) -> Numbers | None:
    values = [value for run in runs if (value := run[name]) is not None]
    return {**spread(values, method=method)._asdict(), "n": len(values)} if len(values) > 1 else None


def _failures(side: Side) -> Numbers | None:
    """Returns how many runs failed, and how many of the others never reached the goal."""
    results = side.arm.results
    if not results:
        return None
    failed = sum(result.status == "failed" for result in results)
    others = [side.runs[result.seed] for result in results if result.status != "failed"]
    never = [(time := run[TIME]) is not None and math.isinf(time) for run in others]
    known = side.task.goal is not None and others
    return {
        "runs": len(results),
        "failed": {**failure_rate(failed, len(results))._asdict(), "count": failed},
        "never": {**failure_rate(sum(never), len(others))._asdict(), "count": sum(never)} if known else None,
    }

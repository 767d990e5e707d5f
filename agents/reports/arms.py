"""The arms of a study, and what each of them has to reach.

An arm is a distinct combination of the factors, its seeds inside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from agents.reports.factors import (
    Point,
    factors_of,
    find_factors,
    main_keys,
    show_factors,
    show_setting,
    text_of,
    training_plan,
    tuned_keys,
    unique_names,
)
from agents.reports.run_measures import Curves, Task, end_of, final_score, read_curves, start_score
from agents.studies.files import CellResult
from agents.studies.plan import MAIN, Goal, Study
from agents.studies.settings import look_up

ATTAINABLE = "attainable"
BEST_ARM = "mean final score of the best arm"
"""Source of what is attainable where no cell measures that."""
TASK_KEYS = (
    *("policy", "env", "env_kwargs.scorer", "env_kwargs.objective", "env_kwargs.prompts"),
    *("env_kwargs.max_new_tokens", "env_kwargs.domain", "env_kwargs.domain_kwargs"),
)
"""Settings that say what there is to be learned: arms that share them share a goal."""
FEEDBACK = ("value",)
"""Keys of `domain_kwargs` that say how parts of a response are valued, and not which responses are right."""


@dataclass(frozen=True)
class Arm:
    """Runs that differ in their seed alone."""

    factors: dict[str, Any]
    """Factors of the arm: dotted key to value; None where the settings lack it."""
    planned: dict[str, Any]
    """Its settings, without what tuning chooses."""
    name: str
    """Short text of all factors of the arm."""
    label: str
    """Short text of the factors that the study compares."""
    panel: str
    """Short text of all other factors."""
    variant: str
    """Short text of the other factors that differ from the study's defaults; empty without any."""
    seeds: tuple[int, ...]
    """Seeds that are planned for the arm."""
    results: tuple[CellResult, ...] = ()
    """Results of its finished cells, in the order of the seeds."""
    curves: tuple[Curves, ...] = ()
    """Learning curves, one set for each result."""
    task: int = -1
    """Number of the arm's task."""

    @property
    def end(self) -> float:
        """Episodes up to which it was observed."""
        return end_of(zip(self.results, self.curves, strict=True))

    @property
    def common_end(self) -> float:
        """Episodes up to which each of its runs that did not fail was observed; where all failed, `end`."""
        pairs = zip(self.results, self.curves, strict=True)
        return min((curves.end for result, curves in pairs if result.status == "done"), default=self.end)


def read_arms(study: Study, results: Sequence[CellResult]) -> list[Arm]:
    """Returns all planned arms, in the order of the file, with the runs that are there.

    Raises:
        ValueError: If runs of one arm differ in more than their seed.
    """
    plan = training_plan(study, results)
    factors = find_factors(study, plan)
    central = main_keys(study, factors)
    others = [key for key in factors if key not in central]
    points: dict[str, list[Point]] = {}
    for point in plan:
        text = text_of({key: look_up(point.settings, key) for key in factors})
        points.setdefault(text, []).append(point)
    found = _sort_results(study, results, factors, points)
    goal = study.goal or Goal()
    values = [{key: look_up(same[0].settings, key) for key in factors} for same in points.values()]
    names = unique_names(values, [*central, *others], study.defaults)
    arms: list[Arm] = []
    for (text, same), own, name in zip(points.items(), values, names, strict=True):
        seeds = sorted({seed for point in same for seed in point.seeds})
        runs = _of_seeds(found.get(text, []), seeds, name)
        arms.append(
            Arm(
                factors=own,
                planned=same[0].settings,
                name=name,
                label=show_factors(own, central, study.defaults) or name,
                panel=show_factors(own, others, {}, ", ") or ("defaults" if others else ""),
                variant=show_factors(own, others, study.defaults, ", "),
                seeds=tuple(seeds),
                results=tuple(runs),
                curves=tuple(read_curves(result, goal) for result in runs),
            )
        )
    return arms


def read_tasks(
    study: Study, results: Sequence[CellResult], arms: Sequence[Arm]
) -> tuple[list[Arm], list[Task]]:
    """Returns the arms with the numbers of their tasks, and the tasks, which say what is to be reached."""
    settings = [arm.results[0].settings if arm.results else arm.planned for arm in arms]
    keys = [task_key(one) for one in settings]
    numbers = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    varied = [key for key in TASK_KEYS if len({text_of(task_value(one, key)) for one in settings}) > 1]
    tasks: list[Task] = []
    for key in numbers:
        members = [arm for arm, own in zip(arms, keys, strict=True) if own == key]
        one = settings[keys.index(key)]
        name = " ".join(show_setting(key, task_value(one, key)) for key in varied)
        tasks.append(_read_task(study, name, one, members, results))
    placed = [replace(arm, task=numbers[key]) for arm, key in zip(arms, keys, strict=True)]
    return placed, tasks


def task_key(settings: Mapping[str, Any]) -> str:
    """Returns a text that is the same for runs that have the same to do."""
    return text_of([task_value(settings, key) for key in TASK_KEYS])


def task_value(settings: Mapping[str, Any], key: str) -> Any:
    """Returns what a setting says of the task: of a table all but how the feedback on a response is made."""
    value = look_up(settings, key)
    if not isinstance(value, Mapping):
        return value
    return {k: v for k, v in cast(Mapping[str, Any], value).items() if k not in FEEDBACK} or None


def _read_task(
    study: Study,
    name: str,
    settings: Mapping[str, Any],
    members: Sequence[Arm],
    results: Sequence[CellResult],
) -> Task:
    """Returns the task of some arms, with the settings of one of them."""
    start, attainable, source = _ends(results, settings, members)
    ends = [arm.common_end for arm in members if arm.results]
    goal = None
    if study.goal is not None and start is not None and attainable is not None:
        if attainable > start:
            goal = start + study.goal.share * (attainable - start)
        else:  # every run would be at such a goal before it learned anything
            source += ", no higher than the start, so that there is no goal"
    return Task(
        name=name,
        start=start,
        attainable=attainable,
        source=source,
        goal=goal,
        max_kl=math.inf if study.goal is None else study.goal.max_kl(settings),
        horizon=min(ends, default=0.0),
    )


def _sort_results(
    study: Study, results: Iterable[CellResult], factors: Sequence[str], points: Mapping[str, Sequence[Point]]
) -> dict[str, list[CellResult]]:
    """Returns the main training runs by the planned combination of factors that they belong to."""
    runs = {point.settings.get("run") for same in points.values() for point in same}
    found: dict[str, list[CellResult]] = {}
    for result in results:
        if result.phase == MAIN and result.settings.get("run") in runs:
            text = factors_of(result.settings, factors, tuned_keys(study), points)
            if text is not None:
                found.setdefault(text, []).append(result)
    return found


def _of_seeds(results: Iterable[CellResult], seeds: Iterable[int], name: str) -> list[CellResult]:
    """Returns the results with planned seeds, in the order of the seeds."""
    wanted = set(seeds)
    kept = sorted((one for one in results if one.seed in wanted), key=lambda one: one.seed)
    found = {result.header["settings_sha256"]: result.id for result in reversed(kept)}
    if len(found) > 1:
        whose = " and ".join(sorted(found.values())[:3])
        raise ValueError(
            f"{name}: expected runs that differ in their seed alone, got {len(found)} different settings, "
            f"those of {whose}; remove the files of an earlier version of the study from cells/, or run this "
            "one with another --out"
        )
    return kept


def _ends(
    results: Iterable[CellResult], settings: Mapping[str, Any], members: Sequence[Arm]
) -> tuple[float | None, float | None, str]:
    """Returns score of the untrained policy, attainable score, and where that comes from."""
    measured = [
        record
        for result in results
        for record in result.records(ATTAINABLE)
        if result.phase == "main" and task_key(result.settings) == task_key(settings)
    ]
    if measured:
        n, prompts = measured[0]["n"], measured[0]["prompts"]
        start, best = (float(np.mean([one[key] for one in measured])) for key in ("start", "best"))
        return start, best, f"best of {n} responses, mean over {prompts} prompts"
    starts = [start_score(result) for arm in members for result in arm.results]
    finals = [
        [final_score(result, curves) for result, curves in zip(arm.results, arm.curves, strict=True)]
        for arm in members
    ]
    known = [[score for score in scores if score is not None] for scores in finals]
    means = [float(np.mean(scores)) for scores in known if scores]
    start = [score for score in starts if score is not None]
    if not means or not start:
        return None, None, "not known yet"
    return float(np.mean(start)), max(means), BEST_ARM

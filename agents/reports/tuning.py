"""Tuning of a study: the candidates, their criteria, and the choice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agents.reports.arms import Arm, task_key
from agents.reports.factors import show_factors
from agents.reports.run_measures import Task, read_curves, time_to_goal
from agents.studies.files import CellResult
from agents.studies.plan import TUNING, Cell, Goal, Study
from agents.studies.settings import leaves, look_up
from agents.studies.tuning import criterion_of

Facts = dict[str, Any]


def describe_tuning(
    study: Study, results: Iterable[CellResult], arms: Sequence[Arm], tasks: Sequence[Task]
) -> Facts | None:
    """Returns tuning's candidates, and the choices as far as the arms' runs show; None without tuning.

    Args:
        study: What was planned.
        results: All finished cells.
        arms: Of `agents.reports.arms.read_tasks`.
        tasks: As there.
    """
    if study.tuning is None:
        return None
    places, keys = study.tuned_places(), list(study.tuning.keys)
    finished = {result.key: result for result in results if result.phase == TUNING}
    goals = {task_key(arm.planned): tasks[arm.task] for arm in arms}
    return {
        "criterion": study.tuning.criterion,
        "seeds": list(study.tuning.seeds),
        "candidates": study.tuning.budget,
        "grid": study.tuning.values(),
        "settings": dict(leaves(study.tuning.settings)),
        "keys": keys,
        "chosen": [
            {"where": _name(where), "chosen": [_choice(arms, where, key) for key in keys]} for where in places
        ],
        "tried": [one for where in places for one in _tries(study, where, finished, goals)],
    }


def _tries(
    study: Study,
    where: Mapping[str, Any],
    finished: Mapping[str, CellResult],
    goals: Mapping[str, Task],
) -> list[Facts]:
    """Returns the criterion of each candidate for a choice, without those that have no finished run.

    `criterion`, by seed: None for a run that failed. `episodes_to_goal`, by seed: infinite for one that did
    not get there; empty where the goal is not known.
    """
    assert study.tuning is not None
    by_seed = [list(study.candidates(where, seed)) for seed in study.tuning.seeds]
    tries: list[Facts] = []
    for tried in zip(*by_seed, strict=True):
        cells = [(cell, finished[cell.key]) for _, cell in tried if cell.key in finished]
        if cells:
            tries.append(
                {
                    "where": _name(where),
                    "settings": [tried[0][0].get(key) for key in study.tuning.keys],
                    "criterion": [criterion_of(study, result) for _, result in cells],
                    "episodes_to_goal": _times(study, cells, goals.get(task_key(cells[0][0].settings))),
                }
            )
    return tries


def _times(study: Study, cells: Iterable[tuple[Cell, CellResult]], task: Task | None) -> list[float]:
    goal = study.goal or Goal()
    times = [] if task is None else [time_to_goal(read_curves(result, goal), task) for _, result in cells]
    return [time for time in times if time is not None]


def _choice(arms: Iterable[Arm], where: Mapping[str, Any], key: str) -> Any:
    """Returns the value of a tuned key in a run that got it from tuning; None while there is no such run."""
    for arm in arms:
        left_open = look_up(arm.planned, key) is None
        if left_open and arm.results and all(look_up(arm.planned, one) == where[one] for one in where):
            return look_up(arm.results[0].settings, key)
    return None


def _name(where: Mapping[str, Any]) -> str:
    return show_factors(where, list(where), {}, ", ")

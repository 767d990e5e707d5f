"""Chooses hyperparameters by the results of a study's tuning cells.

All settings that are tried get the same seeds and the same number of episodes, in each place that a choice
is made for; those with the best mean criterion over their seeds are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.runs.strict_json import is_number
from agents.stats.curves import area_under_curve, episodes_to_goal, moving_average
from agents.studies.files import CellResult
from agents.studies.plan import Cell, Choice, Goal, Study, Tuning
from agents.studies.settings import look_up

FloatArray = npt.NDArray[np.float64]
Criterion = Callable[[CellResult, Goal, Tuning], float]
"""Criterion of tuning: a finished run, the study's goal and its tuning to a number, the larger the better."""
STOP_SCORE = "stop_at.score"
"""Setting of cells that end at a score, which the criterion "episodes" counts up to where tuning has none."""


def area_within_divergence(result: CellResult, goal: Goal, tuning: Tuning) -> float:
    """Returns the mean height of the smoothed score curve, with the start's score where the KL is too large.

    So a setting gains nothing from scores that it reaches beyond K nats from the reference. A run of a single
    iteration has one height, which is returned.

    Args:
        result: Result of a training run.
        goal: Goal of the study, of which window and largest KL are read.
        tuning: Not read.
    """
    del tuning
    rows = result.iterations
    scores, divergences = _smooth(result, goal)
    allowed = np.where(divergences <= goal.max_kl(result.settings), scores, scores[0])
    if len(rows) == 1:
        return float(allowed[0])
    return area_under_curve([row["episodes"] for row in rows], allowed)


def minus_episodes_to_score(result: CellResult, goal: Goal, tuning: Tuning) -> float:
    """Returns minus the episodes after which the smoothed score is first there, within K nats.

    It is what a report measures as episodes to the goal, where the goal is the tuning's `score`. A run that
    never gets there counts its length, and as much again in proportion to the part of the gain that it
    lacks: so of two that are too slow the better one is told.

    Args:
        result: Result of a training run.
        goal: Goal of the study, of which window and largest KL are read.
        tuning: Its `score` is what is to be reached; None: that of the cell's `stop_at`.

    Raises:
        ValueError: If neither has a score.
    """
    score = look_up(result.settings, STOP_SCORE) if tuning.score is None else tuning.score
    if not is_number(score):
        raise ValueError(
            "tuning.score: expected the score that the criterion 'episodes' counts up to, here or as "
            f"{STOP_SCORE} of the cells, got none"
        )
    scores, divergences = _smooth(result, goal)
    ends = [float(row["episodes"]) for row in result.iterations]
    starts = [end - ends[0] for end in ends]  # an iteration's numbers are those of before its update
    most = goal.max_kl(result.settings)
    found = episodes_to_goal(
        *(starts, scores, divergences), goal=score, max_kl=most, first=goal.iterations(ends[0]) - 1
    )
    if np.isfinite(found):
        return -found
    best = float(np.where(divergences <= most, scores, scores[0]).max())
    lacking = (score - best) / (score - float(scores[0]))
    return -ends[-1] * (1.0 + min(max(lacking, 0.0), 1.0))


def _smooth(result: CellResult, goal: Goal) -> tuple[FloatArray, FloatArray]:
    """Returns the smoothed scores and divergences of a run's iterations, float64 (iterations,) each."""
    window = goal.iterations(result.iterations[0]["episodes"])
    scores, divergences = (
        moving_average(result.column(key), window) for key in ("env/score", "objective/kl")
    )
    return scores, divergences


EPISODES = "episodes"
"""Name of the criterion that needs a score."""
CRITERIA: dict[str, Criterion] = {"area": area_within_divergence, EPISODES: minus_episodes_to_score}
"""Criteria of tuning by name."""


def choose(
    study: Study, results: Mapping[str, CellResult], groups: Sequence[str] | None = None
) -> list[Choice]:
    """Returns the choice for each combination of values that the study tunes.

    Args:
        study: The study; without a tuning there is nothing to choose.
        results: Results of the finished tuning cells, by key.
        groups: Names of the groups whose main cells need the choices; None: all.

    Raises:
        ValueError: If a tuning cell is missing, all candidates failed, or the criterion is unknown.
    """
    if study.tuning is None:
        return []
    _criterion(study.tuning)
    return [_choose(study, where, results) for where in study.tuned_places(groups)]


def _choose(study: Study, where: dict[str, Any], results: Mapping[str, CellResult]) -> Choice:
    assert study.tuning is not None
    by_seed = [list(study.candidates(where, seed)) for seed in study.tuning.seeds]
    candidates: list[dict[str, Any]] = []
    for tries in zip(*by_seed, strict=True):
        values = [_value(study, cell, results) for _, cell in tries]
        finite = [value for value in values if value is not None]
        mean = sum(finite) / len(finite) if len(finite) == len(values) else None
        candidates.append({"settings": tries[0][0], "criterion": mean, "seeds": values})
    whole = [one for one in candidates if one["criterion"] is not None]
    if not whole:
        raise ValueError(f"tuning: each candidate failed at least once for {where}")
    best = max(whole, key=lambda one: one["criterion"])
    return Choice(where, dict(best["settings"]), candidates)


def _value(study: Study, cell: Cell, results: Mapping[str, CellResult]) -> float | None:
    """Returns the criterion of a tuning cell; None: its run failed."""
    if cell.key not in results:
        raise ValueError(f"tuning: {cell.id} is not there yet")
    return criterion_of(study, results[cell.key])


def criterion_of(study: Study, result: CellResult) -> float | None:
    """Returns the criterion of a tuning run; None for a run that failed.

    Raises:
        ValueError: If the criterion is unknown, or the run lacks a metric that it needs.
    """
    assert study.tuning is not None
    criterion = _criterion(study.tuning)
    if result.status == "failed":
        return None
    return criterion(result, study.goal or Goal(), study.tuning)


def _criterion(tuning: Tuning) -> Criterion:
    """Returns the criterion that a tuning names."""
    if tuning.criterion not in CRITERIA:
        raise ValueError(f"tuning.criterion: expected one of {', '.join(CRITERIA)}, got {tuning.criterion!r}")
    return CRITERIA[tuning.criterion]

"""The numbers of one training run of a study: its curves on a common axis, and what is read off them.

An iteration's figures are those of the policy before its update. They therefore stand at the episodes that
were learned from before it, those of a critic's warm-up taken off: x = 0 is the untrained policy in all runs.
Scores and divergences are averaged over a window of iterations before anything but the area is read off them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.runs.strict_json import is_count, show
from agents.stats.curves import area_under_curve, episodes_to_goal, moving_average, value_at_kl
from agents.studies.files import CellResult
from agents.studies.settings import look_up

FloatArray = npt.NDArray[np.float64]

KL_LEVELS = (2.0, 5.0, 10.0)
"""Divergences, nats per response, at which runs are compared."""
EVALUATED = (
    *("score", "judge", "kl", "perplexity", "distinct_1", "distinct_2", "self_bleu", "repetition", "length"),
)
"""What an evaluation on held-out prompts tells, as far as it was measured."""
RULE = "env/reward_"
WARMUP = "config.critic_warmup_iterations"


@dataclass(frozen=True)
class Task:
    """What is to be reached, for all arms that have the same to do."""

    name: str
    """What sets it apart from the study's other tasks, in short; empty where there is one task."""
    start: float | None
    """Score of the untrained policy."""
    attainable: float | None
    source: str
    """Where `attainable` comes from, in words."""
    goal: float | None
    """The score to reach; None where it is not known."""
    max_kl: float
    """Divergence that may not be exceeded, nats per response; infinity: any."""
    horizon: float
    """Episodes up to which all arms were observed; areas count up to here."""


@dataclass(frozen=True)
class Curves:
    """A run's curves, (I,) float64 each: I iterations behind the critic's warm-up."""

    episodes: FloatArray
    raw_score: FloatArray
    score: FloatArray
    """Smoothed, as all below."""
    kl: FloatArray
    judge: FloatArray | None
    explained: FloatArray | None
    """Explained variance of the critic, not smoothed; None without a critic."""
    rules: dict[str, FloatArray]
    """Smoothed reward by rule."""

    @property
    def end(self) -> float:
        """The last position; 0 where there is none."""
        return float(self.episodes[-1]) if len(self.episodes) else 0.0


def read_curves(result: CellResult, window: int) -> Curves:
    """Returns the curves of a run, up to the iteration at which its numbers left the finite, if they did.

    Args:
        result: A training cell.
        window: Iterations that are averaged over.

    Raises:
        ValueError: An iteration lacks score or divergence, or the warm-up is no number of iterations.
    """
    rows = result.iterations
    for key in ("env/score", "objective/kl"):
        result.column(key)
    batch = rows[0]["episodes"] if rows else 0
    skipped = batch * _warmup(result)
    finite = takewhile(lambda row: None not in (row["env/score"], row["objective/kl"]), rows)
    measured = [row for row in finite if row["episodes"] - batch >= skipped]
    raw = _column(measured, "env/score")
    keys = sorted({key for row in measured for key in row if key.startswith(RULE)})
    return Curves(
        episodes=_column(measured, "episodes") - batch - skipped,
        raw_score=raw,
        score=_smooth(raw, window),
        kl=_smooth(_column(measured, "objective/kl"), window),
        judge=_smooth(_column(measured, "env/judge"), window) if _has(measured, "env/judge") else None,
        explained=_known(measured, "val/explained_variance"),
        rules={
            key.removeprefix(RULE): _smooth(_column(measured, key), window)
            for key in keys
            if _has(measured, key)
        },
    )


def measure_run(result: CellResult, curves: Curves, task: Task) -> dict[str, float | None]:
    """Returns the numbers of a run by name; None: not measured, or never at that divergence.

    `episodes_to_goal` is infinite where the goal was not reached. `gap` is what the
    proxy, put on the judge's scale as (score + 1) / 2, gained more than the judge did.

    Args:
        result: The run.
        curves: Of `read_curves`.
        task: What it had to do.
    """
    after = result.evaluations.get("after") or {}
    explained = curves.explained
    return {
        "episodes_to_goal": time_to_goal(curves, task),
        "area": area(curves, task),
        **{name: _number(after.get(name)) for name in EVALUATED},
        "gap": _gap(result.evaluations),
        **dict(_at_levels("score_at_kl", curves.kl, curves.score)),
        **dict(_at_levels("judge_at_kl", curves.kl, curves.judge)),
        "explained_variance": None if explained is None or not len(explained) else float(explained.mean()),
    }


def time_to_goal(curves: Curves, task: Task) -> float | None:
    """Returns the episodes until the goal, infinity if it was not reached; None where there is no goal."""
    if task.goal is None:
        return None
    if not len(curves.episodes):
        return math.inf
    return episodes_to_goal(curves.episodes, curves.score, curves.kl, goal=task.goal, max_kl=task.max_kl)


def area(curves: Curves, task: Task) -> float | None:
    """Returns the mean height of the score's curve up to the horizon, single iterations not smoothed.

    A run that failed counts the score of the untrained policy from its last iteration on.
    """
    x, y, horizon = curves.episodes, curves.raw_score, task.horizon
    start = task.start if task.start is not None else float(y[0]) if len(y) else None
    if start is None:
        return None
    if horizon == 0.0:
        return float(y[0]) if len(y) else start
    inside = x < horizon
    if curves.end >= horizon:
        x = np.append(x[inside], horizon)
        y = np.append(y[inside], np.interp(horizon, curves.episodes, curves.raw_score))
    covered = float(x[-1]) if len(x) else 0.0
    height = area_under_curve(x, y) if covered else 0.0
    return (height * covered + start * (horizon - covered)) / horizon


def end_of(runs: Iterable[tuple[CellResult, Curves]]) -> float:
    """Returns the position up to which an arm was observed: the last of its longest run that did not fail.

    Where all have failed, the last of the longest; 0 where there is none.
    """
    ends = [(result.status == "done", curves.end) for result, curves in runs]
    return max(ends, default=(False, 0.0))[1]


def start_score(result: CellResult) -> float | None:
    """Returns the score before training: on held-out prompts, or else in the first iteration."""
    before = result.evaluations.get("before") or {}
    if before.get("score") is not None:
        return float(before["score"])
    return _number(result.column("env/score")[0]) if result.iterations else None


def final_score(result: CellResult, curves: Curves) -> float | None:
    """Returns the score after training: on held-out prompts, or else at the curve's end."""
    after = result.evaluations.get("after") or {}
    if after.get("score") is not None:
        return float(after["score"])
    return float(curves.score[-1]) if len(curves.score) else None


def level_name(name: str, level: float) -> str:
    """Returns the name of a measure at a divergence.

    Example:
        >>> level_name("judge_at_kl", 5.0)
        'judge_at_kl_5'
    """
    return f"{name}_{level:g}"


def _warmup(result: CellResult) -> int:
    """Returns the iterations of a critic's warm-up."""
    found = look_up(result.settings, WARMUP) or 0
    if not is_count(found):
        raise ValueError(f"{result.id}: settings: {WARMUP}: expected a whole number >= 0, got {show(found)}")
    return int(found)


def _at_levels(name: str, kls: FloatArray, values: FloatArray | None) -> Iterator[tuple[str, float | None]]:
    for level in KL_LEVELS:
        found = None if values is None or not len(kls) else value_at_kl(kls, values, level)
        yield level_name(name, level), found


def _gap(evaluations: Mapping[str, Mapping[str, Any]]) -> float | None:
    before, after = (evaluations.get(when) or {} for when in ("before", "after"))
    ends = [evaluation.get(key) for evaluation in (before, after) for key in ("score", "judge")]
    if None in ends:
        return None
    score_before, judge_before, score_after, judge_after = map(float, ends)
    return (score_after - score_before) / 2.0 - (judge_after - judge_before)


def _has(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    return bool(rows) and all(row.get(key) is not None for row in rows)


def _column(rows: Sequence[Mapping[str, Any]], key: str) -> FloatArray:
    return np.array([row[key] for row in rows], dtype=np.float64)


def _known(rows: Sequence[Mapping[str, Any]], key: str) -> FloatArray | None:
    found = [row[key] for row in rows if row.get(key) is not None]
    return np.array(found, dtype=np.float64) if found else None


def _smooth(values: FloatArray, window: int) -> FloatArray:
    return moving_average(values, window) if len(values) else values


def _number(value: Any) -> float | None:
    return None if value is None else float(value)

"""The numbers of one training run of a study: its curves on a common axis, and what is read off them.

An iteration's numbers are those of the policy before its update. They therefore stand at the episodes that
were learned from before it, those of a critic's warm-up taken off: x = 0 is the untrained policy in all runs.
Scores and divergences are averaged over a window before anything but the area is read off them.
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
from agents.stats.measures import KL_LEVELS, MEASURES, Measure
from agents.studies.files import CellResult
from agents.studies.plan import Goal
from agents.studies.settings import look_up

FloatArray = npt.NDArray[np.float64]

TIME, AREA, GAP = "episodes_to_goal", "area", "gap"
"""Keys of what is read off a run's curves and both of its evaluations."""
TOKENS, SECONDS = "tokens_to_goal", "seconds_to_goal"
"""Keys of what a run takes to the goal counted otherwise: in generated tokens, and in seconds."""
SCORE, JUDGE = "score", "judge"
"""Keys of what is trained on, and of what nobody is trained against."""
LENGTH = "objective/length"
RULE = "env/reward_"
Measures = Mapping[str, Measure]
"""Key to measure, in the order of all tables."""
WARMUP = "config.critic_warmup_iterations"


@dataclass(frozen=True)
class Task:
    """Task shared by arms: start, goal, largest KL and horizon."""

    name: str
    """Short text that tells it from the study's other tasks; empty where there is one task."""
    start: float | None
    """Score of the untrained policy."""
    attainable: float | None
    source: str
    """Source of `attainable`, in words."""
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
    """Smoothed score; all curves below are smoothed too."""
    kl: FloatArray
    rules: dict[str, FloatArray]
    """Smoothed reward of each rule, by the rule's name."""
    others: dict[str, FloatArray]
    """Measure to its curve, for those that are read at divergences, but for the score; as far as measured."""
    means: dict[str, float]
    """Measure to its mean over iterations, for those of the log that a table has."""
    tokens: FloatArray | None = None
    """Tokens generated before each position; None where lengths were not logged."""
    window: int = 1
    """Iterations that are averaged over; the first points have fewer before them."""

    @property
    def end(self) -> float:
        """The last position of a curve; 0 where the curve has no point."""
        return float(self.episodes[-1]) if len(self.episodes) else 0.0


def measures_of(
    results: Iterable[CellResult], asked: Iterable[str] = (), table: Measures | None = None
) -> dict[str, Measure]:
    """Returns the measures of a study's runs: what evaluations tell, what is read off curves, means of logs.

    Args:
        results: All finished cells.
        asked: Keys of what contrasts are about: they are among the measures even where nothing has them.
        table: All measures; None: `MEASURES`.
    """
    rows = [*(MEASURES if table is None else table).values()]
    wanted = {key.partition("_at_kl_")[0] for key in asked}
    wanted |= {key for result in results for key in _measured(result, rows)}
    rows = [row for row in rows if not row.optional or row.key in wanted]
    kept = [row for row in rows if row.source != "log"]
    read = sorted((row for row in rows if row.at_kl), key=lambda row: row.key)
    levels = [at_level(row, level) for level in KL_LEVELS for row in read]
    logged = [row for row in rows if row.source == "log" and row.tables]
    return {row.key: row for row in [*kept, *levels, *logged]}


def all_measures() -> dict[str, Measure]:
    """Returns the measures that a contrast can be about."""
    return measures_of([], MEASURES)


def at_level(measure: Measure, level: float) -> Measure:
    """Returns the measure that is another one where KL first reaches so many nats."""
    key, label = level_name(f"{measure.key}_at_kl", level), f"{measure.label} at {level:g} nats"
    return Measure(key, label, measure.digits, "run", measure.better)


def read_curves(result: CellResult, goal: Goal, measures: Measures | None = None) -> Curves:
    """Returns the curves of a run, up to the iteration at which it diverged, if it did.

    Args:
        result: A training cell.
        goal: Says how many iterations are averaged over.
        measures: Which are read; None: `MEASURES`.

    Raises:
        ValueError: If an iteration lacks score or divergence, or the warm-up is not a number of iterations.
    """
    rows = result.iterations
    for key in ("env/score", "objective/kl"):
        result.column(key)
    batch = rows[0]["episodes"] if rows else 0
    window = goal.iterations(max(1, batch))
    skipped = batch * _warmup(result)
    finite = takewhile(lambda row: None not in (row["env/score"], row["objective/kl"]), rows)
    measured = [row for row in finite if row["episodes"] - batch >= skipped]
    raw = _column(measured, "env/score")
    read = MEASURES if measures is None else measures
    keys = sorted({key for row in measured for key in row if key.startswith(RULE)})
    return Curves(
        episodes=_column(measured, "episodes") - batch - skipped,
        raw_score=raw,
        score=_smooth(raw, window),
        kl=_smooth(_column(measured, "objective/kl"), window),
        rules={
            key.removeprefix(RULE): _smooth(_column(measured, key), window)
            for key in keys
            if _has(measured, key)
        },
        others={
            row.key: _smooth(_column(measured, row.log_key), window)
            for row in read.values()
            if row.at_kl and row.key != SCORE and _has(measured, row.log_key)
        },
        means={
            row.key: float(known.mean())
            for row in read.values()
            if row.source == "log" and row.tables and (known := _known(measured, row.log_key)) is not None
        },
        tokens=_tokens_before(measured, batch),
        window=window,
    )


def measure_run(
    result: CellResult,
    curves: Curves,
    task: Task,
    measures: Measures | None = None,
    *,
    seconds: float | None = None,
) -> dict[str, float | None]:
    """Returns the numbers of a run by name; None: not measured, or never at that divergence.

    What a run took to the goal is infinite where it was not reached. `gap` is what the
    proxy, put on the judge's scale as (score + 1) / 2, gained more than the judge did.

    Args:
        result: The run.
        curves: Of `read_curves`.
        task: What it had to do.
        measures: Of `measures_of`; None: all.
        seconds: Of an episode of its arm; None: not known.
    """
    after = result.evaluations.get("after") or {}
    known = all_measures() if measures is None else measures
    curve_of = {**curves.others, SCORE: curves.score}
    time = time_to_goal(curves, task)
    return {
        TIME: time,
        **{key: time_in(curves, time, key, seconds) for key in (TOKENS, SECONDS) if key in known},
        AREA: area(curves, task),
        **{row.key: _number(after.get(row.key)) for row in known.values() if row.is_evaluated},
        GAP: _gap(result.evaluations),
        **{
            name: value
            for row in read_at_levels(known)
            for name, value in _at_levels(f"{row.key}_at_kl", curves.kl, curve_of.get(row.key))
        },
        **{row.key: curves.means.get(row.key) for row in known.values() if row.source == "log"},
    }


def read_at_levels(measures: Measures) -> list[Measure]:
    """Returns the measures that are read at divergences: the score, and what is compared with it."""
    return [row for row in measures.values() if row.at_kl]


def time_to_goal(curves: Curves, task: Task) -> float | None:
    """Returns the episodes until the goal, infinity if it was not reached; None where there is no goal."""
    if task.goal is None:
        return None
    if not len(curves.episodes):
        return math.inf
    return first_time(curves, task.goal, task.max_kl)


def first_time(curves: Curves, goal: float, max_kl: float) -> float:
    """Returns the episodes until the average over a whole window is at a score; infinity if it never is.

    Args:
        curves: Of a run of at least one iteration.
        goal: The score.
        max_kl: Largest KL from the reference at which it counts, nats per response.
    """
    return episodes_to_goal(
        *(curves.episodes, curves.score, curves.kl), goal=goal, max_kl=max_kl, first=curves.window - 1
    )


def time_in(curves: Curves, time: float | None, measure: str, seconds: float | None = None) -> float | None:
    """Returns a position of a run counted in another way, infinity for infinity; None where that is unknown.

    Args:
        curves: Of the run.
        time: The position, in episodes.
        measure: One of `TIMES`.
        seconds: Of an episode.
    """
    if time is None or measure == TIME:
        return time
    if measure == SECONDS:
        return None if seconds is None else time * seconds
    if curves.tokens is None:
        return None
    return math.inf if math.isinf(time) else float(np.interp(time, curves.episodes, curves.tokens))


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

    Where all have failed, the last of the longest; 0 where there is no run.
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


def _measured(result: CellResult, measures: Iterable[Measure]) -> Iterator[str]:
    """Yields the keys of the measures that evaluations of a run have, or that its iterations log."""
    evaluations, logged = result.evaluations.values(), result.iterations[-1:]
    for row in measures:
        curves = logged if row.at_kl or row.source == "log" else ()
        if any((one or {}).get(row.key) is not None for one in evaluations) or any(
            one.get(row.log_key) is not None for one in curves
        ):
            yield row.key


def _tokens_before(rows: Sequence[Mapping[str, Any]], batch: int) -> FloatArray | None:
    """Returns the tokens of all responses before each iteration, (I,) float64."""
    if not _has(rows, LENGTH):
        return None
    return np.concatenate([[0.0], np.cumsum(_column(rows, LENGTH) * batch)[:-1]])


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
    ends = [evaluation.get(key) for evaluation in (before, after) for key in (SCORE, JUDGE)]
    known = [float(end) for end in ends if end is not None]
    if len(known) < len(ends):
        return None
    score_before, judge_before, score_after, judge_after = known
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

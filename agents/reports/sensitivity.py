"""Speed-ups of a contrast under other goals and limits, side by side, whichever way they point.

How many times fewer episodes an arm needs depends on how far it has to go, how far from the reference it may
stray, and what is counted. A study that marks a contrast with `sensitivity = true` shows it under five goals
and its own, three limits, and in episodes, tokens and seconds. Nothing of it is tested.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agents.reports.contrasts import Side, meant_by, speed_up_of
from agents.reports.effects import speed_up_text
from agents.reports.run_measures import Task, time_in, time_to_goal
from agents.reports.stops import was_ended
from agents.reports.tables import DASH, Table, number
from agents.stats.measures import TIMES
from agents.stats.resampling import Method
from agents.studies.plan import Contrast, Study

SHARES = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Goals, as shares of the way from the untrained policy to what is attainable."""
LIMIT = 10.0
"""Nats per response, the limit beside the study's own and none."""
ENDED = (
    "; ended before: runs that ended at the score of their stop_at, below that of the row, which they might "
    "have reached later; ratios of such rows count up to the first of these ends, and say less the higher "
    "the goal is"
)
Facts = dict[str, Any]


def describe_sensitivity(study: Study, sides: Sequence[Side]) -> list[Facts]:
    """Returns the speed-ups of each marked contrast, `rows` of goals and limits; empty where none is marked.

    Args:
        study: Says which contrasts are marked, and how intervals are made.
        sides: All arms.
    """
    found: list[Facts] = []
    for contrast in study.contrasts:
        meant = [meant_by(study, [side.arm for side in sides], where) for where in contrast.arms]
        pair = [[side for side in sides if side.arm in arms] for arms in meant]
        if contrast.sensitivity and study.goal is not None and all(len(arms) == 1 for arms in pair):
            (treatment,), (control,) = pair
            found.append(_describe(contrast, treatment, control, study.goal.share, study.interval))
    return [{"number": i, **one} for i, one in enumerate(found, start=1) if one["rows"]]


def sensitivity_table(one: Mapping[str, Any]) -> Table:
    """Returns the table of one contrast: a row for each goal and limit, that of the study standing out.

    Args:
        one: Of `describe_sensitivity`.
    """
    counted = [key for key in TIMES if any(row["speed_ups"].get(key) for row in one["rows"])]
    rows = [
        (
            f"{row['share']:.4g}",
            number(row["goal"]),
            "any" if row["max_kl"] is None else number(row["max_kl"], 2),
            " and ".join(_count(row, side) for side in range(2)),
            *(_ratio(row["speed_ups"].get(key)) for key in counted),
        )
        for row in one["rows"]
    ]
    names = {key: f"fewer {key.partition('_')[0]}" for key in TIMES}
    head = ("of the way", "score", "largest KL", "reached", *(names[key] for key in counted))
    caption = (
        f"{one['name']}: how many times fewer {one['treatment']} needs than {one['control']}, under other "
        "goals and limits; ≥ and ≤: bounds, as runs of one alone never got there; up to: runs of both"
    )
    caption += ENDED if any(any(row["ended"]) for row in one["rows"]) else ""
    strong = frozenset(i for i, row in enumerate(one["rows"]) if row["own"])
    return Table(f"sensitivity-{one['number']}", caption, head, tuple(rows), strong, frozenset({2, 3}))


def _describe(contrast: Contrast, treatment: Side, control: Side, own: float, method: Method) -> Facts:
    rows: list[Facts] = []
    for share in sorted({*SHARES, own}):
        for limit in dict.fromkeys((LIMIT, treatment.task.max_kl, math.inf)):
            pair = [_under(side, share, limit, own) for side in (treatment, control)]
            row = _row(pair[0], pair[1], method)
            if row is not None:
                is_own = share == own and limit == treatment.task.max_kl
                rows.append({"share": share, "own": is_own, **row})
    return {
        "name": contrast.name,
        "treatment": treatment.arm.name,
        "control": control.arm.name,
        "rows": rows,
    }


def _under(side: Side, share: float, limit: float, own: float) -> Side:
    """Returns an arm with the times that its runs take to another goal; none where no goal is known."""
    task = _moved(side.task, share, limit, own)
    runs: dict[int, dict[str, float | None]] = {}
    for result, curves in zip(side.arm.results, side.arm.curves, strict=True):
        time = time_to_goal(curves, task)
        runs[result.seed] = {key: time_in(curves, time, key, side.seconds) for key in TIMES}
    return side._replace(task=task, runs=runs)


def _moved(task: Task, share: float, limit: float, own: float) -> Task:
    """Returns a task whose goal lies another share of the way; the study's own goal stays what it is."""
    if task.goal is None or task.start is None or task.attainable is None:
        return replace(task, goal=None)
    goal = task.goal if share == own else task.start + share * (task.attainable - task.start)
    return replace(task, goal=goal, max_kl=limit)


def _row(treatment: Side, control: Side, method: Method) -> Facts | None:
    """Returns what both arms take to one goal, None where neither has runs or a goal."""
    seeds = [seed for seed in treatment.runs if seed in control.runs]
    if not seeds or treatment.task.goal is None:
        return None
    sides = (treatment, control)
    reached = [sum(_got_there(side, seed) for seed in seeds) for side in sides]
    ended = [
        sum(
            was_ended(run) and run.seed in seeds and not _got_there(side, run.seed)
            for run in side.arm.results
        )
        for side in sides
    ]
    speed_ups = {key: speed_up_of(treatment, control, method, key) for key in TIMES}
    return {
        "goal": treatment.task.goal,
        "max_kl": treatment.task.max_kl,
        "n": len(seeds),
        "reached": reached,
        "ended": ended,
        "speed_ups": {key: found for key, found in speed_ups.items() if found is not None},
    }


def _got_there(side: Side, seed: int) -> bool:
    return (time := side.runs[seed][TIMES[0]]) is not None and math.isfinite(time)


def _count(row: Mapping[str, Any], side: int) -> str:
    """Returns how many runs of an arm reached the goal of a row, and how many were ended before."""
    ended = row["ended"][side]
    return f"{row['reached'][side]} of {row['n']}" + (f" ({ended} ended before)" if ended else "")


def _ratio(found: Mapping[str, Any] | None) -> str:
    """Returns a ratio in text; where runs of both arms never got there, up to where it counts."""
    if found is None:
        return DASH
    both = found["treatment_censored"] and found["control_censored"] and not found["none_reached"]
    return speed_up_text(found) + (f" up to {number(found['horizon'], 0)}" if both else "")

"""Runs that end at a score (`stop_at`): how long they were, and whether they had reached the goal by then."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from agents.reports.arms import BEST_ARM
from agents.reports.contrasts import STOP, Side
from agents.reports.escapes import in_prose
from agents.reports.factors import show_value
from agents.reports.run_measures import TIME
from agents.reports.tables import number
from agents.runs.strict_json import is_count, show
from agents.studies.files import CellResult

Facts = dict[str, Any]
MOST, LEAST, EXTRA = "most_episodes", "episodes", "extra_episodes"


def length_of(result: CellResult) -> float:
    """Returns the episodes that a run learned from, without those of a critic's warm-up."""
    rows, extra = result.iterations, result.settings.get(EXTRA)
    warmup = float(cast(float, extra)) if is_count(extra) else 0.0
    return (float(rows[-1]["episodes"]) if rows else 0.0) - warmup


def was_ended(result: CellResult) -> bool:
    """Returns whether a run was ended by its `stop_at`, before the most episodes that it could have had."""
    most = result.settings.get(MOST)
    return (
        STOP in result.settings
        and result.status == "done"
        and is_count(most)
        and length_of(result) < cast(float, most)
    )


def check_ends(sides: Sequence[Side], *, complete: bool) -> None:
    """Checks that runs which were ended at a score have reached the goal of their task.

    Such a run would count as one that never got there, and cut the times of all that it is compared with at
    its own end. While a study is not finished, a goal that is a share of what the best arm has reached is no
    goal yet, and nothing is checked against it.

    Args:
        sides: All arms, with the numbers of their runs.
        complete: Whether the study is finished.

    Raises:
        ValueError: If a run was ended before it had reached the goal.
    """
    for side in sides:
        if side.task.goal is None or (side.task.source == BEST_ARM and not complete):
            continue
        for result in side.arm.results:
            if was_ended(result) and math.isinf(side.runs[result.seed][TIME] or 0.0):
                most = side.task.max_kl
                limit = "" if math.isinf(most) else f", and kl at most its K, {most:.6g}"
                raise ValueError(
                    f"{result.id}: stop_at: expected score at least the goal, {side.task.goal:.6g}{limit}, "
                    f"got {show(result.settings[STOP])}; the run ended after {length_of(result):,.0f} "
                    "episodes without reaching the goal: give its cells another stop_at and run them again"
                )


def describe_stops(sides: Sequence[Side]) -> Facts | None:
    """Returns by which scores and numbers of episodes runs ended, and how long they were; None: by none.

    Args:
        sides: All arms.
    """
    runs = [result for side in sides for result in side.arm.results if STOP in result.settings]
    if not runs:
        return None
    rules = [{key: run.settings.get(key) for key in (LEAST, STOP, MOST)} for run in runs]
    return {
        "rules": [rule for i, rule in enumerate(rules) if rule not in rules[:i]],
        "lengths": {
            side.arm.name: [min(lengths), max(lengths)]
            for side in sides
            if (lengths := [length_of(run) for run in side.arm.results if STOP in run.settings])
        },
    }


def stops_sentence(stops: Mapping[str, Any] | None) -> str:
    """Returns in words when runs ended, and what that means for what is measured after training.

    Args:
        stops: Of `describe_stops`.
    """
    if stops is None:
        return ""
    ways = "; or ".join(map(_rule, stops["rules"]))
    ends = [end for pair in stops["lengths"].values() for end in pair]
    least, most = number(min(ends), 0), number(max(ends), 0)
    if least == most:
        return f"A run ended {ways}; all had {most}."
    return (
        f"A run ended {ways}. What is measured after training is measured there, so runs of different "
        f"lengths are compared, of {least} to {most} episodes; numbers.json has those of each arm."
    )


def _rule(rule: Mapping[str, Any]) -> str:
    stop: Any = rule[STOP]
    table = cast(Mapping[str, Any], stop if isinstance(stop, Mapping) else {})
    kl = table.get("kl")
    limit = "" if kl is None else f" within {_value(kl)} nats"
    return (
        f"after {_value(rule[LEAST])} episodes if it had reached {_value(table.get('score'))}{limit} by then "
        f"(mean over {_value(table.get('window_episodes'))} episodes), and else when it had, or after "
        f"{_value(rule[MOST])}"
    )


def _value(value: Any) -> str:
    return in_prose(f"{int(value):,}" if is_count(value) else show_value(value))

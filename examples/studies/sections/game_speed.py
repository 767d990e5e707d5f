"""What `potential` saves over `terminal` on the way to the goal in the word game: predicted and measured.

- Responses. With one small step for all, noise averages out, and what counts is how far the expected estimate
  leads along the true gradient: lambda below 1 shortens that of `terminal` with a critic that knows little.
  Measured at the least learning rate.
- Nats. With large steps, noise leads astray: what a learner has diverged by when it gets there. Measured at
  the greatest learning rate; what is predicted is the ratio of the noises alone, `best`, the speed-up that
  the best steps would give where the objective is curved alike in all directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.reports.look import Look, dress, make_panels
from agents.reports.tables import Table, number
from agents.stats.contrasts import speed_up
from agents.stats.intervals import paired_difference
from agents.stats.resampling import BCA, Method

TREATMENT, CONTROL = "potential", "terminal"

Record = dict[str, Any]
FloatArray = npt.NDArray[np.float64]


def compare(credit: Sequence[Record], runs: Sequence[Record], method: Method = BCA) -> list[Record]:
    """Returns predicted and measured speed-ups of potential over terminal, by lambda and critic.

    Args:
        credit: Records of `game_study.credit`.
        runs: Records of `game_study.learning`.
        method: Of intervals, as the study says.
    """
    costs = {(row["design"], row["lam"], row["quality"]): row for row in credit}
    found: list[Record] = []
    for (design, lam, quality), row in costs.items():
        control = costs.get((CONTROL, lam, quality))
        if design != TREATMENT or control is None:
            continue
        arms = [
            [run for run in runs if (run["design"], run["lam"], run["quality"]) == (name, lam, quality)]
            for name in (TREATMENT, CONTROL)
        ]
        one = {"lam": lam, "quality": quality, "explained": control["explained"]}
        one["small"] = ratio(control["small_step_cost"], row["small_step_cost"])
        one["best"] = ratio(control["cost"], row["cost"])
        one["measured"], one["nats"] = measure(*arms, method=method)
        found.append(one)
    return found


def measure(
    treatment: Sequence[Record], control: Sequence[Record], *, method: Method = BCA
) -> tuple[Record | None, Record | None]:
    """Returns the speed-up at the least learning rate and the nats saved at the greatest, with intervals.

    Args:
        treatment: Records of one arm, one for each learning rate; None is returned for an empty arm.
        control: The same of the other.
        method: Of intervals.
    """
    if not treatment or not control:
        return None, None
    slow, fast = (
        [choose(arm, key=lambda run: run["learning_rate"]) for arm in (treatment, control)]
        for choose in (min, max)
    )
    speed = speed_up(*(times(run) for run in slow), horizon=float(slow[0]["horizon"]), method=method)
    return speed._asdict(), _nats_saved(fast[0], fast[1], method)


def _nats_saved(treatment: Record, control: Record, method: Method) -> Record | None:
    """Returns by how much the control has diverged more at the goal, over pairs that get there."""
    pairs = [
        (theirs, mine)
        for theirs, mine in zip(control["kls"], treatment["kls"], strict=True)
        if theirs is not None and mine is not None
    ]
    if not pairs:
        return None
    theirs, mine = zip(*pairs, strict=True)
    return paired_difference(theirs, mine, method=method)._asdict()


def ratio(first: float | None, second: float | None) -> float | None:
    """Returns the first over the second; None where one is not known, or the second is 0."""
    return first / second if first is not None and second else None


def times(run: Record) -> FloatArray:
    """Returns responses to the goal of all learners, float64 (S,); infinity: never."""
    return np.array([np.inf if time is None else float(time) for time in run["episodes"]])


def speed_table(speeds: Sequence[Record]) -> Table:
    """Returns the savings by lambda and critic."""
    rows = [
        (
            f"{row['lam']:g}",
            number(row["explained"], 2),
            *(number(row["small"], 2), _interval(row["measured"])),
            *(number(row["best"], 2), _interval(row["nats"])),
        )
        for row in speeds
    ]
    head = (
        *("λ", "explained by the critic", "speed-up with one small step", "measured"),
        *("speed-up with the best steps", "nats saved with large steps"),
    )
    caption = (
        "What potential saves over terminal: predicted from the expected gradient alone (one small step) and "
        "from its noise too (the best steps); measured with learners that sample, 95% bootstrap intervals."
    )
    return Table("exact_speed_ups", caption, head, tuple(rows))


def run_table(runs: Sequence[Record]) -> Table:
    """Returns what each arm takes and pays at each learning rate."""
    rows = [
        (
            run["design"],
            *(f"{run[key]:g}" for key in ("lam", "quality", "learning_rate")),
            number(float(np.minimum(times(run), run["horizon"]).mean()), 0),
            number(float(np.mean([kl for kl in run["kls"] if kl is not None])), 2),
            number(float(np.mean([time is not None for time in run["episodes_within"]])), 2),
        )
        for run in runs
        if any(kl is not None for kl in run["kls"])
    ]
    head = ("design", "λ", "quality", "learning rate", "responses", "nats", "within the limit")
    caption = (
        "Learners that sample: responses until the exact gain reaches the goal, the divergence then, and the "
        "share of learners that get there within the largest divergence."
    )
    return Table("exact_runs", caption, head, tuple(rows))


def draw(speeds: Sequence[Record], look: Look) -> Any:
    """Returns both savings over explained variance, a colour for each lambda."""
    figure, (left, right) = make_panels(look, 2, columns=2, height=3.6)
    known = "variance that the critic explains"
    dress(left, look, title="Responses, with one small step", x=known, y="speed-up of potential")
    dress(right, look, title="Nats, with large steps", x=known, y="nats saved by potential")
    lambdas = list(dict.fromkeys(row["lam"] for row in speeds))
    for panel, level in ((left, 1.0), (right, 0.0)):
        panel.axhline(level, color=look.soft, linewidth=1.2)
        panel.set_xlim(-0.2, 1.06)
    for i, lam in enumerate(lambdas):
        rows = sorted((row for row in speeds if row["lam"] == lam), key=lambda row: row["explained"])
        colour, shift = look.series(i)[0], 0.015 * (i - (len(lambdas) - 1) / 2)
        left.plot(
            [row["explained"] for row in rows], [row["small"] for row in rows], color=colour, linewidth=2
        )
        _draw_points(left, rows, "measured", colour=colour, shift=shift)
        _draw_points(right, rows, "nats", colour=colour, shift=shift)
        for panel, key in ((left, "measured"), (right, "nats")):
            _name(panel, rows[0]["explained"], rows[0][key], f"λ {lam:g}", colour)
    return figure


def _draw_points(panel: Any, rows: Sequence[Record], key: str, *, colour: str, shift: float) -> None:
    """Draws what is measured, with its intervals."""
    for row in rows:
        found = row[key]
        if found is not None:
            x = row["explained"] + shift
            panel.plot([x, x], [found["low"], found["high"]], color=colour, linewidth=1.2, alpha=0.7)
            panel.plot(x, found["value"], "o", color=colour, markersize=6)


def _name(panel: Any, x: float, found: Record | None, name: str, colour: str) -> None:
    """Writes the name of a series to the left of its first point."""
    if found is not None:
        panel.annotate(
            name, (x, found["value"]), xytext=(-12, 0), color=colour,
            textcoords="offset points", ha="right", va="center", fontsize=9,
        )  # fmt: skip


def _interval(found: Record | None) -> str:
    if found is None:
        return ""
    return f"{number(found['value'], 2)} [{number(found['low'], 2)}, {number(found['high'], 2)}]"

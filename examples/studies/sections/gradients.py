"""The section of a report on gradients: how far a batch leads the right way, by design, lambda and critic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.reports.look import Look, Picture, dress, make_panels
from agents.reports.section import Section
from agents.reports.tables import Table, number
from agents.runs.strict_json import is_number
from agents.stats.resampling import percentile_ends
from agents.studies.files import CellResult
from agents.studies.plan import Study
from agents.studies.records import COUNT, NUMBER, Kind, Shape
from agents.studies.settings import look_up

KIND = "gradient"
DESIGN = "env_kwargs.reward_design"
TREATMENT, CONTROL = "potential", "terminal"
MOMENTS = ("square", "signal", "along", "true_signal")
_POSITIVE = Kind("a finite number > 0", lambda value: is_number(value) and value > 0)
SHAPES = {
    KIND: Shape(
        {"iterations": COUNT, "warmup": COUNT, "lam": NUMBER, "explained": NUMBER, "square": _POSITIVE}
        | dict.fromkeys(("signal", "along", "true_signal"), NUMBER)
    )
}
"""Kind of record to what its fields are."""
RESAMPLES = 2000
LEVEL = 0.95

Record = dict[str, Any]
FloatArray = npt.NDArray[np.float64]

TEXT = (
    "<p>g: the gradient of one batch; h: that at λ 1, whose expectation is the true one. Alignment, "
    "E g · E h / (|E h| √E|g|²), is how far a step of length 1 along g leads the right way. With equal steps "
    "of that length progress is in proportion to it; with the best step for each arm, to its square. So the "
    "ratio of two alignments and its square are limits that a speed-up should lie between, while policy and "
    "critic are as they were measured.</p>"
)
FIGURE = (
    "How far one batch leads the right way (alignment), over lambda, for each state of critic and policy. "
    "Bands: 95% bootstrap intervals over seeds."
)


class State(NamedTuple):
    """What has been learned before gradients are measured, in iterations."""

    critic: int
    policy: int

    @property
    def title(self) -> str:
        """In words."""
        if self.policy:
            return f"policy and critic after {self.policy}"
        return f"critic alone after {self.critic}" if self.critic else "nothing learned"


Group = tuple[State, float]
"""A state and a lambda."""
Arms = dict[str, dict[Group, list[Record]]]
"""Design to group to the records of its seeds."""


def gradient_section(results: Sequence[CellResult], study: Study) -> Section:
    """Returns the section of the cells of `gradient_study`, as far as they are finished."""
    del study
    arms = read_arms(results)
    rows = compare(arms)
    figures = [Picture("alignment", FIGURE, lambda look: draw(rows, look))] if rows else []
    table = moment_table(rows)
    return Section("The gradient of a batch", TEXT, figures, [table] if table.rows else [], {"rows": rows})


def read_arms(results: Sequence[CellResult]) -> Arms:
    """Returns the records by design, state and lambda."""
    arms: Arms = {}
    for result in results:
        for record in result.records(KIND):
            learned = max(0, record["iterations"] - record["warmup"])
            state = State(record["iterations"], learned)
            groups = arms.setdefault(str(look_up(result.settings, DESIGN)), {})
            groups.setdefault((state, float(record["lam"])), []).append({**record, "seed": result.seed})
    return arms


def compare(arms: Arms) -> list[Record]:
    """Returns what there is of both arms in each group: pooled figures and the ratio of the alignments."""
    rows: list[Record] = []
    treated, controls = arms.get(TREATMENT, {}), arms.get(CONTROL, {})
    for (state, lam), own in treated.items():
        paired = pair_up(own, controls.get((state, lam), []))
        if paired is None:
            continue
        mine, theirs = paired
        rows.append(
            {
                "state": state.title,
                "lam": lam,
                "seeds": len(mine),
                TREATMENT: describe(mine),
                CONTROL: describe(theirs),
                "ratio": resampled(lambda a, b: alignment(a) / alignment(b), mine, theirs),
            }
        )
    return rows


def pair_up(
    treatment: Sequence[Record], control: Sequence[Record]
) -> tuple[list[Record], list[Record]] | None:
    """Returns the records of the seeds that both have, in one order; None where they share no seed."""
    seeds = sorted({row["seed"] for row in treatment} & {row["seed"] for row in control})
    by = [{row["seed"]: row for row in rows} for rows in (treatment, control)]
    return ([by[0][seed] for seed in seeds], [by[1][seed] for seed in seeds]) if seeds else None


def describe(rows: Sequence[Record]) -> Record:
    """Returns the pooled figures of an arm; noise: E|g - E g|^2 over |E g|^2."""
    pooled = pool(rows)
    return {
        "explained": float(np.mean([row["explained"] for row in rows])),
        "cosine": cosine(pooled),
        "noise": pooled["square"] / pooled["signal"] - 1.0 if pooled["signal"] > 0.0 else None,
        "alignment": resampled(alignment, rows),
    }


def pool(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Returns the mean moments: they are unbiased one by one, so they are averaged before any root."""
    return {name: float(np.mean([row[name] for row in rows])) for name in MOMENTS}


def alignment(moments: Mapping[str, float]) -> float:
    """Returns E g . E h / (|E h| sqrt(E |g|^2)); NaN where |E h|^2 is not told from 0."""
    if moments["true_signal"] <= 0.0:
        return float("nan")
    return moments["along"] / (moments["true_signal"] * moments["square"]) ** 0.5


def cosine(moments: Mapping[str, float]) -> float | None:
    """Returns that of E g and E h; None where one is not told from 0."""
    length = moments["signal"] * moments["true_signal"]
    return moments["along"] / length**0.5 if min(moments["signal"], moments["true_signal"]) > 0.0 else None


def resampled(statistic: Any, *arms: Sequence[Record]) -> Record | None:
    """Returns a statistic of pooled arms with its bootstrap interval over seeds; None where it is not told.

    By hand, and by percentiles: a resample whose signal is not told from 0 has no alignment, and then nothing
    is told.

    Args:
        statistic: From the pooled moments of each arm to a number.
        arms: Records, those of one seed at the same place in each.
    """
    count = len(arms[0])
    drawn = np.random.default_rng(0).integers(0, count, (RESAMPLES, count))
    values: FloatArray = np.array(
        [statistic(*(pool([arm[i] for i in one]) for arm in arms)) for one in drawn]
    )
    value = statistic(*map(pool, arms))
    if not np.isfinite(values).all() or not np.isfinite(value):
        return None
    low, high = percentile_ends(values, LEVEL)
    return {"value": float(value), "low": float(low), "high": float(high)}


def moment_table(rows: Sequence[Record]) -> Table:
    """Returns the figures of both arms in each state, and between what limits a speed-up should lie."""
    cells = [
        (
            row["state"],
            f"{row['lam']:g}",
            *(number(row[arm]["explained"], 2) for arm in (CONTROL, TREATMENT)),
            *(number(row[arm]["cosine"], 2) for arm in (CONTROL, TREATMENT)),
            *(number(row[arm]["noise"], 1) for arm in (CONTROL, TREATMENT)),
            _interval(row["ratio"], 1),
            _interval(row["ratio"], 2),
        )
        for row in rows
    ]
    head = (
        *("learned before, iterations", "λ", "explained, terminal", "potential"),
        *("cosine, terminal", "potential", "noise, terminal", "potential"),
        *("speed-up, equal steps", "best steps"),
    )
    caption = (
        "The gradient of a batch of responses: variance of returns that the critic explains, cosine of its "
        "expectation with the true gradient, variance over squared expectation; and the speed-up of "
        "potential that follows, with 95% bootstrap intervals over seeds."
    )
    return Table("gradients", caption, head, tuple(cells))


def draw(rows: Sequence[Record], look: Look) -> Any:
    """Returns alignment over lambda, a panel for each state, a colour for each design."""
    states = list(dict.fromkeys(row["state"] for row in rows))
    figure, panels = make_panels(look, len(states), columns=2, height=2.8)
    for panel, state in zip(panels, states, strict=True):
        dress(panel, look, title=state, x="λ", y="alignment")
        for i, arm in enumerate((TREATMENT, CONTROL)):
            own = sorted((row["lam"], row[arm]["alignment"]) for row in rows if row["state"] == state)
            known = [(lam, found) for lam, found in own if found is not None]
            colour, dashes = look.series(i)
            lams = [lam for lam, _ in known]
            low, value, high = ([found[key] for _, found in known] for key in ("low", "value", "high"))
            panel.fill_between(lams, low, high, color=colour, alpha=0.16, linewidth=0)
            panel.plot(lams, value, color=colour, linestyle=dashes, linewidth=2, marker="o", label=arm)
        panel.set_ylim(bottom=0.0)
        panel.legend(frameon=False, fontsize=8.5, labelcolor="linecolor")
    return figure


def _interval(found: Record | None, power: int) -> str:
    if found is None:
        return number(None)
    value, low, high = (number(found[key] ** power, 2) for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"

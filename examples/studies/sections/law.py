"""The section of a report on the law: speed-ups predicted from gradients against those of training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from agents.reports.comparison_figures import mark_ratios
from agents.reports.look import Look, Picture, dress, make_panels
from agents.reports.section import Section
from agents.reports.tables import Table, number
from agents.stats.contrasts import SpeedUp
from agents.studies.files import CellResult
from agents.studies.plan import Study
from agents.studies.records import MEASURED, NUMBER, TEXT, Kind, Shape

from .law_measured import (
    EXACT,
    FACTOR,
    Point,
    agree,
    counted,
    exact_checks,
    exact_ratio,
    points_of,
    read_arms,
)

TASK, PROGRESS, PREDICTION = KINDS = ("law_task", "law_progress", "law_prediction")
SHAPES = {
    TASK: Shape(
        dict.fromkeys(("reward", "deviation", "explained_by_prefixes", "explained_by_best_head"), NUMBER)
    ),
    PROGRESS: Shape(
        {"arm": TEXT, "state": TEXT, **dict.fromkeys(("progress", "error", "explained"), NUMBER)}
    ),
    PREDICTION: Shape(
        {
            "domain": TEXT,
            "arm": TEXT,
            "where": Kind("a table of settings", lambda value: isinstance(value, dict)),
            "speed_up": NUMBER,
            "error": NUMBER,
        },
        {"speed_up_start": MEASURED, "speed_up_warmed": MEASURED},
    ),
}
"""Kind of record to what its fields are."""
LEAST_CORRELATION, EXACT_RANGE = 0.5, (0.9, 1.1)
"""The law is false below this correlation, and where an exact critic gives a speed-up outside this range."""

INTRODUCTION = (
    "<p>Predicted: progress of an arm per step of Adam towards the objective, over that of the control, from "
    "gradients of the untrained policy (Σ<sub>p</sub> E g<sub>p</sub> E h<sub>p</sub> / √E g<sub>p</sub>²), "
    "in the mean of a value head that says 0 and of one that was trained alone. Measured: episodes to the "
    "goal of the control over those of the arm, geometric mean of paired seeds with a t interval; runs that "
    "did not get there count as the most that any may take, so that ≤ is a bound.</p>"
)
FIGURE = (
    "Speed-up over the control: measured over predicted, a colour for each domain, with 95% intervals. "
    f"Band: within a factor of {FACTOR}. An arm that is predicted not to learn is left out and said in the "
    "table."
)
Z = 1.96

Numbers = dict[str, Any]


def law_section(results: Sequence[CellResult], study: Study) -> Section:
    """Returns the section of the cells of `law`, as far as they are finished."""
    del study
    arms = read_arms(results)
    points = points_of(arms)
    mine = counted(points)
    checks = list(exact_checks(arms))
    agreements = agreements_of(mine, checks)
    ratio = exact_ratio([point for _, point in checks])
    tables = [arm_table(points), critic_table(results), agreement_table(agreements)]
    drawn = [point for point in mine if point.predicted > 0.0]
    figures = [Picture("law", FIGURE, lambda look: draw(drawn, look))] if drawn else []
    verdict = judge(agreements[0] if agreements else None, ratio)
    numbers = {
        "verdict": verdict,
        "exact_critic": ratio,
        "agreements": agreements,
        "arms": [numbers_of(point) for point in points],
    }
    return Section(
        "Told before training",
        INTRODUCTION + f"<p><b>{verdict}</b></p>",
        figures,
        [x for x in tables if x.rows],
        numbers,
    )


def judge(found: Numbers | None, exact: float | None) -> str:
    """Returns what follows for the law, by the rule that was fixed before the runs."""
    if found is None or exact is None:
        return "Not told yet: runs are missing."
    said = (
        f"Spearman's correlation {number(found['correlation'][0], 2)} over {found['points']} cells; an exact "
        f"critic takes {number(exact, 2)} times the episodes of potential."
    )
    low, high = EXACT_RANGE
    if found["correlation"][0] < LEAST_CORRELATION:
        return f"False by its rule, a correlation of at least {LEAST_CORRELATION}: {said}"
    if not low <= exact <= high:
        return f"False by its rule, an exact critic within {low} to {high} of potential: {said}"
    return f"Not refuted by its rule: {said}"


def numbers_of(point: Point) -> Numbers:
    """Returns the numbers of an arm."""
    measured = point.measure()
    return {
        "domain": point.arm.domain,
        "arm": point.arm.name,
        "predicted": point.predicted,
        "measured": None if measured is None else measured._asdict(),
    }


def arm_table(points: Sequence[Point]) -> Table:
    """Returns what was predicted and measured of each arm."""
    head = ("domain", "arm", "at the start", "head trained", "predicted", "measured", "reached", "within 1.3")
    return Table(
        "law",
        "Speed-up over the control, the reward at the end with lambda 1: predicted before training, with 95% "
        "intervals over minibatches, and measured, with t intervals over seeds.",
        head,
        tuple(_arm_row(point) for point in points),
        words=frozenset({0, 1}),
    )


def _arm_row(point: Point) -> tuple[str, ...]:
    measured = point.measure()
    rows = point.arm.predictions.values()
    states = (
        [row[key] for row in rows if row.get(key) is not None]
        for key in ("speed_up_start", "speed_up_warmed")
    )
    near = measured is not None and abs_log(point.predicted, measured.value) <= math.log(FACTOR)
    return (
        domain_name(point.arm.domain),
        point.arm.name + (" (no cell of the law)" if point.arm.name == EXACT else ""),
        *(number(sum(state) / len(state) if state else None, 2) for state in states),
        predicted_text(point),
        number(None) if measured is None else measured_text(measured),
        f"{sum(math.isfinite(time) for time in point.arm.times.values())} of {len(point.arm.times)}",
        number(None) if measured is None else ("yes" if near else "no"),
    )


def predicted_text(point: Point) -> str:
    """Returns a prediction with its interval; none where the arm is predicted not to learn."""
    if point.predicted == 0.0:
        return "0: does not learn"
    half = math.exp(Z * point.error)
    low, high = point.predicted / half, point.predicted * half
    return f"{number(point.predicted, 2)} [{number(low, 2)}, {number(high, 2)}]"


def measured_text(measured: SpeedUp) -> str:
    """Returns a speed-up with its interval, and the sign of a bound where runs were cut off."""
    sign = ""
    if bool(measured.treatment_censored) != bool(measured.control_censored):
        sign = "≤ " if measured.treatment_censored else "≥ "
    return f"{sign}{number(measured.value, 2)} [{number(measured.low, 2)}, {number(measured.high, 2)}]"


def critic_table(results: Sequence[CellResult]) -> Table:
    """Returns what critics explain of returns at lambda 1, before the policy is trained."""
    rows: list[tuple[str, ...]] = []
    cells = [result for result in results if result.records(TASK)]
    for domain in dict.fromkeys(str(result.settings["env"]) for result in cells):
        own = [result for result in cells if result.settings["env"] == domain]
        tasks = [row for result in own for row in result.records(TASK)]
        known, best = (_mean(tasks, f"explained_by_{name}") for name in ("prefixes", "best_head"))
        rows.append((domain_name(domain), "values of prefixes", number(known, 3), number(1.0, 2)))
        rows.append((domain_name(domain), "best head", number(best, 3), number(best / known, 2)))
        progress = [row for result in own for row in result.records(PROGRESS)]
        for arm in dict.fromkeys(row["arm"] for row in progress if row["arm"].startswith("terminal")):
            mine = [row for row in progress if row["arm"] == arm and row["state"] == "warmed"]
            share = _mean(mine, "explained")
            rows.append((domain_name(domain), arm, number(share, 3), number(share / known, 2)))
    return Table(
        "law_critics",
        "Share of the variance of returns at lambda 1 that a critic explains after its warm-up, the policy "
        "untrained, and that share of what the values of prefixes explain, by a line at each position. Best "
        "head: least squares on the policy's states.",
        ("domain", "critic", "explained", "of what is known"),
        tuple(rows),
        words=frozenset({0, 1}),
    )


def agreements_of(points: Sequence[Point], checks: Sequence[tuple[str, Point]]) -> list[Numbers]:
    """Returns how predicted and measured speed-ups agree in all domains, "all", and in each.

    Args:
        points: The points that the law is judged by.
        checks: Domains with what an exact critic has to equal, against that critic.
    """
    exact = {domain: point.measure() for domain, point in checks}
    found: list[Numbers] = []
    for domain in ("all", *dict.fromkeys(point.arm.domain for point in points)):
        told = agree([point for point in points if domain in ("all", point.arm.domain)])
        ratio = exact.get(domain)
        if told is not None:
            check = None if ratio is None else ratio._asdict()
            found.append({"domain": domain, **told._asdict(), "exact_critic": check})
    return found


def agreement_table(agreements: Sequence[Numbers]) -> Table:
    """Returns correlation and share within the factor, in all domains and in each, and the exact critics."""
    rows = [
        (
            domain_name(one["domain"]),
            str(one["points"]),
            _ends(one["correlation"]),
            _ends(one["near"]),
            number(one["near_of_one"], 2),
            number(one["correlation_without_bounds"], 2),
            number(None) if one["exact_critic"] is None else measured_text(SpeedUp(**one["exact_critic"])),
        )
        for one in agreements
    ]
    return Table(
        "law_agreement",
        "How predicted and measured speed-ups agree, with 95% bootstrap intervals over cells and seeds; the "
        "share of cells within the factor if 1 were predicted for all; and how much sooner potential gets "
        "there than terminal with an exact critic, which should be 1.",
        (
            *("domain", "cells", "Spearman", f"within {FACTOR}", f"1 within {FACTOR}"),
            *("Spearman without bounds", "exact critic"),
        ),
        tuple(rows),
    )


def draw(points: Sequence[Point], look: Look) -> Any:
    """Returns measured over predicted speed-ups on logarithmic axes."""
    figure, (panel,) = make_panels(look, 1, height=4.2)
    dress(panel, look, x="predicted before training", y="measured in training")
    told = [(point, measured) for point in points if (measured := point.measure()) is not None]
    places = [x for point, measured in told for x in (point.predicted, measured.value)]
    ends = (min(places) / 1.2, max(places) * 1.2)
    panel.plot(ends, ends, color=look.soft, linewidth=1)
    panel.fill_between(
        ends, [x / FACTOR for x in ends], [x * FACTOR for x in ends], color=look.line, alpha=0.6
    )
    for i, domain in enumerate(dict.fromkeys(point.arm.domain for point in points)):
        mine = [(point, measured) for point, measured in told if point.arm.domain == domain]
        x, y = [point.predicted for point, _ in mine], [measured.value for _, measured in mine]
        below = [x * (1 - math.exp(-Z * point.error)) for x, (point, _) in zip(x, mine, strict=True)]
        above = [x * (math.exp(Z * point.error) - 1) for x, (point, _) in zip(x, mine, strict=True)]
        sides = [[m.value - m.low for _, m in mine], [m.high - m.value for _, m in mine]]
        colour, _ = look.series(i)
        panel.errorbar(
            x, y, xerr=[below, above], yerr=sides, fmt="o", color=colour, markersize=5, elinewidth=0.8,
            alpha=0.85, label=domain_name(domain),
        )  # fmt: skip
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlim(*ends)
    panel.set_ylim(ends[0] / 1.3, ends[1] * 1.3)
    mark_ratios(panel, *ends)
    mark_ratios(panel, *ends, axis="y")
    panel.legend(frameon=False, fontsize=8.5, labelcolor="linecolor")
    return figure


def domain_name(env: str) -> str:
    """Returns the name of an environment without its package, version and form.

    Example:
        >>> domain_name("rlsf_gym:rlsf_gym/Sudoku-v0"), domain_name("all")
        ('Sudoku', 'all')
    """
    return env.rpartition("/")[2].rpartition("-v")[0] or env


def abs_log(one: float, other: float) -> float:
    """Returns the distance of two numbers in logarithms, infinity where one is not above 0."""
    return abs(math.log(one / other)) if min(one, other) > 0.0 else math.inf


def _ends(told: tuple[float, float, float]) -> str:
    value, low, high = (number(x, 2) for x in told)
    return f"{value} [{low}, {high}]"


def _mean(rows: Sequence[Mapping[str, Any]], key: str) -> float:
    return sum(row[key] for row in rows) / len(rows)

"""The section of a report on the exact word game: what rewards on tokens are worth, and where they lead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from report_look import Look, Picture, dress, make_panels
from report_section import Section
from report_tables import Table, number

from agents.contrasts import speed_up
from agents.study_files import CellResult
from agents.study_plan import Study

TREATMENT, CONTROL = "potential", "terminal"
KINDS = ("credit", "game_runs", "invariance")

Record = dict[str, Any]


def game_section(results: Sequence[CellResult], study: Study) -> Section:
    """Returns the section of the cells of `game_study`, as far as they are finished."""
    del study
    credit, runs, ends = ([record for result in results for record in result.records(kind)] for kind in KINDS)
    speeds = compare(credit, runs)
    figures = [Picture("exact_speed_up", CAPTION, lambda look: draw_speed_up(speeds, look))] if speeds else []
    tables = [table for table in (credit_table(credit), speed_table(speeds), end_table(ends)) if table.rows]
    numbers = {"speed_ups": speeds, "credit": credit, "invariance": ends}
    return Section("The word game, by enumeration", TEXT, figures, tables, numbers)


TEXT = (
    "<p>Responses of four words, each one of twelve, scored by VADER; all 20,736 are enumerated, so that "
    "cosine, noise and critics are exact. A critic of quality q values a state at q times what is to be "
    "expected there and 1 - q times the mean of the position, of its own design's rewards.</p>"
)
CAPTION = (
    "How many times fewer responses potential needs than terminal, over what the critic explains. Lines: "
    "predicted from cosine and noise of the gradient; points: learners that sample, with 95% intervals. With "
    "the exact critic the two are the same learner."
)


def compare(credit: Sequence[Record], runs: Sequence[Record]) -> list[Record]:
    """Returns predicted and measured speed-up of potential over terminal, by lambda and critic.

    Args:
        credit: Records of `game_study.credit`.
        runs: Records of `game_study.learning`.
    """
    costs = {(row["design"], row["lam"], row["quality"]): row for row in credit}
    times = {(row["design"], row["lam"], row["quality"]): row for row in runs}
    found: list[Record] = []
    for (design, lam, quality), row in costs.items():
        control = costs.get((CONTROL, lam, quality))
        if design != TREATMENT or control is None:
            continue
        one = {"lam": lam, "quality": quality, "explained": control["explained"]}
        one["predicted"] = control["cost"] / row["cost"]
        one["noise"] = control["noise"] / row["noise"]
        one["measured"] = _measure(times.get((TREATMENT, lam, quality)), times.get((CONTROL, lam, quality)))
        found.append(one)
    return found


def _measure(treatment: Record | None, control: Record | None) -> Record | None:
    """Returns the measured speed-up; None where an arm has not been run."""
    if treatment is None or control is None:
        return None
    arms = [[float("inf") if x is None else x for x in arm["episodes"]] for arm in (treatment, control)]
    return speed_up(*arms, horizon=float(control["horizon"]))._asdict()


def credit_table(credit: Sequence[Record]) -> Table:
    """Returns cosine and noise of each design with the critic that knows the mean alone."""
    lambdas = list(dict.fromkeys(row["lam"] for row in credit))
    plain = {(row["design"], row["lam"]): row for row in credit if row["quality"] == 0.0}
    base = plain.get((CONTROL, 1.0))
    designs = dict.fromkeys(design for design, _ in plain) if base is not None else {}
    rows = [
        (
            design,
            *(number(plain[design, lam]["cosine"]) for lam in lambdas),
            *(number(plain[design, lam]["noise"] / base["noise"], 2) for lam in lambdas if base is not None),
        )
        for design in designs
    ]
    head = ("design", *(f"cosine, λ {lam:g}" for lam in lambdas), *(f"noise, λ {lam:g}" for lam in lambdas))
    caption = (
        "Direction and noise of the gradient on the way to the goal; the critic knows the mean of each "
        "position; noise of terminal at λ 1 is 1."
    )
    return Table("exact_credit", caption, head, tuple(rows))


def speed_table(speeds: Sequence[Record]) -> Table:
    """Returns the speed-ups by lambda and critic."""
    rows = [
        (
            f"{row['lam']:g}",
            number(row["explained"], 2),
            number(row["predicted"], 2),
            "" if row["measured"] is None else _interval(row["measured"]),
        )
        for row in speeds
    ]
    head = ("λ", "explained by the critic", "predicted", "measured")
    return Table("exact_speed_ups", "Speed-up of potential over terminal.", head, tuple(rows))


def end_table(ends: Sequence[Record]) -> Table:
    """Returns where learners end in the game of two words."""
    kls = list(dict.fromkeys(row["kl"] for row in ends))
    by = {(row["design"], row["kl"]): row for row in ends}
    rows = [
        (
            design,
            *(number(by[design, kl]["gain"]) for kl in kls),
            *(number(by[design, kl]["good_after_not"]) for kl in kls),
        )
        for design in dict.fromkeys(row["design"] for row in ends)
    ]
    head = (
        "design",
        *(f"gain at {kl:g} nats" for kl in kls),
        *(f"P(good | not) at {kl:g}" for kl in kls),
    )
    caption = (
        "Conserving is not invariant: where a perfect learner ends in a game of two words (not or very, then "
        "good or bad) at equal divergence."
    )
    return Table("invariance", caption, head, tuple(rows))


def draw_speed_up(speeds: Sequence[Record], look: Look) -> Any:
    """Returns predicted and measured speed-up over explained variance, a colour for each lambda."""
    figure, (panel,) = make_panels(look, 1, height=3.6)
    dress(panel, look, x="variance that the critic explains", y="speed-up of potential over terminal")
    panel.axhline(1.0, color=look.soft, linewidth=1.2)
    lambdas = list(dict.fromkeys(row["lam"] for row in speeds))
    for i, lam in enumerate(lambdas):
        rows = sorted((row for row in speeds if row["lam"] == lam), key=lambda row: row["explained"])
        colour = look.series(i)[0]
        panel.plot(
            [row["explained"] for row in rows],
            [row["predicted"] for row in rows],
            color=colour,
            linewidth=2.0,
        )
        panel.annotate(
            f"λ {lam:g}", (rows[0]["explained"], rows[0]["predicted"]), xytext=(-6, 0), color=colour,
            textcoords="offset points", ha="right", va="center", fontsize=9,
        )  # fmt: skip
        shift = 0.012 * (i - (len(lambdas) - 1) / 2)
        for row in rows:
            if row["measured"] is not None:
                _draw_measured(panel, row["explained"] + shift, row["measured"], colour)
    panel.set_yscale("log")
    _mark(panel)
    panel.set_xlim(-0.12, 1.05)
    return figure


def _draw_measured(panel: Any, x: float, measured: Record, colour: Any) -> None:
    panel.plot([x, x], [measured["low"], measured["high"]], color=colour, linewidth=1.2, alpha=0.7)
    panel.plot(x, measured["value"], "o", color=colour, markersize=6)


def _mark(panel: Any) -> None:
    """Marks a logarithmic axis with plain ratios."""
    low, high = panel.get_ylim()
    marks = [mark for mark in (0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0) if low <= mark <= high]
    panel.set_yticks(marks, [f"{mark:g}" for mark in marks])
    panel.minorticks_off()


def _interval(found: Record) -> str:
    return f"{number(found['value'], 2)} [{number(found['low'], 2)}, {number(found['high'], 2)}]"

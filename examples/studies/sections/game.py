"""The section of a report on the exact word game: what rewards on tokens are worth, and where they lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.reports.escapes import shown
from agents.reports.look import LONGEST_LABEL, Look, Picture, dress, make_panels
from agents.reports.section import Section
from agents.reports.tables import Table, number
from agents.runs.strict_json import is_count, is_number
from agents.stats.curves import value_at_kl
from agents.studies.files import CellResult
from agents.studies.plan import Study
from agents.studies.records import MEASURED, NUMBER, TEXT, Kind, Shape, list_of, or_none
from agents.studies.settings import look_up
from rlsf_gym.word_game import WORDS

from .game_speed import CONTROL, compare, draw, ratio, run_table, speed_table

KINDS = ("credit", "game_runs", "frontier", "invariance")
_POSITIVE = Kind("a finite number > 0", lambda value: is_number(value) and value > 0)
_TIMES = Kind("a list of numbers > 0 or null", list_of(or_none(_POSITIVE.holds)))
_KLS = Kind("a list of finite numbers or null", list_of(or_none(is_number)))
_ARM = {"design": TEXT, "lam": NUMBER, "quality": NUMBER}
SHAPES = {
    "credit": Shape(
        {
            **_ARM,
            "explained": NUMBER,
            **dict.fromkeys(("cosine", "noise", "cost", "small_step_cost"), MEASURED),
        }
    ),
    "game_runs": Shape(
        {**_ARM, "learning_rate": NUMBER, "horizon": _POSITIVE}
        | {"episodes": _TIMES, "episodes_within": _TIMES, "kls": _KLS}
    ),
    "frontier": Shape({"design": TEXT, "kl": NUMBER, "gain": NUMBER}),
    "invariance": Shape({"design": TEXT, "kl": NUMBER, "gain": MEASURED, "good_after_not": MEASURED}),
}
"""Kind of record to what its fields are."""
FRONTIER = (0.5, 1.0, 2.0, 3.0, 4.0)
"""Divergences at which gains are compared, in nats."""

Record = dict[str, Any]


def game_section(results: Sequence[CellResult], study: Study) -> Section:
    """Returns the section of the cells of `game_study`, as far as they are finished."""
    credit, runs, points, ends = (
        [record for result in results for record in result.records(kind)] for kind in KINDS
    )
    speeds = compare(credit, runs, study.interval)
    figures = [Picture("exact_speed_up", SPEED, lambda look: draw(speeds, look))] if speeds else []
    figures += [Picture("exact_frontier", LEADS, lambda look: draw_frontier(points, look))] if points else []
    tables = [
        *(credit_table(credit), speed_table(speeds), run_table(runs)),
        *(frontier_table(points), end_table(ends)),
    ]
    numbers = {"speed_ups": speeds, "credit": credit, "frontier": points, "invariance": ends}
    return Section(
        "The word game, by enumeration",
        _text(results),
        figures,
        [table for table in tables if table.rows],
        numbers,
    )


SIZES = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 12: "twelve"}
CHOICES = len(WORDS)
LONGEST = 16
"""Words of a response that anybody could enumerate."""


def _text(results: Sequence[CellResult]) -> str:
    """Returns what was enumerated, by the settings of the cells that were."""
    told = [look_up(one.settings, "words") for one in results if one.records("credit")]
    lengths = sorted({length for length in told if is_count(length) and length <= LONGEST})
    if not lengths:
        return ""
    said = " or ".join(SIZES.get(length, str(length)) for length in lengths)
    counts = " or ".join(f"{CHOICES**length:,}" for length in lengths)
    choices = SIZES.get(CHOICES, str(CHOICES))
    return (
        f"<p>Responses of {said} words, each one of {choices}, scored by VADER; all {counts} are enumerated, "
        "so that cosine, noise and critics are exact. A critic of quality q values a state at q times what "
        "is to be expected there and 1 - q times the mean of the position, of its own design's rewards.</p>"
    )


SPEED = (
    "What potential saves over terminal, over what the critic explains. Left: how many times fewer responses "
    "it needs at a small learning rate; lines: predicted from how far the expected estimate leads along the "
    "true gradient. Right: how many nats less it has diverged by at the goal, at a large learning rate. "
    "Points: learners that sample, with 95% intervals. With the exact critic the two are the same learner."
)
LEADS = "Gain of a perfect learner of each design's rewards-to-go, over its divergence."


def credit_table(credit: Sequence[Record]) -> Table:
    """Returns cosine and noise of each design with the critic that knows the mean alone."""
    lambdas = list(dict.fromkeys(row["lam"] for row in credit))
    plain = {(row["design"], row["lam"]): row for row in credit if row["quality"] == 0.0}
    base = plain.get((CONTROL, 1.0))
    designs = dict.fromkeys(design for design, _ in plain) if base is not None else {}
    rows = [
        (
            design,
            *(number(_figure(plain, (design, lam), "cosine")) for lam in lambdas),
            *(
                number(ratio(_figure(plain, (design, lam), "noise"), base["noise"]), 2)
                for lam in lambdas
                if base is not None
            ),
        )
        for design in designs
    ]
    head = ("design", *(f"cosine, λ {lam:g}" for lam in lambdas), *(f"noise, λ {lam:g}" for lam in lambdas))
    caption = (
        "Direction and noise of the gradient on the way to the goal; the critic knows the mean of each "
        "position; noise of terminal at λ 1 is 1."
    )
    return Table("exact_credit", caption, head, tuple(rows))


def _figure(rows: Mapping[tuple[str, float], Record], place: tuple[str, float], key: str) -> float | None:
    """Returns a figure of a design; None where it was not measured."""
    return rows[place][key] if place in rows else None


def frontier_table(points: Sequence[Record]) -> Table:
    """Returns the gain of a perfect learner at some divergences, between the prices that were tried."""
    rows = [
        (design, *("" if gain is None else number(gain) for gain in _gains(points, design)))
        for design in dict.fromkeys(row["design"] for row in points)
    ]
    head = ("design", *(f"{kl:g} nats" for kl in FRONTIER))
    caption = "Gain of the policy that is best for the rewards-to-go of a design, any policy being allowed."
    return Table("exact_frontier", caption, head, tuple(rows))


def _gains(points: Sequence[Record], design: str) -> list[float | None]:
    own = [row for row in points if row["design"] == design]
    kls, gains = ([row[key] for row in own] for key in ("kl", "gain"))
    return [value_at_kl(kls, gains, kl) for kl in FRONTIER]


def draw_frontier(points: Sequence[Record], look: Look) -> Any:
    """Returns gain over divergence, a line for each design."""
    figure, (panel,) = make_panels(look, 1, height=3.6)
    dress(panel, look, x="divergence from the uniform policy (nats)", y="expected gain")
    designs = list(dict.fromkeys(row["design"] for row in points))
    for i, design in enumerate(designs):
        own = [row for row in points if row["design"] == design]
        colour, dashes = look.series(i)
        panel.plot(
            [row["kl"] for row in own], [row["gain"] for row in own],
            color=colour, linestyle=dashes, linewidth=2.0, label=shown(design, LONGEST_LABEL),
        )  # fmt: skip
    panel.legend(frameon=False, fontsize=8.5, labelcolor=look.ink)
    return figure


def end_table(ends: Sequence[Record]) -> Table:
    """Returns where learners end in the game of two words."""
    kls = list(dict.fromkeys(row["kl"] for row in ends))
    by = {(row["design"], row["kl"]): row for row in ends}
    rows = [
        (
            design,
            *(number(_figure(by, (design, kl), "gain")) for kl in kls),
            *(number(_figure(by, (design, kl), "good_after_not")) for kl in kls),
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

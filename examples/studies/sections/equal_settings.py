"""Score and judge of two arms at equal divergence and equal settings, from the cells of tuning.

A larger learning rate spends more nats for the same gain in every design, so that arms which tuning gave
other rates can't be compared at one divergence. Tuning's cells can: both arms tried the same rates, batch
sizes and KL coefficients on the same seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agents.reports.run_measures import JUDGE, SCORE, Curves, read_curves
from agents.reports.tables import Table, interval
from agents.stats.curves import value_at_kl
from agents.stats.intervals import paired_difference
from agents.studies.files import CellResult
from agents.studies.plan import TUNING, Goal, Study
from agents.studies.settings import look_up, matches

ARM_OF_ITS_OWN = "config.lam"
"""Tuned setting whose values are each arm's own."""
Place = tuple[Any, ...]


def equal_settings_table(study: Study, results: Sequence[CellResult], levels: Sequence[float]) -> Table:
    """Returns treatment minus control over the settings that both tried, for each pair of arms of a contrast.

    Args:
        study: Which tunes, and names pairs in its contrasts.
        results: All finished cells.
        levels: Divergences, nats.
    """
    rows: list[tuple[str, ...]] = []
    pairs = {str(contrast.arms): contrast for contrast in reversed(study.contrasts)}  # the first of each
    for contrast in reversed(pairs.values()):
        sides = [tried(study, results, where) for where in contrast.arms]
        cells = [
            _difference(study, sides[0], sides[1], measure, level)
            for measure in (SCORE, JUDGE)
            for level in levels
        ]
        if any(cells):
            rows.append((contrast.name, *(cell or "\N{EN DASH}" for cell in cells)))
    head = (
        "treatment less control",
        *(f"{what} at {level:g} nats" for what in (SCORE, JUDGE) for level in levels),
    )
    caption = (
        "At equal divergence and equal settings: over what both arms tried in tuning (learning rate, batch "
        "size, KL coefficient and weight of the critic's loss equal, lambda each arm's own), paired by "
        "settings and seed; 95% intervals over pairs, their number behind"
    )
    return Table("equal_settings", caption, head, tuple(rows))


def tried(study: Study, results: Sequence[CellResult], where: Mapping[str, Any]) -> dict[Place, Curves]:
    """Returns the curves of an arm's tuning cells, by settings without lambda, and seed."""
    if study.tuning is None:
        return {}
    keys = [key for key in study.tuning.keys if key != ARM_OF_ITS_OWN]
    whole = {key: where.get(key) for key in study.tuning.per}
    found: dict[Place, Curves] = {}
    for result in results:
        if result.phase == TUNING and result.status == "done" and matches(result.settings, whole):
            place = (*(look_up(result.settings, key) for key in keys), result.seed)
            found[place] = read_curves(result, study.goal or Goal())
    return found


def _difference(
    study: Study,
    treatment: Mapping[Place, Curves],
    control: Mapping[Place, Curves],
    measure: str,
    level: float,
) -> str:
    values = list(_values(treatment, control, measure, level))
    if len(values) < 2:
        return ""
    first, second = zip(*values, strict=True)
    found = paired_difference(first, second, method=study.interval)
    return f"{interval(found._asdict())} ({len(values)})"


def _values(
    treatment: Mapping[Place, Curves], control: Mapping[Place, Curves], measure: str, level: float
) -> Iterator[tuple[float, float]]:
    """Yields a measure of both arms at a divergence, for the settings and seeds at which both got there."""
    for place in treatment:
        if place in control:
            pair = [_value(curves, measure, level) for curves in (treatment[place], control[place])]
            if pair[0] is not None and pair[1] is not None:
                yield pair[0], pair[1]


def _value(curves: Curves, measure: str, level: float) -> float | None:
    heights = curves.score if measure == SCORE else curves.others.get(measure)
    return None if heights is None or not len(heights) else value_at_kl(curves.kl, heights, level)

"""Best of n, guided decoding and what copies it, in a report: their table, and frontiers beside learners'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agents.reports.escapes import shown
from agents.reports.look import LONGEST_LABEL, Look, dress, make_panels
from agents.reports.tables import Table, interval, number
from agents.stats.intervals import bootstrap_interval
from agents.studies.files import CellResult

Record = dict[str, Any]
Points = list[list[float]]
"""Rows of KL, score and, where there is one, judge, in the order of a line."""
SHOWN = ("score", "judge")


def grouped(results: Sequence[CellResult], kind: str, *keys: str) -> dict[tuple[float, ...], list[Record]]:
    """Returns the records of a kind over all seeds, by the values of keys, in rising order."""
    found: dict[tuple[float, ...], list[Record]] = {}
    for record in (record for result in results for record in result.records(kind)):
        found.setdefault(tuple(record[key] for key in keys), []).append(record)
    return dict(sorted(found.items()))


def baseline_table(results: Sequence[CellResult]) -> Table:
    """Returns all baselines with score, judge, divergence and scored texts, means over seeds."""
    rows = [
        *(
            _row(f"best of {n:g}", own, "kl_bound")
            for (n,), own in grouped(results, "best_of_n", "n").items()
        ),
        *(
            _row(f"guided decoding, beta {beta:g}", own, "kl")
            for (beta,), own in grouped(results, "guided", "beta").items()
        ),
        *(
            _row(f"copies {size:g} guided responses, beta {beta:g}, {passes:g} passes", own, "kl")
            for (beta, size, passes), own in grouped(
                results, "finetuned", "beta", "responses", "passes"
            ).items()
        ),
    ]
    head = ("way", "seeds", "score", "judge", "KL, nats", "texts scored")
    caption = (
        "Without reinforcement learning: texts are those of one answer, or for copies those that all of "
        "their responses took, once; 95% intervals over seeds"
    )
    return Table("baselines", caption, head, tuple(rows))


def _row(name: str, own: Sequence[Record], kl: str) -> tuple[str, ...]:
    """Returns the row of one way."""
    told = [
        interval(bootstrap_interval([row[key] for row in own])._asdict() | {"n": len(own)})
        if all(row[key] is not None for row in own)
        else number(None)
        for key in SHOWN
    ]
    bound = "at most " if kl == "kl_bound" else ""
    return (name, str(len(own)), *told, bound + number(_mean(own, kl), 2), number(_mean(own, "texts"), 0))


def baseline_frontiers(results: Sequence[CellResult]) -> dict[str, Points]:
    """Returns way to rows of KL, score and judge, in the order of rising divergence of a setting."""
    found: dict[str, Points] = {}
    ways = {
        "best of n": grouped(results, "best_of_n", "n"),
        "guided decoding": dict(reversed(grouped(results, "guided", "beta").items())),
    }
    copies = grouped(results, "finetuned", "beta", "responses", "passes")
    for beta, size in dict.fromkeys((beta, size) for beta, size, _ in copies):
        own = {key: rows for key, rows in copies.items() if key[:2] == (beta, size)}
        ways[f"copies {size:g}, beta {beta:g}"] = own
    for name, groups in ways.items():
        points = [_point(rows) for rows in groups.values()]
        known = [point for point in points if point is not None]
        if known:
            found[name] = known
    return found


def _point(rows: Sequence[Record]) -> list[float] | None:
    """Returns KL, score and judge, if any, of one setting, means over seeds; None where there is no score."""
    told = [key for key in SHOWN if all(row[key] is not None for row in rows)]
    if SHOWN[0] not in told:
        return None
    return [_mean(rows, "kl_bound" if "kl_bound" in rows[0] else "kl"), *(_mean(rows, key) for key in told)]


def measured(frontiers: Mapping[str, Sequence[Sequence[float]]]) -> int:
    """Returns how many of `SHOWN` some line has."""
    return max((len(point) - 1 for points in frontiers.values() for point in points), default=0)


def draw_frontiers(frontiers: Mapping[str, Points], look: Look) -> Any:
    """Returns score and judge, as far as measured, over divergence, a line for each way."""
    farthest = max(point[0] for points in frontiers.values() for point in points)
    places = ((1, "score"), (2, "held-out judge"))[: measured(frontiers)]
    figure, panels = make_panels(look, len(places), columns=len(places), height=4.4)
    for panel, (place, name) in zip(panels, places, strict=True):
        dress(panel, look, x="KL to the untrained policy, nats per response", y=name)
        for i, (way, line) in enumerate(frontiers.items()):
            points = [point for point in line if len(point) > place]
            colour, dashes = look.series(i)
            marker = "o" if len(points) < 16 else ""
            panel.plot(
                [point[0] for point in points], [point[place] for point in points], marker=marker,
                markersize=3.5, color=colour, linestyle=dashes, linewidth=1.6,
                label=shown(way, LONGEST_LABEL),
            )  # fmt: skip
        panel.set_xlim(0.0, min(30.0, 1.05 * farthest))
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=2 if look.narrow else 4,
        frameon=False, fontsize=8, labelcolor=look.ink,
    )  # fmt: skip
    return figure


def _mean(rows: Sequence[Record], key: str) -> float:
    return float(np.mean([row[key] for row in rows]))

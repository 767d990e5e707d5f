"""Draws the learning curves of one run; matplotlib is imported when a figure is asked for."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.runs.plain_files import write_whole
from agents.runs.printable import printable
from agents.stats import curves as learning_curves
from agents.stats.measures import MEASURES, Measure

INK, GRID = "#2b2d42", "#e3e6ec"
COLOURS = ("#1b7f79", "#d1495b", "#3d5a98", "#edae49", "#66418f")
COLUMNS = 3
"""Number of panels side by side in a figure."""
Row = Mapping[str, Any]
Curve = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""x and y values of a curve, (N,) float64 each."""


def draw_run(
    path: str | os.PathLike[str],
    rows: Sequence[Row],
    *,
    before: Row | None,
    after: Row | None,
    title: str,
) -> None:
    """Writes the curves of one run, with the evaluations as points at either end.

    Args:
        path: The PNG file; a link in its place is replaced.
        rows: Lines of metrics.jsonl, at least one.
        before: Evaluation before training, where there was one.
        after: Evaluation after training, likewise.
        title: One line over the figure, shown literally: nothing in it is typeset as a formula.
    """
    plt = pyplot()
    panels = panels_of(rows)
    height = -(-(len(panels) + 1) // COLUMNS)
    figure, axes = plt.subplots(
        height, COLUMNS, figsize=(13, 3.5 * height), layout="constrained", squeeze=False
    )
    for axis, measure in zip(axes.flat, panels, strict=False):
        x, y = curve(rows, measure.log_key)
        if len(y):
            axis.plot(x, y, color=COLOURS[0], alpha=0.25, linewidth=1)
            axis.plot(x, learning_curves.moving_average(y, window(len(y))), color=COLOURS[0], linewidth=2)
        points = _evaluations(measure, {0: before, rows[-1]["episodes"]: after})
        if len(y) and points:
            axis.plot(*zip(*points, strict=True), "o", color=COLOURS[1], label="held-out prompts", zorder=3)
        dress(axis, measure.panel, "episodes")
        if measure.from_zero:
            axis.set_ylim(0, 1.05 * axis.get_ylim()[1])
    if axes[0, 0].get_legend_handles_labels()[0]:
        axes[0, 0].legend(frameon=False, loc="lower right")
    frontier, *empty = axes.flat[len(panels) :]
    draw_frontier(frontier, rows)
    for axis in empty:
        axis.remove()
    figure.suptitle(printable(title), x=0.01, ha="left", fontsize=13, color=INK, parse_math=False)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=120, format="png")
    plt.close(figure)
    write_whole(Path(path), drawn.getvalue())  # in place of a link, and not through it


def panels_of(rows: Sequence[Row]) -> list[Measure]:
    """Returns the measures that have a panel: those that some row has, and those that are not optional.

    Args:
        rows: Lines of metrics.jsonl.
    """
    return [
        row
        for row in MEASURES.values()
        if row.panel
        and _stands(row, rows)
        and (_has(row, rows) or not (row.optional or _is_absent(row, rows)))
    ]


def scored_by(rows: Sequence[Row]) -> Measure:
    """Returns the main measure of a run: the score, or the reward where the environment reports no score."""
    score, reward = MEASURES["score"], MEASURES["reward"]
    return score if _has(score, rows) else reward


def _stands(measure: Measure, rows: Sequence[Row]) -> bool:
    """Returns whether a measure is shown: always, unless it stands in for another that the rows have."""
    other = MEASURES.get(measure.stands_in_for)
    return other is None or not _has(other, rows)


def _is_absent(measure: Measure, rows: Sequence[Row]) -> bool:
    """Returns whether a measure is absent from the rows and another stands in for it."""
    return not _has(measure, rows) and any(
        row.stands_in_for == measure.key and _has(row, rows) for row in MEASURES.values()
    )


def _has(measure: Measure, rows: Sequence[Row]) -> bool:
    return any(row.get(measure.log_key) is not None for row in rows)


def _evaluations(measure: Measure, ends: Mapping[int, Row | None]) -> list[tuple[int, float]]:
    """Returns (episodes, value) of each evaluation that has a measure."""
    if not measure.is_evaluated:
        return []
    key = measure.key
    return [(episodes, row[key]) for episodes, row in ends.items() if row and row.get(key) is not None]


def curve(rows: Sequence[Row], key: str) -> Curve:
    """Returns a metric over episodes, (iterations,) float64 each, at the iterations where it is finite.

    A row was measured on the policy as it was before the row's own episodes were learned from.
    """
    batch = rows[0]["episodes"] if rows else 0
    points: list[tuple[float, float]] = [
        (row["episodes"] - batch, row[key]) for row in rows if row.get(key) is not None
    ]
    array = np.array(points, dtype=np.float64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def window(points: int) -> int:
    """Returns the window of the moving average, in points: a tenth of the curve."""
    return max(1, points // 10)


def draw_frontier(axis: Any, rows: Sequence[Row]) -> None:
    """Draws the score of a run over its KL into a panel: reward against distance from the reference."""
    key = scored_by(rows).log_key
    both = [row for row in rows if row.get("objective/kl") is not None and row.get(key) is not None]
    kl, score = curve(both, "objective/kl")[1], curve(both, key)[1]
    if len(kl):
        smooth = [learning_curves.moving_average(values, window(len(values))) for values in (kl, score)]
        axis.plot(*smooth, color=COLOURS[0], linewidth=1.5)
    dress(axis, "score over KL", "KL to the reference, nats per response")


def dress(axis: Any, title: str, xlabel: str) -> None:
    """Sets title, x label and style of a panel."""
    axis.set_title(title, loc="left", fontsize=11, color=INK)
    axis.set_xlabel(xlabel, color=INK, fontsize=9)
    axis.grid(color=GRID)
    axis.set_axisbelow(True)
    axis.tick_params(colors=INK, labelsize=9)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def pyplot() -> Any:
    """Returns matplotlib's pyplot, drawing to files.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError(
            f"figures need matplotlib ({error}); install it with: pip install 'rlsf-gym[render]'"
        ) from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt

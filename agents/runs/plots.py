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

INK, GRID = "#2b2d42", "#e3e6ec"
COLOURS = ("#1b7f79", "#d1495b", "#3d5a98", "#edae49", "#66418f")
SCORE, PAID = "env/score", "objective/scores"
"""What a run is drawn by: the score, or what the environment paid where it reports no score."""
PANELS = (
    (SCORE, "score", "score of prompt + response"),
    ("env/judge", "judge", "held-out judge, P(positive)"),
    ("objective/kl", "kl", "KL to the reference, nats per response"),
    ("objective/entropy", None, "entropy, nats per token"),
    ("objective/length", "length", "length, tokens"),
)
"""Key in metrics.jsonl, key in the evaluation, title."""
Row = Mapping[str, Any]
Curve = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""x and y, (N,) float64 each."""


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
        title: One line over the figure, as it is: it may hold anything, and no formula is made of it.
    """
    plt = pyplot()
    figure, axes = plt.subplots(2, 3, figsize=(13, 7), layout="constrained")
    panels = PANELS if _has_score(rows) else ((PAID, "reward", "reward per response"), *PANELS[1:])
    for axis, (key, evaluated, label) in zip(axes.flat, panels, strict=False):
        x, y = curve(rows, key)
        if len(y):
            axis.plot(x, y, color=COLOURS[0], alpha=0.25, linewidth=1)
            axis.plot(x, learning_curves.moving_average(y, window(len(y))), color=COLOURS[0], linewidth=2)
        points = _evaluations(evaluated, {0: before, rows[-1]["episodes"]: after})
        if len(y) and points:
            axis.plot(*zip(*points, strict=True), "o", color=COLOURS[1], label="held-out prompts", zorder=3)
        dress(axis, label, "episodes")
    if axes[0, 0].get_legend_handles_labels()[0]:
        axes[0, 0].legend(frameon=False, loc="lower right")
    axes[1, 1].set_ylim(0, 1.05 * axes[1, 1].get_ylim()[1])
    draw_frontier(axes[1, 2], {"": [rows]})
    figure.suptitle(printable(title), x=0.01, ha="left", fontsize=13, color=INK, parse_math=False)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=120, format="png")
    plt.close(figure)
    write_whole(Path(path), drawn.getvalue())  # in place of a link, and not through it


def _evaluations(key: str | None, ends: Mapping[int, Row | None]) -> list[tuple[int, float]]:
    """Returns episodes and value of each evaluation that measured a key."""
    if key is None:
        return []
    return [(episodes, row[key]) for episodes, row in ends.items() if row and row.get(key) is not None]


def _has_score(rows: Sequence[Row]) -> bool:
    return any(row.get(SCORE) is not None for row in rows)


def smooth_curve(rows: Sequence[Row], key: str) -> Curve:
    """Returns a curve with the noise of single iterations averaged away."""
    x, y = curve(rows, key)
    return (x, learning_curves.moving_average(y, window(len(y)))) if len(y) else (x, y)


def curve(rows: Sequence[Row], key: str) -> Curve:
    """Returns episodes and values, (iterations,) float64 each, where there is a finite value.

    A row was measured on the policy as it was before the row's own episodes were learned from.
    """
    batch = rows[0]["episodes"] if rows else 0
    points: list[tuple[float, float]] = [
        (row["episodes"] - batch, row[key]) for row in rows if row.get(key) is not None
    ]
    array = np.array(points, dtype=np.float64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def window(points: int) -> int:
    """Returns how many points a smoothed curve averages: a tenth of them."""
    return max(1, points // 10)


def draw_frontier(axis: Any, arms: Mapping[str, Sequence[Sequence[Row]]]) -> None:
    """Draws score over KL into a panel: what an objective costs in distance from the reference.

    Args:
        axis: The panel.
        arms: Name to the rows of its runs; the name of a single arm may be empty.
    """
    for colour, (name, runs) in zip(COLOURS, arms.items(), strict=False):
        for i, rows in enumerate(runs):
            key = SCORE if _has_score(rows) else PAID
            both = [row for row in rows if row.get("objective/kl") is not None and row.get(key) is not None]
            kl, score = curve(both, "objective/kl")[1], curve(both, key)[1]
            if len(kl):
                smooth = [
                    learning_curves.moving_average(values, window(len(values))) for values in (kl, score)
                ]
                axis.plot(*smooth, color=colour, linewidth=1.5, label=name if i == 0 and name else None)
    dress(axis, "score over KL", "KL to the reference, nats per response")


def dress(axis: Any, title: str, xlabel: str) -> None:
    """Gives a panel its title, its label and the look of all others."""
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

"""Draws how the runs of a comparison learned, arm beside arm."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from agents.runs.plots import COLOURS, INK, draw_frontier, dress, pyplot, smooth_curve
from agents.stats.measures import MEASURES


class Cell(NamedTuple):
    """What one finished run left behind."""

    summary: dict[str, Any]
    rows: list[dict[str, Any]]


Arms = dict[str, list[Cell]]
"""Arm to its cells, one per seed."""


def draw_comparison(path: str | os.PathLike[str], arms: Arms) -> None:
    """Writes score, judge and score over KL: a colour per arm, a thin line per seed."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(15, 4.6), layout="constrained")
    for axis, measure in zip(axes[:2], (MEASURES["score"], MEASURES["judge"]), strict=True):
        for colour, (arm, cells) in zip(COLOURS, arms.items(), strict=False):
            _draw_arm(axis, [smooth_curve(cell.rows, measure.log_key) for cell in cells], colour, arm)
        dress(axis, measure.panel, "episodes")
    axes[0].legend(frameon=False, loc="lower right")
    draw_frontier(axes[2], {arm: [cell.rows for cell in cells] for arm, cells in arms.items()})
    seeds = len(next(iter(arms.values())))
    figure.suptitle(f"One learner, {' and '.join(arms)}, {seeds} seeds each", x=0.01, ha="left", color=INK)
    _leave_no_formula(figure)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _leave_no_formula(figure: Any) -> None:
    """Draws names with dollar signs as they are."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)


def _draw_arm(axis: Any, curves: Sequence[tuple[np.ndarray, np.ndarray]], colour: str, name: str) -> None:
    for x, y in curves:
        axis.plot(x, y, color=colour, alpha=0.3, linewidth=1)
    length = min(len(x) for x, _ in curves)
    if length:
        mean = np.mean([y[:length] for _, y in curves], axis=0)
        axis.plot(curves[0][0][:length], mean, color=colour, linewidth=2.5, label=name)


def score_curve(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """Returns episodes and smoothed score of one run."""
    return smooth_curve(cell.rows, "env/score")

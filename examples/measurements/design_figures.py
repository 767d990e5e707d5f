"""Draws how reward designs compare: credit in the word game, plausibility, faithfulness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.runs.plots import INK, dress, pyplot
from examples.measurements.faithfulness import SHARES, Faithfulness
from examples.measurements.game_credit import GameCredit
from examples.measurements.plausibility import Plausibility

# Okabe and Ito's palette, which readers with any colour vision tell apart, in two passes of line styles.
COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
STYLES = ("-", "--", ":")
SETTINGS = (("mean", 1.0, "o"), ("mean", 0.8, "s"), ("exact", 0.8, "^"))
"""Critic, lambda and marker of what the figure of the game shows."""
NOISES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Ticks of the axis of noises."""
LEAST = 0.6
"""Left end of the axis of cosines; what is below is written there."""


def draw_credit(path: Path, credit: GameCredit, designs: Sequence[str]) -> None:
    """Writes cosine and noise by design: means over the drawn policies, with their ranges."""
    plt = pyplot()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12, _height(designs)), layout="constrained", sharey=True
    )
    for shift, (colour, (critic, lam, marker)) in enumerate(zip(COLOURS[1:], SETTINGS, strict=False), -1):
        label = f"{critic} critic, lambda {lam:g}"
        look = {"colour": colour, "marker": marker, "label": label, "shift": 0.24 * shift}
        _draw_rows(left, [credit.cosine[name, critic, lam][:-1] for name in designs], **look)
        _draw_rows(right, [credit.noise[name, critic, lam][:-1] for name in designs], **look)
    left.set_xlim(LEAST, 1.01)
    for row, name in enumerate(designs):
        low = credit.cosine[name, "mean", 1.0][:-1].mean()
        if low < LEAST:
            left.text(LEAST + 0.003, row, f"{low:.2f}", va="center", fontsize=9, color=INK)
    right.set_xscale("log")
    right.minorticks_off()
    right.set_xticks(NOISES, [f"{noise:g}" for noise in NOISES])
    right.legend(frameon=False, fontsize=9, loc="lower right")
    dress(left, "credit cosine: direction of the expected gradient", "1: that of the true gradient")
    dress(right, "credit noise of one response", "1: terminal, mean critic, lambda 1")
    _name_rows(left, designs)
    _save(plt, figure, path)


def draw_plausibility(path: Path, measured: Plausibility) -> None:
    """Writes the agreement with readers' labels, with bootstrap intervals over sentences."""
    plt = pyplot()
    designs = list(measured.measures)
    titles = {
        "word_correlation": (f"{measured.counts['words']} words", "Spearman correlation with labels"),
        "phrase_correlation": (f"{measured.counts['phrases']} phrases", "Spearman correlation with labels"),
        "negation_right": (
            f"{measured.counts['negated phrases with a sign']} negated phrases",
            "share with the sign of the label",
        ),
    }
    measures = list(measured.measures[designs[0]])
    figure, axes = plt.subplots(
        1, len(measures), figsize=(13, _height(designs)), layout="constrained", sharey=True
    )
    for axis, key in zip(axes, measures, strict=True):
        values = [np.array(measured.measures[name][key]) for name in designs]
        _draw_rows(axis, values, colour=COLOURS[1], marker="o")
        dress(axis, *titles[key])
    _name_rows(axes[0], designs)
    _save(plt, figure, path)


def draw_faithfulness(path: Path, measured: Faithfulness) -> None:
    """Writes what is lost without a design's first words, and with nothing but them."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 2, figsize=(13, 5.2), layout="constrained")
    titles = {
        "comprehensiveness": "comprehensiveness: utility lost without the first words (high is good)",
        "sufficiency": "sufficiency: utility lost with the first words alone (low is good)",
    }
    shares = [100.0 * share for share in SHARES]
    for axis, (key, title) in zip(axes, titles.items(), strict=True):
        for number, (name, curves) in enumerate(measured.curves.items()):
            colour, style = COLOURS[number % len(COLOURS)], STYLES[number // len(COLOURS) % len(STYLES)]
            axis.plot(shares, curves[key], style, color=colour, label=name, marker="o", markersize=3)
        axis.set_xscale("log")
        axis.set_xticks(shares, [f"{share:g}" for share in shares])
        axis.minorticks_off()
        dress(axis, title, "share of the words, %")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, fontsize=9, loc="outside right center")
    _save(plt, figure, path)


def _draw_rows(
    axis: Any,
    values: Sequence[np.ndarray],
    *,
    colour: str,
    marker: str,
    label: str | None = None,
    shift: float = 0.0,
) -> None:
    """One row per design: all values as a line from the least to the greatest, and a point inside.

    An interval is its number and its two ends; of draws the point is the mean.
    """
    for row, one in enumerate(values):
        point = one.mean() if label else one[0]
        axis.plot([one.min(), one.max()], [row + shift] * 2, color=colour, linewidth=2, alpha=0.6)
        axis.plot(point, row + shift, marker, color=colour, markersize=5, label=None if row else label)


def _name_rows(axis: Any, designs: Sequence[str]) -> None:
    axis.set_yticks(range(len(designs)), designs)
    axis.invert_yaxis()


def _height(designs: Sequence[str] | Mapping[str, Any]) -> float:
    return 1.4 + 0.36 * len(designs)


def _save(plt: Any, figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=120)
    plt.close(figure)

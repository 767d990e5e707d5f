"""Draws rows again with replacement, as every bootstrap interval needs it (Efron 1979)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def draw_counts(rows: int, *, resamples: int, rng: np.random.Generator) -> FloatArray:
    """Returns how often each row occurs in each resample, (resamples, rows) float64, adding up to `rows`.

    A statistic that is made of means over rows needs no more than these counts: the mean of x in all
    resamples is `counts @ x / rows`. Rows drawn with replacement are multinomial counts of equal shares.

    Args:
        rows: Number of rows, at least 1.
        resamples: How many times they are drawn, at least 1.
        rng: Generator that draws them.

    Raises:
        ValueError: `resamples` is below 1.
    """
    check_resamples(resamples)
    return rng.multinomial(rows, np.full(rows, 1.0 / rows), size=resamples).astype(np.float64)


def percentile_ends(draws: npt.ArrayLike, level: float) -> tuple[FloatArray, FloatArray]:
    """Returns the lower and upper end of the percentile interval, each of the shape of one draw.

    Args:
        draws: The statistic of each resample, shape (resamples, ...).
        level: Share of the draws between the ends, in (0, 1).

    Raises:
        ValueError: `level` is out of range.
    """
    check_level(level)
    low, high = np.quantile(np.asarray(draws), [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    return low, high


def check_level(level: float) -> None:
    """Raises ValueError where a level is no share between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, got {level}; use 0.95 for a 95% interval")


def check_resamples(resamples: int) -> None:
    """Raises ValueError where nothing would be drawn."""
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}; 2000 is common")

"""Turns rows of numbers into one number with an interval: means, differences, spread, shares.

Pure NumPy: nothing here draws from a global generator or changes its arguments.

Intervals are percentile bootstrap intervals over the rows that are given, so they say how much the number
would move with other rows of the same kind. With very few rows (three seeds, say) they are too narrow: read
them as a lower bound of the uncertainty.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.stats.checks import as_finite_rows, as_pairs, as_rows
from agents.stats.resampling import check_level, check_resamples, percentile_ends


class Interval(NamedTuple):
    """A number with an interval around it."""

    value: float
    """The statistic of the rows themselves."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""


def bootstrap_interval(
    values: npt.ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Interval:
    """Returns the mean of `values` with its percentile bootstrap interval.

    Args:
        values: Numbers, shape (B,), at least one.
        level: Share of the resampled means inside the interval, in (0, 1).
        resamples: How many times the rows are drawn again, with replacement.
        seed: Seed of the generator that draws the rows; equal seeds give equal intervals.

    Example:
        >>> bootstrap_interval([0.0, 0.0, 1.0, 1.0], resamples=500)
        Interval(value=0.5, low=0.0, high=1.0)
    """
    rows = as_rows("values", values)
    check_level(level)
    check_resamples(resamples)
    rng = np.random.default_rng(seed)
    means = np.array([rows[rng.integers(0, len(rows), len(rows))].mean() for _ in range(resamples)])
    low, high = percentile_ends(means, level)
    return Interval(float(rows.mean()), float(low), float(high))


def paired_difference(
    treatment: npt.ArrayLike,
    control: npt.ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Returns the mean of `treatment - control`, row by row, with its bootstrap interval.

    Args:
        treatment: Numbers, shape (B,).
        control: Numbers, shape (B,); row i was measured under the same conditions as row i of `treatment`.
        level: Share of the resampled means inside the interval.
        resamples: How many times the pairs are drawn again.
        seed: Seed of the generator that draws the pairs.

    Example:
        >>> paired_difference([3.0, 4.0], [1.0, 2.0])
        Interval(value=2.0, low=2.0, high=2.0)
    """
    first, second = as_pairs(treatment, control)
    return bootstrap_interval(first - second, level=level, resamples=resamples, seed=seed)


def interquartile_mean(values: npt.ArrayLike) -> float:
    """Returns the mean of the middle half: a quarter of the rows (rounded down) is cut off at either end.

    Example:
        >>> interquartile_mean([0.0, 1.0, 3.0, 100.0])
        2.0
    """
    rows = np.sort(as_rows("values", values))
    cut = len(rows) // 4
    return float(rows[cut : len(rows) - cut].mean())


def spread(values: npt.ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0) -> Interval:
    """Returns the standard deviation over seeds, sqrt(sum((x - mean)^2) / (S - 1)), with its interval.

    It says how far one run lies from the next, which the interval of a mean does not. A bootstrap interval
    of a standard deviation is too narrow, and too low, for few rows: of ten normal rows the 95% interval
    holds the true value in about three of four cases.

    Args:
        values: One finite number per seed, shape (S,), at least two.
        level: Share of the resampled deviations inside the interval, in (0, 1).
        resamples: How many times the rows are drawn again.
        seed: Seed of the generator that draws the rows.

    Raises:
        ValueError: There are fewer than two numbers, or one is not finite.

    Example:
        >>> spread([4.0, 4.0, 4.0])
        Interval(value=0.0, low=0.0, high=0.0)
    """
    rows = as_finite_rows("values", values)
    if len(rows) < 2:
        raise ValueError("values must hold at least two seeds, got 1; one run has no spread")
    check_level(level)
    check_resamples(resamples)
    drawn = rows[np.random.default_rng(seed).integers(0, len(rows), (resamples, len(rows)))]
    low, high = percentile_ends(drawn.std(axis=1, ddof=1), level)
    return Interval(float(rows.std(ddof=1)), float(low), float(high))


def failure_rate(failed: int, runs: int, *, level: float = 0.95) -> Interval:
    """Returns the share of runs that failed with its score interval (Wilson 1927).

        (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    where p = failed / n, n = runs and z is the normal quantile of (1 + level) / 2. A bootstrap would say
    that none of ten means never; this interval then reaches from 0 to 0.28.

    Args:
        failed: Number of runs that failed, from 0 to `runs`.
        runs: Number of all runs, at least 1.
        level: Share of such intervals that hold the true rate, in (0, 1), nearly.

    Raises:
        ValueError: The counts or the level are out of range.

    Example:
        >>> [round(number, 3) for number in failure_rate(0, 10)]
        [0.0, 0.0, 0.278]
    """
    if not 0 <= failed <= runs or runs < 1:
        raise ValueError(f"failed must be a count from 0 to runs, runs at least 1, got {failed} of {runs}")
    check_level(level)
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    share, weight = failed / runs, z * z / runs
    centre = (share + weight / 2.0) / (1.0 + weight)
    reach = z * np.sqrt(share * (1.0 - share) / runs + weight / (4.0 * runs)) / (1.0 + weight)
    low = 0.0 if failed == 0 else float(centre - reach)
    high = 1.0 if failed == runs else float(centre + reach)
    return Interval(share, low, high)

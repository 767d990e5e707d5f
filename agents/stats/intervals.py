"""Statistics of a sample with intervals: means, paired differences, standard deviations, failure rates.

Nothing here draws from a global generator or changes its arguments.

Intervals are those over the rows that are given, by a bootstrap or by Student's t, so they say how much the
number would move with other rows of the same kind. With very few rows (three seeds, say) those of a
bootstrap are too narrow, of the method "percentile" more so than of "bca": read them as a lower bound of the
uncertainty.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.stats.checks import FloatArray, as_finite_rows, as_pairs, as_rows
from agents.stats.resampling import (
    BCA,
    PERCENTILE,
    STUDENT,
    Method,
    bootstrap_ends,
    check_level,
    check_method,
    load_scipy_stats,
    student_ends,
)


class Interval(NamedTuple):
    """A statistic with the lower and upper end of its interval."""

    value: float
    """The statistic of the rows themselves."""
    low: float
    """Lower end of the interval around `value`."""
    high: float
    """Upper end of the interval around `value`."""


def mean_interval(
    values: npt.ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    method: Method = BCA,
) -> Interval:
    """Returns the mean of `values` with its interval, by Student's t or a bootstrap.

    Args:
        values: Numbers, shape (B,), at least one; finite for "t".
        level: Share of such intervals that are meant to hold the truth, in (0, 1).
        resamples: Number of bootstrap resamples of the rows, with replacement.
        seed: Seed of the generator that draws the rows; equal seeds give equal intervals.
        method: "bca", "percentile" or "t".

    Raises:
        ValueError: If the rows or an argument are out of range.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> mean_interval([1.0, 1.0], method="t")
        Interval(value=1.0, low=1.0, high=1.0)
    """
    check_method(method)
    if method != STUDENT:
        return bootstrap_interval(values, level=level, resamples=resamples, seed=seed, method=method)
    rows = as_finite_rows("values", values)
    return Interval(float(rows.mean()), *student_ends(rows, level))


def bootstrap_interval(
    values: npt.ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    method: Method = BCA,
) -> Interval:
    """Returns the mean of `values` with its bootstrap interval.

    Args:
        values: Numbers, shape (B,), at least one.
        level: Share of such intervals that are meant to hold the truth, in (0, 1).
        resamples: Number of bootstrap resamples of the rows, with replacement.
        seed: Seed of the generator that draws the rows; equal seeds give equal intervals.
        method: "bca", or "percentile", which is narrower than it says for few rows; "t" is an interval of
            `mean_interval`.

    Raises:
        ValueError: If the rows or an argument are out of range.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> bootstrap_interval([0.0, 0.0, 1.0, 1.0], resamples=500)
        Interval(value=0.5, low=0.0, high=1.0)
    """
    if method == STUDENT:
        raise ValueError("method must be a bootstrap, bca or percentile, got 't'; use mean_interval")
    rows = as_rows("values", values)
    ends = bootstrap_ends([rows], np.mean, method=method, level=level, resamples=resamples, seed=seed)
    return Interval(float(rows.mean()), *ends)


def paired_difference(
    treatment: npt.ArrayLike,
    control: npt.ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    method: Method = BCA,
) -> Interval:
    """Returns the mean of `treatment - control`, row by row, with its interval.

    Args:
        treatment: Numbers, shape (B,).
        control: Numbers, shape (B,); row i was measured under the same conditions as row i of `treatment`.
        level: Share of such intervals that are meant to hold the truth, in (0, 1).
        resamples: Number of bootstrap resamples of the pairs.
        seed: Seed of the generator that draws the pairs.
        method: As in `mean_interval`.

    Raises:
        ValueError: If the rows are not paired, or an argument is out of range.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> paired_difference([3.0, 4.0], [1.0, 2.0])
        Interval(value=2.0, low=2.0, high=2.0)
    """
    first, second = as_pairs(treatment, control)
    return mean_interval(first - second, level=level, resamples=resamples, seed=seed, method=method)


def interquartile_mean(values: npt.ArrayLike) -> float:
    """Returns the interquartile mean: a quarter of the rows (rounded down) is cut off at either end.

    Kept by hand in the place of `scipy.stats.trim_mean`: three lines, which learners need without scipy.

    Example:
        >>> interquartile_mean([0.0, 1.0, 3.0, 100.0])
        2.0
    """
    rows = np.sort(as_rows("values", values))
    cut = len(rows) // 4
    return float(rows[cut : len(rows) - cut].mean())


def spread(
    values: npt.ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    method: Method = BCA,
) -> Interval:
    """Returns the standard deviation over seeds, sqrt(sum((x - mean)^2) / (S - 1)), with its interval.

    It says how far one run lies from the next, which the interval of a mean does not. A bootstrap interval
    of a standard deviation is too narrow, and too low, for few rows: of ten normal rows the 95% interval
    holds the true value in about three of four cases by percentiles, in about four of five by BCa.

    Args:
        values: One finite number per seed, shape (S,), at least two.
        level: Share of such intervals that are meant to hold the truth, in (0, 1).
        resamples: Number of bootstrap resamples of the rows.
        seed: Seed of the generator that draws the rows.
        method: As in `bootstrap_interval`, "t" for "bca"; of two seeds the interval is that by percentiles.

    Raises:
        ValueError: If there are fewer than two numbers, or one is not finite.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> spread([4.0, 4.0, 4.0])
        Interval(value=0.0, low=0.0, high=0.0)
    """
    rows = as_finite_rows("values", values)
    if len(rows) < 2:
        raise ValueError("values must hold at least two seeds, got 1; one run has no spread")
    method = method if len(rows) > 2 else PERCENTILE  # one seed left out leaves one, which has no deviation
    ends = bootstrap_ends([rows], _deviation, method=method, level=level, resamples=resamples, seed=seed)
    return Interval(float(rows.std(ddof=1)), *ends)


def failure_rate(failed: int, runs: int, *, level: float = 0.95) -> Interval:
    """Returns the share of runs that failed with its score interval (Wilson 1927).

        (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    where p = failed / n, n = runs and z is the normal quantile of (1 + level) / 2, as scipy computes it. A
    bootstrap would say that none of ten means never; this interval then reaches from 0 to 0.28.

    Args:
        failed: Number of runs that failed, from 0 to `runs`.
        runs: Number of all runs, at least 1.
        level: Share of such intervals that hold the true rate, in (0, 1), nearly.

    Raises:
        ValueError: If the counts or the level are out of range.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> [round(number, 3) for number in failure_rate(0, 10)]
        [0.0, 0.0, 0.278]
    """
    if not 0 <= failed <= runs or runs < 1:
        raise ValueError(f"failed must be a count from 0 to runs, runs at least 1, got {failed} of {runs}")
    check_level(level)
    test = load_scipy_stats("an interval of a failure rate needs").binomtest(failed, runs)
    ends = test.proportion_ci(level, method="wilson")
    return Interval(failed / runs, float(ends.low), float(ends.high))


def _deviation(values: FloatArray, axis: int) -> FloatArray:
    return values.std(axis=axis, ddof=1)

"""Bootstrap intervals: rows drawn again with replacement (Efron 1979), by scipy.

Two methods have a name. "bca" is the bias-corrected and accelerated interval (Efron 1987, "Better bootstrap
confidence intervals", JASA 82:171-185), second-order accurate where the percentile interval is first-order
accurate. "percentile" is what earlier results were reported with. scipy is imported when an interval is
asked for; its percentile interval has the draws, and so the ends, of those results.

A study may also ask for "t", Student's interval, where there is one: of means, of paired differences, of
paired log ratios of times. What has none (deviations, interquartile means, probabilities) is then "bca".
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from agents.extras import import_extra

FloatArray = npt.NDArray[np.float64]
Method = Literal["bca", "percentile", "t"]
BCA: Final = "bca"
PERCENTILE: Final = "percentile"
STUDENT: Final = "t"
METHODS: tuple[Method, ...] = (BCA, PERCENTILE, STUDENT)
"""Names of the methods of intervals; the first is the default."""
SIGNIFICANT = 12
"""Significant digits to which statistics of resamples are rounded before they are compared."""


def bootstrap_ends(
    rows: Sequence[FloatArray],
    statistic: Callable[..., Any],
    *,
    method: Method,
    level: float,
    resamples: int,
    seed: int,
    paired: bool = False,
) -> tuple[float, float]:
    """Returns the lower and the upper end of a statistic's bootstrap interval.

    Where BCa is not defined (no resample differs, or the statistic of all rows but one is not known) the
    ends are those of the percentile interval. A sample of a single row leaves nothing to draw of it.

    Args:
        rows: One sample, or several, shape (B,) each; drawn apart, or together where they are `paired`.
        statistic: Takes the samples, (..., B) each, and `axis`, which is -1; returns an array (...).
        method: "bca" or "percentile"; "t" stands for "bca", as a statistic of any kind has no t interval.
        level: Share of such intervals that are meant to hold the truth, in (0, 1).
        resamples: Number of bootstrap resamples of the rows, at least 1.
        seed: Seed of the generator that draws them; equal seeds give equal ends.
        paired: Whether row i of each sample belongs together.

    Raises:
        ValueError: If `method`, `level` or `resamples` is out of range.
        ImportError: If scipy is not installed; the message says what to install.
    """
    check_method(method)
    check_level(level)
    check_resamples(resamples)
    drawn = [i for i, row in enumerate(rows) if len(row) > 1]  # scipy refuses samples of one row
    value = float(statistic(*rows, axis=-1))
    if not drawn:
        return value, value

    def of_all(*samples: FloatArray, axis: int) -> Any:
        whole = [samples[drawn.index(i)] if i in drawn else row for i, row in enumerate(rows)]
        return statistic(*whole, axis=axis)

    def told_apart(*samples: FloatArray, axis: int) -> Any:
        return _rounded(of_all(*samples, axis=axis))

    stats = load_scipy_stats("bootstrap intervals need")

    samples = [rows[i] for i in drawn]
    given = {"n_resamples": resamples, "confidence_level": level, "paired": paired, "vectorized": True}

    def resampled(of: Callable[..., Any], name: str) -> Any:
        return stats.bootstrap(samples, of, method=name, rng=np.random.default_rng(seed), **given)

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Of what is not needed: the standard error of one resample, and where BCa is not defined.
        warnings.simplefilter("ignore", RuntimeWarning)
        if method != PERCENTILE:
            low, high = map(float, resampled(told_apart, "BCa").confidence_interval)
            if np.isfinite([low, high]).all():
                return min(low, high), max(low, high)
        draws = resampled(of_all, "percentile").bootstrap_distribution
    low, high = percentile_ends(draws, level)
    return float(low), float(high)


def load_scipy_stats(needing: str) -> Any:
    """Returns `scipy.stats`, which takes half a second to import and is needed for studies alone.

    Args:
        needing: Caller that needs scipy, with its verb, for the message.

    Raises:
        ImportError: If scipy is not installed; the message says what to install.
    """
    return import_extra("scipy.stats", needing, package="scipy", extra="report")


def _rounded(values: FloatArray) -> FloatArray:
    """Returns values with `SIGNIFICANT` digits, infinity and NaN as they are.

    BCa counts the resamples below the value of the rows themselves: what is equal on paper must not count as
    below because of the order in which it was added up.
    """
    with np.errstate(all="ignore"):
        scale = 10.0 ** (SIGNIFICANT - 1 - np.floor(np.log10(np.abs(values))))
        rounded = np.rint(values * scale) / scale
    return np.where(np.isfinite(rounded), rounded, values)


def draw_counts(rows: int, *, resamples: int, rng: np.random.Generator) -> FloatArray:
    """Returns how often each row occurs in each resample, (resamples, rows) float64, adding up to `rows`.

    A statistic that is made of means over rows needs no more than these counts: the mean of x in all
    resamples is `counts @ x / rows`. Rows drawn with replacement are multinomial counts of equal shares.

    Args:
        rows: Number of rows, at least 1.
        resamples: Number of resamples, at least 1.
        rng: NumPy generator that draws the counts.

    Raises:
        ValueError: If `resamples` is below 1.
    """
    check_resamples(resamples)
    return rng.multinomial(rows, np.full(rows, 1.0 / rows), size=resamples).astype(np.float64)


def percentile_ends(draws: npt.ArrayLike, level: float) -> tuple[FloatArray, FloatArray]:
    """Returns the lower and upper end of the percentile interval, each of the shape of one draw.

    Args:
        draws: The statistic of each resample, shape (resamples, ...).
        level: Share of the draws between the ends, in (0, 1).

    Raises:
        ValueError: If `level` is out of range.
    """
    check_level(level)
    low, high = np.quantile(np.asarray(draws), [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    return low, high


def student_ends(values: FloatArray, level: float) -> tuple[float, float]:
    """Returns the ends of the t interval of a mean, m -+ t s / sqrt(B); one row's are its value.

    t is the quantile of Student's distribution with B - 1 degrees of freedom, s the deviation over B - 1.

    Args:
        values: Finite numbers, shape (B,), at least one.
        level: Share of such intervals that hold the truth where the numbers are normal, in (0, 1).

    Raises:
        ValueError: If `level` is out of range.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> [round(end, 3) for end in student_ends(np.array([1.0, 2.0, 3.0]), 0.95)]
        [-0.484, 4.484]
    """
    check_level(level)
    count, mean = len(values), float(values.mean())
    if count == 1:
        return mean, mean
    quantile = float(load_scipy_stats("a t interval needs").t.ppf((1.0 + level) / 2.0, count - 1))
    half = quantile * float(values.std(ddof=1)) / count**0.5
    return mean - half, mean + half


def check_method(method: str) -> None:
    """Raises ValueError if a method of intervals is not known."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")


def check_level(level: float) -> None:
    """Raises ValueError if a level is not between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, got {level}; use 0.95 for a 95% interval")


def check_resamples(resamples: int) -> None:
    """Raises ValueError if the number of resamples is below 1."""
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}; 2000 is common")

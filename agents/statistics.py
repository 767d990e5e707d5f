"""Turns rows of numbers into one number with an interval: means, differences, diversity, learning curves.

Pure NumPy: nothing here draws from a global generator or changes its arguments. Token sequences are lists
of ids; no text is read.

Intervals are percentile bootstrap intervals over the rows that are given, so they say how much the number
would move with other rows of the same kind. With very few rows (three seeds, say) they are too narrow: read
them as a lower bound of the uncertainty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
TokenIds = Sequence[int]


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
    rows = _as_rows("values", values)
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, got {level}; use 0.95 for a 95% interval")
    rng = np.random.default_rng(seed)
    means = np.array([rows[rng.integers(0, len(rows), len(rows))].mean() for _ in range(resamples)])
    low, high = np.quantile(means, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
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
    first, second = _as_rows("treatment", treatment), _as_rows("control", control)
    if first.shape != second.shape:
        raise ValueError(
            f"treatment and control must be paired row by row, got {len(first)} and {len(second)} rows; "
            "drop the rows that have no partner"
        )
    return bootstrap_interval(first - second, level=level, resamples=resamples, seed=seed)


def interquartile_mean(values: npt.ArrayLike) -> float:
    """Returns the mean of the middle half: a quarter of the rows (rounded down) is cut off at either end.

    Example:
        >>> interquartile_mean([0.0, 1.0, 3.0, 100.0])
        2.0
    """
    rows = np.sort(_as_rows("values", values))
    cut = len(rows) // 4
    return float(rows[cut : len(rows) - cut].mean())


def distinct_ngrams(responses: Sequence[TokenIds], n: int) -> float:
    """Returns unique n-grams over all n-grams of the whole corpus of responses; 0 where there is none.

    The value falls as the corpus grows, so compare it between corpora of one size only.

    Args:
        responses: Token ids of each response.
        n: Length of the n-grams, at least 1.

    Example:
        >>> distinct_ngrams([[5, 6, 5], [5, 6]], 1)
        0.4
        >>> distinct_ngrams([[5, 6, 5], [5, 6]], 2)
        0.6666666666666666
    """
    grams = [gram for response in responses for gram in _ngrams(response, n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def repetition(responses: Sequence[TokenIds], n: int = 2) -> float:
    """Returns the share of n-grams that occurred earlier in the same response; 0 where there is no n-gram.

    Bigrams are the default because responses are short: longer n-grams hardly ever occur twice in 16 tokens.

    Args:
        responses: Token ids of each response.
        n: Length of the n-grams, at least 1.

    Example:
        >>> repetition([[1, 2, 1, 2, 1], [1, 2, 3]])  # 2 of 4 bigrams, then 0 of 2
        0.3333333333333333
    """
    repeated = total = 0
    for response in responses:
        grams = list(_ngrams(response, n))
        total += len(grams)
        repeated += len(grams) - len(set(grams))
    return repeated / total if total else 0.0


def perplexity(nll_sums: npt.ArrayLike, token_counts: npt.ArrayLike) -> float:
    """Returns exp(negative log-likelihood per token), every token of every response counting once.

    Args:
        nll_sums: Negative log-likelihood of each response in nats, summed over its tokens, shape (B,).
        token_counts: Tokens of each response, shape (B,).

    Example:
        >>> round(perplexity([np.log(8.0), 3 * np.log(8.0)], [1, 3]), 6)
        8.0
    """
    tokens = float(_as_rows("token_counts", token_counts).sum())
    if tokens <= 0:
        raise ValueError("token_counts must hold at least one token, got none; every response is empty")
    return float(np.exp(_as_rows("nll_sums", nll_sums).sum() / tokens))


def area_under_curve(episodes: npt.ArrayLike, values: npt.ArrayLike) -> float:
    """Returns the average height of a learning curve: the trapezoid area over the range of `episodes`.

    Args:
        episodes: Positions on the x axis, shape (B,), strictly increasing, at least two.
        values: Heights, shape (B,).

    Example:
        >>> area_under_curve([0, 10, 20], [0.0, 1.0, 1.0])
        0.75
    """
    x, y = _as_curve(episodes, values)
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))


def episodes_to_reach(episodes: npt.ArrayLike, values: npt.ArrayLike, threshold: float) -> float:
    """Returns where a curve first reaches `threshold` (linear between points); infinity if it never does.

    Args:
        episodes: Positions on the x axis, shape (B,), strictly increasing, at least two.
        values: Heights, shape (B,).
        threshold: The height to reach from below.

    Example:
        >>> episodes_to_reach([0, 10, 20], [0.0, 1.0, 1.0], 0.8)
        8.0
        >>> episodes_to_reach([0, 10], [0.0, 0.5], 0.8)
        inf
    """
    x, y = _as_curve(episodes, values)
    above = np.flatnonzero(y >= threshold)
    if len(above) == 0:
        return float("inf")
    i = int(above[0])
    if i == 0:
        return float(x[0])
    share = (threshold - y[i - 1]) / (y[i] - y[i - 1])
    return float(x[i - 1] + share * (x[i] - x[i - 1]))


def moving_average(values: npt.ArrayLike, window: int) -> FloatArray:
    """Returns the mean of the last `window` values at each position (fewer at the start), (B,) float64.

    Example:
        >>> moving_average([1.0, 3.0, 5.0], 2).tolist()
        [1.0, 2.0, 4.0]
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}; 1 leaves the values as they are")
    rows = _as_rows("values", values)
    sums = np.cumsum(np.concatenate([[0.0], rows]))
    ends = np.arange(1, len(rows) + 1)
    starts = np.maximum(ends - window, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def _ngrams(response: TokenIds, n: int) -> Iterator[tuple[int, ...]]:
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}; 1 counts tokens, 2 counts pairs")
    return (tuple(response[i : i + n]) for i in range(len(response) - n + 1))


def _as_rows(name: str, values: npt.ArrayLike) -> FloatArray:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 1 or len(rows) == 0:
        raise ValueError(
            f"{name} must be one or more numbers in one row, got shape {rows.shape}; pass a flat list"
        )
    return rows


def _as_curve(episodes: npt.ArrayLike, values: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, y = _as_rows("episodes", episodes), _as_rows("values", values)
    if x.shape != y.shape or len(x) < 2 or np.any(np.diff(x) <= 0):
        raise ValueError(
            f"a curve needs two or more points with increasing episodes, got {len(x)} episodes and "
            f"{len(y)} values; pass one value per point, in order"
        )
    return x, y

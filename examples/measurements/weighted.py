"""Figures of scores against labels under weights, and the weights of a bootstrap over groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def sign_accuracy(scores: FloatArray, labels: FloatArray, weights: FloatArray) -> float:
    """Returns the share of scores with the label's sign; 2 is neutral."""
    return float(np.average(np.sign(scores) == np.sign(labels - 2.0), weights=weights))


def auc(scores: FloatArray, labels: FloatArray, weights: FloatArray) -> float:
    """Returns how often a positive text scores above a negative one, ties counting half."""
    ranks = _midranks(rank_codes(scores), weights)
    positive = weights * (labels > 2.0)
    size, wins = positive.sum(), positive @ ranks
    return float((wins - size * size / 2.0) / (size * (weights.sum() - size)))


def rank_correlation(scores: FloatArray, labels: FloatArray, weights: FloatArray) -> float:
    """Returns Spearman's correlation of scores and labels."""
    return code_correlation(rank_codes(scores), rank_codes(labels), weights)


def rank_codes(values: npt.NDArray[Any]) -> IntArray:
    """Returns the number of each value among the distinct ones in ascending order, int64 (N,)."""
    return np.unique(values, return_inverse=True)[1]


def code_correlation(first: IntArray, second: IntArray, weights: FloatArray) -> float:
    """Returns Spearman's correlation of values whose `rank_codes` are known, under many weights in turn.

    Raises:
        ValueError: If all values are equal on either side, so that there is no correlation.
    """
    one, two = (_midranks(codes, weights) for codes in (first, second))
    one, two = (ranks - np.average(ranks, weights=weights) for ranks in (one, two))
    covariance, left, right = (weights @ (a * b) for a, b in ((one, two), (one, one), (two, two)))
    if not left * right > 0.0:
        raise ValueError("a rank correlation needs two or more different values on each side")
    return float(covariance / np.sqrt(left * right))


def _midranks(codes: IntArray, weights: FloatArray) -> FloatArray:
    """Returns the weight of all smaller values and half that of equal ones."""
    sizes = np.bincount(codes, weights)
    return (np.cumsum(sizes) - sizes / 2.0)[codes]


def draw_weights(groups: IntArray, resamples: int) -> Iterator[FloatArray]:
    """Yields how often each row is drawn when its whole group is, (N,) float64, for each resample."""
    rng = np.random.default_rng(0)
    size = int(groups.max()) + 1
    for _ in range(resamples):
        yield rng.multinomial(size, np.full(size, 1.0 / size)).astype(np.float64)[groups]

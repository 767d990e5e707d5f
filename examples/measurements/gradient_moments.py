"""Moments of the gradients of independent batches, without bias, with standard errors by the jackknife.

Of N batches there are gradients g_i of an arm and h_i of the one that is right in expectation. A product of
different batches is that of the expectations, E g_i . h_j = E g . E h, as batches are independent; of one
batch it is more, by what the batches' noise has in common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class Products(NamedTuple):
    """Products of the gradients of N batches, float64 (N, N) each."""

    own: FloatArray
    """g_i . g_j"""
    along: FloatArray
    """g_i . h_j"""
    right: FloatArray
    """h_i . h_j"""

    def without(self, batch: int) -> Products:
        """Returns the products of the other batches."""
        return Products(*(np.delete(np.delete(x, batch, axis=0), batch, axis=1) for x in self))


class Told(NamedTuple):
    """A number that batches tell, with its standard error; NaN where a length is not told from 0."""

    value: float
    error: float


def apart(products: FloatArray) -> float:
    """Returns the mean product of different batches, of (N, N)."""
    count = len(products)
    return float(products.sum() - np.trace(products)) / (count * (count - 1))


def cosine(products: Products) -> float:
    """Returns that of E g and E h; NaN where one of them is not told from 0."""
    lengths = apart(products.own), apart(products.right)
    return apart(products.along) / (lengths[0] * lengths[1]) ** 0.5 if min(lengths) > 0.0 else float("nan")


def noise(products: Products) -> float:
    """Returns E |g - E g|^2 / |E g|^2, of one batch; NaN where E g is not told from 0."""
    length = apart(products.own)
    return float(np.trace(products.own)) / len(products.own) / length - 1.0 if length > 0.0 else float("nan")


def alignment(products: Products) -> float:
    """Returns E g . E h / (|E h| sqrt(E |g|^2)): how far a step of length 1 along g leads the right way."""
    square, length = float(np.trace(products.own)) / len(products.own), apart(products.right)
    return apart(products.along) / (length * square) ** 0.5 if length > 0.0 else float("nan")


def jackknife(statistic: Callable[[Products], float], products: Products) -> Told:
    """Returns a statistic, with the standard error that leaving out each batch in turn gives.

    Args:
        statistic: Of the products.
        products: Of three batches or more.
    """
    count = len(products.own)
    others = np.array([statistic(products.without(batch)) for batch in range(count)])
    error = ((count - 1) / count * np.square(others - others.mean()).sum()) ** 0.5
    return Told(statistic(products), float(error))

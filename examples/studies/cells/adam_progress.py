"""How far a step of Adam leads along the true gradient in expectation, from gradients of independent groups.

Adam (Kingma & Ba 2015, arXiv 1412.6980, algorithm 1) moves parameter p by about -eta m_p / (sqrt(v_p) + eps)
where m and v are running means of its gradient g_p and of g_p^2. While a policy hardly moves these are near
E g_p and E g_p^2 over minibatches, so that a step changes an objective whose gradient is E h by

    -eta P,    P = sum over p of E g_p E h_p / (sqrt(E g_p^2) + eps),

to first order. P is a signal over a noise in each parameter: where noise rules, E g_p^2 is its variance, and
P falls with its root (McCandlish et al. 2018, arXiv 1812.06162, have the same of plain gradient ascent, with
the trace of the covariance in the place of the parameters' own deviations).

Groups of minibatches are independent, so the product of a mean of group k and one of group l has the product
of expectations as its own, and the divisor of the pair is that of all other groups, so that it shares no
minibatch with what it divides. What is left is the bias of the root of a mean square, which all arms that are
measured on the same minibatches have in common.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

FloatArray = npt.NDArray[np.float64]


class Groups(NamedTuple):
    """Moments of a gradient over the minibatches of K groups, (K, parameters) float32 each."""

    means: Tensor
    """Mean of g."""
    squares: Tensor
    """Mean of g^2, parameter by parameter."""


def progress_of_pairs(found: Groups, right: Tensor, eps: float) -> FloatArray:
    """Returns P of each pair of groups, (K, K) float64, symmetric; its diagonal, which is biased, is NaN.

    Args:
        found: Of the gradients that Adam is given, of three groups or more.
        right: Means of the true gradient in the same groups, (K, parameters) float32.
        eps: Of Adam.

    Raises:
        ValueError: If there are fewer than three groups.
    """
    count = len(found.means)
    if count < 3:
        raise ValueError(f"groups: expected three or more, for pairs and a third to scale them, got {count}")
    squares = found.squares.sum(0)
    pairs: FloatArray = np.full((count, count), np.nan)
    for k in range(count):
        for j in range(k):
            others = (squares - found.squares[k] - found.squares[j]).clamp(min=0.0) / (count - 2)
            along = found.means[k] * right[j] + found.means[j] * right[k]  # (parameters,) float32
            pairs[k, j] = pairs[j, k] = 0.5 * float((along / (others.sqrt() + eps)).double().sum())
    return pairs


def mean_of_pairs(pairs: FloatArray, left_out: int | None = None) -> float:
    """Returns the mean over pairs of different groups, P, without those of one group if asked.

    Example:
        >>> pairs = np.array([[np.nan, 1.0, 2.0], [1.0, np.nan, 6.0], [2.0, 6.0, np.nan]])
        >>> mean_of_pairs(pairs), mean_of_pairs(pairs, left_out=2)
        (3.0, 1.0)
    """
    if left_out is not None:
        pairs = np.delete(np.delete(pairs, left_out, axis=0), left_out, axis=1)
    return float(np.nanmean(pairs))


def jackknife_error(estimates: FloatArray) -> float:
    """Returns the standard error that estimates without one group each tell, of (K,) float64.

    sqrt((K - 1) / K sum_k (x_k - mean)^2) (Efron & Stein 1981).

    Example:
        >>> jackknife_error(np.array([1.0, 2.0, 3.0])) ** 2
        1.3333333333333333
    """
    count = len(estimates)
    return float(((count - 1) / count * np.square(estimates - estimates.mean()).sum()) ** 0.5)

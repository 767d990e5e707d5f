"""Exact policy gradients under given rewards, by enumeration of all responses.

The policy is a bigram softmax: the next of V words depends on the one before it, pi(a | s) with
s in {V words, start}. There are N = V^T responses of T words, in lexicographic order; g_t is the gradient of
log pi(y_t | y_{t-1}) with respect to the (V + 1, V) logits, and r_t the reward of word t. Everything is an
exact expectation in float64, over all N responses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Final, NamedTuple

import numpy as np

from rlsf_gym.evidence import FloatArray, IntArray

__all__ = [
    "CRITICS",
    "Credit",
    "Rollouts",
    "conditional_means",
    "expected_gradient",
    "gae",
    "gradient_variance",
    "measure_credit",
    "reward_to_go",
    "roll_out",
    "true_gradient",
]

_NO_GRADIENT: Final = 1e-12  # a norm that rounding alone may have

Critic = Callable[[FloatArray, FloatArray, Sequence[int]], FloatArray]


class Rollouts(NamedTuple):
    """All responses of a policy."""

    policy: FloatArray
    """float64 (V + 1, V): the probability of each word after each word and, in the last row, at the start."""
    probabilities: FloatArray
    """float64 (N,), of the responses."""
    products: FloatArray
    """float64 (N, T, T): the inner product of g_t and g_u in each response."""


class Credit(NamedTuple):
    """Comparison of a design's gradient estimate with the true gradient: cosine and noise."""

    cosine: float
    """Cosine of the expected estimate and the true gradient, in [-1, 1]."""
    noise: float
    """Variance of the estimate from one response (trace) over the squared norm of its expectation."""


def roll_out(logits: FloatArray, length: int) -> Rollouts:
    """Returns all responses of the bigram softmax policy, with what their gradients have in common.

    With e_a the unit vector of word a, g_t = e_{y_t} - pi(. | y_{t-1}) in the row of y_{t-1}, and so
    g_t . g_u = 1[y_{t-1} = y_{u-1}] (1[y_t = y_u] - pi(y_t | s) - pi(y_u | s) + sum_a pi(a | s)^2).

    Args:
        logits: float64 (V + 1, V), the last row for the start.
        length: T, at least 1.

    Raises:
        ValueError: If the logits are of another shape, or the length is not positive.
    """
    size = logits.shape[-1]
    if logits.shape != (size + 1, size) or length < 1:
        raise ValueError(
            f"logits must have shape (V + 1, V) and length be at least 1, got {logits.shape} and {length}"
        )
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    policy = exponentials / exponentials.sum(axis=1, keepdims=True)  # (V + 1, V)
    words = _enumerate((size,) * length)  # (N, T)
    states = np.concatenate([np.full((len(words), 1), size), words[:, :-1]], axis=1)  # (N, T)
    chosen = policy[states, words]  # (N, T)
    squares = np.square(policy).sum(axis=1)[states]  # (N, T)
    same_state = states[:, :, None] == states[:, None, :]  # (N, T, T)
    same_word = words[:, :, None] == words[:, None, :]  # (N, T, T)
    products = same_state * (same_word - chosen[:, :, None] - chosen[:, None, :] + squares[:, :, None])
    return Rollouts(policy, chosen.prod(axis=1), products)


def reward_to_go(rewards: FloatArray) -> FloatArray:
    """Returns G_t = sum of r_k over k >= t, float64 (N, T).

    Args:
        rewards: float64 (N, T).
    """
    return rewards[:, ::-1].cumsum(axis=1)[:, ::-1]


def conditional_means(values: FloatArray, probabilities: FloatArray, sizes: Sequence[int]) -> FloatArray:
    """Returns E[values_t | y_{<t}] at each t, float64 (N, T): column t is equal where y_{<t} is.

    Args:
        values: float64 (N, T).
        probabilities: float64 (N,), positive.
        sizes: Number of words at each position, T of them.
    """
    weighted = probabilities[:, None] * values
    means = np.empty_like(values)
    for t in range(len(sizes)):
        prefixes = prod(sizes[:t])
        mass = probabilities.reshape(prefixes, -1).sum(axis=1)
        mean = weighted[:, t].reshape(prefixes, -1).sum(axis=1) / mass  # (prefixes,)
        means[:, t] = mean.repeat(len(values) // prefixes)
    return means


def _no_critic(to_go: FloatArray, probabilities: FloatArray, sizes: Sequence[int]) -> FloatArray:
    return np.zeros_like(to_go)


def _mean_critic(to_go: FloatArray, probabilities: FloatArray, sizes: Sequence[int]) -> FloatArray:
    return np.broadcast_to(probabilities @ to_go, to_go.shape)


def _exact_critic(to_go: FloatArray, probabilities: FloatArray, sizes: Sequence[int]) -> FloatArray:
    return conditional_means(to_go, probabilities, sizes)


CRITICS: Final[dict[str, Critic]] = {"none": _no_critic, "mean": _mean_critic, "exact": _exact_critic}
"""Name to critic: reward-to-go (N, T), probabilities (N,) and sizes to the values (N, T) of the states before
each word. 0; the mean reward-to-go of the position; and what the prefix lets expect of it."""


def gae(rewards: FloatArray, values: FloatArray, lam: float) -> FloatArray:
    """Returns the advantages A_t = sum over k >= t of lam^(k - t) delta_k, delta_k = r_k + V_{k+1} - V_k.

    Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438, equation 16) with discount 1;
    the response ends after word T, so that V there is 0.

    Args:
        rewards: float64 (N, T).
        values: float64 (N, T), V of the state before each word.
        lam: lambda, in [0, 1].

    Returns:
        float64 (N, T).
    """
    following = np.zeros_like(rewards)
    following[:, :-1] = values[:, 1:]
    advantages = rewards + following - values
    for t in range(rewards.shape[1] - 2, -1, -1):
        advantages[:, t] += lam * advantages[:, t + 1]
    return advantages


def expected_gradient(rollouts: Rollouts, advantages: FloatArray) -> FloatArray:
    """Returns E[sum_t A_t g_t], float64 (V + 1, V): the expected policy gradient.

    Args:
        rollouts: All responses of the policy.
        advantages: float64 (N, T).
    """
    policy, probabilities, _ = rollouts
    size, length = policy.shape[1], advantages.shape[1]
    weights = probabilities[:, None] * advantages  # (N, T)
    sums = np.zeros_like(policy)
    sums[size] = weights[:, 0].reshape(size, -1).sum(axis=1)
    for t in range(1, length):
        sums[:size] += weights[:, t].reshape(-1, size, size, size ** (length - 1 - t)).sum(axis=(0, 3))
    return sums - policy * sums.sum(axis=1, keepdims=True)


def true_gradient(rollouts: Rollouts, gains: FloatArray) -> FloatArray:
    """Returns the gradient of E[gain] = E[sum_t gain g_t] (Williams 1992), float64 (V + 1, V).

    Args:
        rollouts: All responses of the policy.
        gains: float64 (N,), the utility gain of each response.
    """
    length = rollouts.products.shape[1]
    return expected_gradient(rollouts, np.repeat(gains[:, None], length, axis=1))


def gradient_variance(rollouts: Rollouts, advantages: FloatArray) -> float:
    """Returns E[|G|^2] - |E[G]|^2 of G = sum_t A_t g_t from one response: the trace of its covariance.

    Args:
        rollouts: All responses of the policy.
        advantages: float64 (N, T).
    """
    applied = np.matmul(rollouts.products, advantages[:, :, None])[:, :, 0]  # (N, T)
    second = rollouts.probabilities @ (applied * advantages).sum(axis=1)
    return float(second - np.square(expected_gradient(rollouts, advantages)).sum())


def measure_credit(
    rollouts: Rollouts, rewards: FloatArray, gains: FloatArray, *, critic: str, lam: float
) -> Credit:
    """Returns cosine and noise of the gradient that a learner estimates from given rewards.

    Args:
        rollouts: All responses of the policy.
        rewards: float64 (N, T), of the design.
        gains: float64 (N,), what is to be raised.
        critic: A name in `CRITICS`; the critic predicts the design's own reward-to-go.
        lam: lambda of the advantages, in [0, 1].

    Raises:
        ValueError: If there is no such critic, lambda is outside [0, 1], or a gradient is zero and so has no
            direction.
    """
    if critic not in CRITICS or not 0.0 <= lam <= 1.0:
        raise ValueError(
            f"critic must be one of {', '.join(CRITICS)} and lam in [0, 1], got {critic!r} and {lam}"
        )
    sizes = (rollouts.policy.shape[1],) * rewards.shape[1]
    values = CRITICS[critic](reward_to_go(rewards), rollouts.probabilities, sizes)
    advantages = gae(rewards, values, lam)
    gradient, wanted = expected_gradient(rollouts, advantages), true_gradient(rollouts, gains)
    norm, length = float(np.linalg.norm(gradient)), float(np.linalg.norm(wanted))
    if min(norm, length) < _NO_GRADIENT:
        raise ValueError(
            f"rewards and gains must differ between responses: their gradients have norms {norm} and {length}"
        )
    cosine = float((gradient * wanted).sum()) / (norm * length)
    return Credit(cosine, gradient_variance(rollouts, advantages) / norm**2)


def _enumerate(sizes: Sequence[int]) -> IntArray:
    """Returns all choices in lexicographic order, int64 (N, T)."""
    return np.indices(sizes).reshape(len(sizes), -1).T

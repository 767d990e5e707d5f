"""Soft-optimal policy: the fixed point of a learner with reward-to-go and a KL penalty under given rewards.

Responses are listed as in `rlsf_gym.word_game.game`; the policy is free (one distribution for each prefix),
and the reference is uniform.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rlsf_gym.evidence import FloatArray
from rlsf_gym.word_game.gradient import reward_to_go

__all__ = ["SoftPolicy", "soft_optimal", "tune_beta"]

_STEPS = 200  # of the bisection, each of which halves an interval of log beta


class SoftPolicy(NamedTuple):
    """A distribution over responses."""

    probabilities: FloatArray
    """float64 (N,), of the responses."""
    kl: float
    """KL to the uniform reference, in nats per response."""


def soft_optimal(rewards: FloatArray, sizes: Sequence[int], *, beta: float) -> SoftPolicy:
    """Returns the policy that is best at every word for the reward-to-go less beta times the KL ahead.

    By backward induction over t: pi(y_t | y_{<t}) is in proportion to exp(Q_t / beta), with
    Q_t = E[sum_{k >= t} r_k - beta sum_{k > t} log(pi_k / uniform) | y_{<=t}] under the policy of the words
    behind t (soft value iteration: Ziebart 2010; Levine 2018, arXiv 1805.00909, section 2). Rewards of
    earlier words are not in Q_t, whether or not they depend on y_t: that is what reward-to-go means.

    Args:
        rewards: float64 (N, T).
        sizes: Number of words at each position, T of them.
        beta: Coefficient of the KL penalty, positive.

    Raises:
        ValueError: If beta is not positive.
    """
    if not beta > 0.0:
        raise ValueError(f"beta must be positive, got {beta}")
    to_go = reward_to_go(rewards)
    logs = np.zeros(len(rewards))  # log-probability of the words behind t
    ratios = np.zeros(len(rewards))  # the same, less that of the reference
    for t in reversed(range(len(sizes))):
        prefixes = math.prod(sizes[: t + 1])
        ahead = np.exp(logs) * (to_go[:, t] - beta * ratios)
        scaled = ahead.reshape(prefixes, -1).sum(axis=1).reshape(-1, sizes[t]) / beta  # Q_t / beta
        scaled -= scaled.max(axis=1, keepdims=True)
        chosen = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))  # log pi(y_t | y_{<t})
        step = chosen.ravel().repeat(len(rewards) // prefixes)  # (N,)
        logs = logs + step
        ratios = ratios + step + math.log(sizes[t])
    probabilities = np.exp(logs)
    return SoftPolicy(probabilities, float(probabilities @ ratios))


def tune_beta(rewards: FloatArray, sizes: Sequence[int], *, kl: float) -> float:
    """Returns the beta at which the soft-optimal policy is so far from the reference, by bisection.

    Args:
        rewards: float64 (N, T).
        sizes: Number of words at each position, T of them.
        kl: The distance, in nats per response.

    Raises:
        ValueError: If no beta from 1e-3 to 1e3 leads there.
    """
    low, high = math.log(1e-3), math.log(1e3)
    nearest, farthest = (soft_optimal(rewards, sizes, beta=math.exp(end)).kl for end in (high, low))
    if not nearest <= kl <= farthest:
        raise ValueError(f"kl must be from {nearest:.4g} to {farthest:.4g} for these rewards, got {kl}")
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        if soft_optimal(rewards, sizes, beta=math.exp(middle)).kl > kl:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2.0)

"""Critics of every quality for the word game, and what gradient estimates are worth under them.

Notation and lists of responses are those of `rlsf_gym.word_game.gradient`: N responses, T words, policies
that are bigrams. V* is what a prefix lets expect of a design's own reward-to-go, m its mean at the position.

`blend`, q V* + (1 - q) m, knows the share q of its own design's returns, and explains 1 - (1 - q)^2 of the
variance of V*. A critic that knows the same of `terminal`, less what the prefix was paid already, would make
every temporal difference of a causal and conserving design that of `terminal`: such rewards help as far as
what they tell is not known yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.word_game import Rollouts, expected_gradient, gae, true_gradient
from rlsf_gym.word_game.gradient import conditional_means, gradient_variance, reward_to_go

FloatArray = npt.NDArray[np.float64]


class Worth(NamedTuple):
    """What one response tells about the true gradient."""

    cosine: float
    """Of the expected estimate and the true gradient."""
    noise: float
    """Variance of the estimate from one response (trace) over the squared norm of its expectation: the batch
    size at which noise and signal are level (McCandlish et al. 2018, arXiv 1812.06162, equation 2.9)."""

    scale: float
    """Projection of the expected estimate on the true gradient, over the length of the latter: what a small
    step gains, that on the true gradient being 1."""

    def progress(self, batch_size: float) -> float:
        """Returns how far the best step on a batch gets, the best step on the true gradient being 1.

        cosine^2 / (1 + noise / batch size): where the objective is curved alike in all directions (the same
        paper, equation 2.7, with a biased estimate).
        """
        return self.cosine**2 / (1.0 + self.noise / batch_size)


def exact_values(rewards: FloatArray, probabilities: FloatArray, sizes: Sequence[int]) -> FloatArray:
    """Returns V*, float64 (N, T): what y_{<t} lets expect of the reward-to-go."""
    return conditional_means(reward_to_go(rewards), probabilities, sizes)


def blend(values: FloatArray, probabilities: FloatArray, quality: float) -> FloatArray:
    """Returns q V* + (1 - q) m, float64 (N, T).

    Args:
        values: V*, float64 (N, T).
        probabilities: float64 (N,), of the responses.
        quality: q, from 0 (the mean of the position) to 1 (exact).
    """
    return quality * values + (1.0 - quality) * (probabilities @ values)


def explained_share(wanted: FloatArray, values: FloatArray, probabilities: FloatArray) -> float:
    """Returns 1 - E|wanted - values|^2 / E|wanted - its mean at the position|^2, over all positions.

    With V* as what is wanted: the share that is explained of what can be known, 1 for the exact critic. With
    the reward-to-go: of all there is, which no critic explains in full. 1 where nothing varies.

    Args:
        wanted: float64 (N, T).
        values: float64 (N, T), of a critic.
        probabilities: float64 (N,), of the responses.
    """
    spread = float((probabilities @ np.square(wanted - probabilities @ wanted)).sum())
    left = float((probabilities @ np.square(wanted - values)).sum())
    return 1.0 if spread == 0.0 else 1.0 - left / spread


def measure_worth(
    rollouts: Rollouts, gains: FloatArray, rewards: FloatArray, values: FloatArray, *, lam: float
) -> Worth:
    """Returns cosine and noise of the gradient estimated with the advantages of given rewards and values.

    Args:
        rollouts: All responses of the policy.
        gains: float64 (N,), what is to be raised.
        rewards: float64 (N, T), of the design.
        values: float64 (N, T), of the critic.
        lam: lambda of the advantages, in [0, 1].

    Raises:
        ValueError: If a gradient is zero.
    """
    advantages = gae(rewards, values, lam)
    found, wanted = expected_gradient(rollouts, advantages), true_gradient(rollouts, gains)
    norms = float(np.linalg.norm(found)), float(np.linalg.norm(wanted))
    if min(norms) < 1e-12:
        raise ValueError(
            f"rewards and gains must differ between responses: their gradients have norms {norms}"
        )
    product = float((found * wanted).sum())
    return Worth(
        cosine=product / (norms[0] * norms[1]),
        noise=gradient_variance(rollouts, advantages) / norms[0] ** 2,
        scale=product / norms[1] ** 2,
    )

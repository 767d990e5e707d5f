"""Designs that know the utility of every prefix.

Phi(s_0) is the utility of the prompt and Phi(s_t) the utility that is known after token t; at the last real
token that is the utility of prompt + response.
"""

from __future__ import annotations

import numpy as np

from rlsf_gym.evidence import Evidence, FloatArray


def potential(evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
    """Returns differences of the prefix utility: r_t = Phi(s_t) - Phi(s_{t-1}).

    Causal and conserving, hence potential-based shaping (Ng, Harada and Russell 1999) of the terminal
    reward with discount 1: it leaves the optimal policy alone. Bounded; every prefix is scored.

    Args:
        evidence: What is known of the response, `prefix_utilities` included.
        rng: Not drawn from.

    Returns:
        float64 (T,).
    """
    steps = evidence.prefix_utilities.copy()  # (T,) float64
    steps[1:] -= evidence.prefix_utilities[:-1]
    steps[0] -= evidence.prompt_utility
    steps[evidence.length :] = 0.0
    return steps


def shuffled(evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
    """Returns the values of `potential` in a random order over the real tokens.

    The placebo: the same rewards, as dense and as spread, on the wrong tokens. Conserving and bounded, not
    causal; every prefix is scored.

    Args:
        evidence: What is known of the response, `prefix_utilities` included.
        rng: Draws the permutation.

    Returns:
        float64 (T,).
    """
    rewards = potential(evidence, rng=rng)
    rewards[evidence.mask] = rng.permutation(rewards[evidence.mask])
    return rewards

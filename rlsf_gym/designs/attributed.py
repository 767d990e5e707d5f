"""Designs that share the gain out as a neural scorer's own attributions have it."""

from __future__ import annotations

import numpy as np

from rlsf_gym.certificates.certificate import utility_slope
from rlsf_gym.designs.units import conserve
from rlsf_gym.evidence import Evidence, FloatArray

__all__ = ["attention", "gradient"]


def attention(evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
    """Returns the gain in proportion to the scorer's attention: r_t = alpha_t (u(xy) - u(x)).

    alpha is the attention that the scorer's last layer pays to the response from where it decides, the mean
    over heads, adding up to 1: attention-based credit with beta = 1 (Chan et al. 2024, arXiv 2402.00782).
    `mixed(design="attention", beta=0.8)` is the published mixture. A response that the scorer reads nothing
    of is paid on its last token. Conserving and bounded, not causal; one text.

    Args:
        evidence: What is known of the response, with attributions by "attention".
        rng: Not drawn from.

    Returns:
        float64 (T,).
    """
    return conserve(evidence, evidence.gain * evidence.hindsight.attributions("attention"))


def gradient(evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
    """Returns integrated gradients of the score, times the slope of the utility, made to conserve.

    Integrated gradients (Sundararajan, Taly and Yan 2017, arXiv 1703.01365) run from the response without its
    tokens to the response and add up to the difference of these two scores. What is left of the gain, the
    baseline's distance from the prompt's score and the error of the integral, is shared out in proportion to
    their absolute values. Conserving, neither causal nor bounded; one text, and one backward pass a step.

    Args:
        evidence: What is known of the response, with attributions by "gradient".
        rng: Not drawn from.

    Returns:
        float64 (T,).
    """
    before, after = (evidence.prompt_score, evidence.prompt_utility), (evidence.score, evidence.utility)
    slope = utility_slope(before, after, evidence.slope)
    return conserve(evidence, slope * evidence.hindsight.attributions("gradient"))

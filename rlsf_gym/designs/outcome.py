"""Designs that know the whole response's score alone.

T' is the number of real tokens, u(x) and u(xy) the utilities of the prompt and of prompt + response.
"""

from __future__ import annotations

import numpy as np

from rlsf_gym.designs.stepwise import Stepwise, Transition
from rlsf_gym.evidence import Evidence, FloatArray


@Stepwise
def terminal(step: Transition) -> FloatArray:
    """Returns the whole gain on the last token: r_T' = u(xy) - u(x), and 0 before.

    The usual scalar reward of learning from feedback, as a vector. Causal, conserving, bounded; one text to
    score.

    Args:
        step: What is known around the tokens.

    Returns:
        float64, in the shape of the steps.
    """
    is_last, utility = step.ending()
    return np.where(is_last, utility - step.prompt, 0.0)


def uniform(evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
    """Returns equal shares of the gain: r_t = (u(xy) - u(x)) / T'.

    Controls for density: as many rewards as tokens, and no word of who earned them. Conserving and bounded;
    not causal, since every share depends on the tokens to come. One text to score. Source: the uniform
    baseline of Chan et al. 2024 (arXiv 2402.00782).

    Args:
        evidence: What is known of the response.
        rng: Not drawn from.

    Returns:
        float64 (T,).
    """
    return np.where(evidence.mask, evidence.gain / max(evidence.length, 1), 0.0)


def broadcast(evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
    """Returns the full score on every token: r_t = s(xy).

    Bounded, and nothing else: the return is T' s(xy), so that length is paid (or fined) as much as feeling,
    and every token's reward depends on the tokens to come. One text to score. Lays the score, not the
    utility gain.

    Args:
        evidence: What is known of the response.
        rng: Not drawn from.

    Returns:
        float64 (T,).
    """
    return np.where(evidence.mask, evidence.score, 0.0)


def seed_legacy(evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
    """Returns r_t = s(xy) if s(xy) > 0.5, else 1 - s(xy), on every token.

    The exact formula this project began with, kept as a negative control; do not train with it. It took the
    score for a probability and meant "sure of either sign". On a score in [-1, 1] it pays negative text
    better than positive text of the same strength:

    | score | pays | the opposite score pays |
    | --- | --- | --- |
    | -1.0 | 2.0 | 1.0 |
    | -0.6 | 1.6 | 0.6 |
    | -0.3 | 1.3 | 0.7 |
    | 0.0 | 1.0 | 1.0 |

    Text of score -a earns 1 + a a token; text of score +a earns 1 - a up to a = 0.5, and only a beyond: any
    negative text earns more than any positive one. It is never below 0.5, so each further token pays as well.
    Bounded, neither causal nor conserving; one text to score.

    Args:
        evidence: What is known of the response.
        rng: Not drawn from.

    Returns:
        float64 (T,).
    """
    reward = evidence.score if evidence.score > 0.5 else 1.0 - evidence.score
    return np.where(evidence.mask, reward, 0.0)

"""A design that pays for answers that are nearly right."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from rlsf_gym.designs.design import Design
from rlsf_gym.evidence import Evidence, FloatArray

__all__ = ["partial_credit", "partial_credit_design"]

_WEIGHT = 0.1  # of all credits together, where no weights are given


def partial_credit(
    evidence: Evidence, *, rng: np.random.Generator, weights: Mapping[str, float] | None = None
) -> FloatArray:
    """Returns utility and partial credits on the last token: r_T' = u(xy) + sum over k of w_k c_k(xy).

    What recipes in use pay to a model that is hardly ever right: for the form, for using the right numbers,
    for coming near. TinyZero pays 0.1 for a well-formed equation and 1 for a right one
    (github.com/Jiayi-Pan/TinyZero, countdown.py). A credit can be had without ever being right, so the best
    policy may be another: not conserving. Causal, as only the last token is paid, and bounded; one text.

    Args:
        evidence: What is known of the response, with partial credits.
        rng: Not drawn from.
        weights: Name of a credit to its weight; those that are not named count nothing. Absolute values add
            up to 1 at most. By default 0.1, in equal parts for all credits.

    Returns:
        float64 (T,).
    """
    rewards = np.zeros(evidence.mask.shape)
    if not evidence.length:
        return rewards
    credits = evidence.hindsight.partial_credits()
    chosen = dict.fromkeys(credits, _WEIGHT / len(credits)) if weights is None else weights
    unknown = [name for name in chosen if name not in credits]
    if unknown:
        raise ValueError(
            f"weights of reward design 'partial_credit' must be for some of {', '.join(credits)}, got "
            f"{unknown[0]!r}"
        )
    earned = sum(weight * credits[name] for name, weight in chosen.items())
    rewards[evidence.length - 1] = evidence.utility + earned
    return rewards


def partial_credit_design(weights: Mapping[str, float] | None = None) -> Design:
    """Returns the design `partial_credit` with these weights.

    Raises:
        ValueError: If their absolute values add up to more than 1.
    """
    total = 0.0 if weights is None else sum(map(abs, weights.values()))
    if not total <= 1.0:
        raise ValueError(f"weights must have absolute values that add up to at most 1, got {weights!r}")
    return Design(
        "partial_credit",
        partial(partial_credit, weights=weights),
        causal=True,
        bounded=True,
        needs="partial_credits",
        rests_on="the partial credits that the scorer gives",
        variant=partial_credit_design,
    )

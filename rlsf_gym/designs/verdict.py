"""Designs that ask after which token no right answer is possible any more.

They need a scorer with a verdict, whose value of a prefix is 0 where no right answer can follow. The fatal
token is the first one with which it is.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from rlsf_gym.designs.design import Design, every_prefix
from rlsf_gym.designs.stepwise import Transition, stepwise
from rlsf_gym.designs.units import completing_tokens
from rlsf_gym.evidence import Evidence, FloatArray

__all__ = ["first_error", "first_error_design", "indicator", "indicator_design"]


@stepwise(draws=False)
def first_error(step: Transition) -> FloatArray:
    """Returns the whole gain on the fatal token: r_t = Phi(s_t) - u(x) [t is fatal, or the last one].

    Only the first error pays, and where there is none, the last token gets the gain. What follows an error
    earns nothing, and neither does what is right before it: the labels of process reward models, of which
    each solution has them up to its first error (Lightman et al. 2023, arXiv 2305.20050; Uesato et al. 2022,
    arXiv 2211.14275), with a proof in the place of a labeller. What is lost has a utility that is known with
    the fatal token, so it is causal; it is conserving and bounded. Every prefix is scored.

    Args:
        step: What is known around the tokens.

    Returns:
        float64, in the shape of the steps.
    """
    was_alive, is_alive = step.alive()
    _, after = step.known()
    return np.where(was_alive & (~is_alive | step.is_last), after - step.prompt, 0.0)


def first_error_design() -> Design:
    """Returns the design `first_error`."""
    return Design(
        "first_error",
        first_error,
        causal=True,
        conserving=True,
        bounded=True,
        cost=every_prefix,
        uses_prefixes=True,
        needs="verdict",
    )


def indicator(evidence: Evidence, *, rng: np.random.Generator, scale: float = 1.0) -> FloatArray:
    """Returns scale on the last token of each step after which a right answer is possible, -scale on others.

    r_t = scale (2 [a right answer is possible after t] - 1) for the token that completed the last unit of a
    group (a step, a cell, a claim), 0 for all others; a token that completed several groups is paid once.
    That is what a process reward model of steps pays whose labels are exact (Wang et al. 2024, Math-Shepherd,
    arXiv 2312.08935). Not conserving: its return grows with the number of steps, so that a long detour which
    stays possible beats a short right answer, and giving up early beats an error followed by more. Not
    causal: where a step ends is seen by what comes next. Bounded; every prefix is scored.

    Args:
        evidence: What is known of the response, with its hindsight.
        rng: Not drawn from.
        scale: What a step is paid, in (0, 2].

    Returns:
        float64 (T,).
    """
    rewards = np.zeros(evidence.mask.shape)
    groups = evidence.hindsight.groups()  # (K,)
    if not len(groups):
        return rewards
    is_final = np.append(groups[1:] != groups[:-1], True)
    tokens = completing_tokens(evidence, evidence.hindsight.unit_ends()[is_final])
    rewards[tokens] = np.where(evidence.hindsight.alive()[tokens], scale, -scale)
    return rewards


def indicator_design(scale: float = 1.0) -> Design:
    """Returns the design `indicator` with this scale.

    Raises:
        ValueError: If it is out of its range.
    """
    if not 0.0 < scale <= 2.0:
        raise ValueError(f"scale must be in (0, 2], got {scale!r}")
    return Design(
        "indicator",
        partial(indicator, scale=scale),
        bounded=True,
        cost=every_prefix,
        uses_prefixes=True,
        needs="verdict",
        rests_on="the division of the response into steps",
        variant=indicator_design,
    )

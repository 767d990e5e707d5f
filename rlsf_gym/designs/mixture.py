"""A mixture of a dense design and the terminal reward."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from rlsf_gym.designs.design import Design, find_step
from rlsf_gym.designs.outcome import terminal
from rlsf_gym.designs.stepwise import Step, Stepwise, Transition
from rlsf_gym.evidence import Evidence, FloatArray

__all__ = ["mix", "mixed"]


def mixed(evidence: Evidence, *, rng: np.random.Generator, dense: Design, beta: float) -> FloatArray:
    """Returns r_t = beta d_t + (1 - beta) (u(xy) - u(x)) [t is the last token], d the dense design's reward.

    One knob from the scalar standard (0) to the dense design (1), as Chan et al. 2024 (arXiv 2402.00782) mix
    attention with the terminal reward. It has the properties that the dense design has.

    Args:
        evidence: What is known of the response.
        rng: For the dense design.
        dense: A conserving design.
        beta: Its share, in [0, 1].

    Returns:
        float64 (T,).
    """
    return beta * dense(evidence, rng=rng) + (1.0 - beta) * terminal(evidence, rng=rng)


def mixed_step(step: Transition, *, dense: Step, beta: float) -> FloatArray:
    """Returns r_t = beta d_t + (1 - beta) (u(xy) - u(x)) [t is the last token], d the dense design's reward.

    It is `mixed` where the dense design is stepwise: then the mixture is stepwise, too, and every candidate's
    reward is known.

    Args:
        step: What is known around the tokens.
        dense: A conserving design's step.
        beta: Its share, in [0, 1].

    Returns:
        float64, in the shape of the steps.
    """
    return beta * dense.of.function(step, **dense.kwargs) + (1.0 - beta) * terminal.function(step)


def mix(dense: Design, beta: float, variant: Callable[..., Design]) -> Design:
    """Returns the mixture as a design, declaring what the dense one declares.

    Args:
        dense: A conserving design.
        beta: Its share, in [0, 1].
        variant: The mixture for other arguments.

    Raises:
        ValueError: If the dense design does not conserve, or beta is out of its range.
    """
    if not dense.conserving:
        raise ValueError(
            f"mixed needs a conserving design, as its parts must pay the same sum, got {dense.name!r}"
        )
    if not 0.0 <= beta <= 1.0:
        raise ValueError(f"beta must be in [0, 1], got {beta!r}")
    step = find_step(dense)
    if step is None:
        function: Callable[..., FloatArray] = partial(mixed, dense=dense, beta=beta)
    else:
        function = partial(Stepwise(mixed_step, step.draws), dense=step, beta=beta)
    return Design(
        "mixed",
        function,
        causal=dense.causal,
        conserving=True,
        bounded=dense.bounded,
        cost=dense.cost,
        uses_prefixes=dense.uses_prefixes,
        needs=dense.needs,
        rests_on=f"its parts: {dense.rests_on or 'text and certificate'}",
        draws=dense.draws,
        variant=variant,
    )

"""A design that divides the blame for a contradiction among the units that make it."""

from __future__ import annotations

import numpy as np

from rlsf_gym.designs.units import completing_tokens
from rlsf_gym.evidence import Evidence, FloatArray

__all__ = ["unsat_core"]


def unsat_core(evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
    """Returns the gain in equal parts on the units that contradict each other: r_t = n_t (u(xy) - u(x)) / K.

    n_t of the K spans of the core were completed by token t. A core is a set of units that can't all stand,
    while any of them could be left out (minimal unsatisfiable subsets, Liffiton and Sakallah 2008): the last
    one of them is where it showed, each of them could have been otherwise. With hindsight, hence not
    causal; conserving and bounded. One text. Without a core (a right answer, one that was broken off or is
    badly written) the last token gets the gain, as under `terminal`.

    Args:
        evidence: What is known of the response, with a core.
        rng: Not drawn from.

    Returns:
        float64 (T,).
    """
    rewards = np.zeros(evidence.mask.shape)
    if not evidence.length:
        return rewards
    core = evidence.hindsight.core()  # (K, 2)
    if not len(core):
        rewards[evidence.length - 1] = evidence.gain
        return rewards
    np.add.at(rewards, completing_tokens(evidence, core[:, 1]), evidence.gain / len(core))
    return rewards

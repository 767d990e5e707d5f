"""Designs that pay differences over prefixes.

Phi(s_0) is the utility of the prompt and Phi(s_t) the utility that is known after token t; at the last real
token that is the utility of prompt + response.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np

from rlsf_gym.designs.design import Design, every_prefix
from rlsf_gym.designs.stepwise import Stepwise, Transition, stepwise
from rlsf_gym.evidence import Evidence, FloatArray

TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Upper edges of bins where nothing is known of the sizes of rewards."""
_ROUNDING = 1e-12
"""What a token earns at least, unless it earns nothing: a sum that is added up another way has other last
bits, as Python's own `sum` has from 3.12 on."""


@Stepwise
def potential(step: Transition) -> FloatArray:
    """Returns differences of the prefix utility: r_t = Phi(s_t) - Phi(s_{t-1}).

    Causal and conserving, hence potential-based shaping (Ng, Harada and Russell 1999) of the terminal
    reward with discount 1: it leaves the optimal policy alone. Bounded; every prefix is scored.

    Args:
        step: What is known around the tokens.

    Returns:
        float64, in the shape of the steps.
    """
    before, after = step.known()
    return after - before


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


def delayed(evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
    """Returns the values of `potential`, each at a random later token: r_t = sum over D_k = t of p_k.

    p_k = Phi(s_k) - Phi(s_{k-1}), and D_k is drawn evenly from the positions behind k, of all T that a
    response may have; where it is behind the last real token, that token is paid. What the last token earns
    stays there.

    The causal placebo: the same rewards, none before the token that earned it, so that with lambda 1 the
    policy gradient is that of `potential` in expectation. It differs from `shuffled` in this alone, and so
    tells delay from displacement. Draws know nothing of the length: what lands on a token rests on the tokens
    up to it, and the last one takes what is left, as under `terminal`. Causal and conserving; not bounded, as
    several rewards may land on one token; every prefix is scored.

    Args:
        evidence: What is known of the response, `prefix_utilities` included.
        rng: Draws a number for each of T positions.

    Returns:
        float64 (T,).
    """
    rewards = potential(evidence, rng=rng)
    size = rewards.size
    at = np.arange(size)
    landing = at + 1 + (rng.random(size) * (size - 1 - at)).astype(np.int64)
    late = np.zeros(size)
    np.add.at(late, np.minimum(landing, max(evidence.length - 1, 0)), rewards)
    return late


@stepwise(draws=True)
def quantised_potential(
    step: Transition, *, edges: Sequence[float] = TENTHS, noise: float = 0.05
) -> FloatArray:
    """Returns the rewards of `potential`, rounded to the middle of their bin, with noise.

    First quantise, then add noise, so that the policy does not fit the scorer's last digit: after TOLE (Li et
    al. 2024, arXiv 2403.11558), whose bins are quantiles of the rewards at hand. Here the bins are fixed, so
    that a token's reward depends on nothing but its prefix: abs(r_t) falls between two of 0 and the edges and
    becomes their mean, or the last edge beyond it; a uniform number in [-noise, noise] is added. No reward
    stays none, as does one below 1e-12, which rounding alone made. Causal and bounded, conserving only
    roughly; every prefix is scored.

    Args:
        step: What is known around the tokens, with a number drawn for each of T positions.
        edges: Upper edges of the bins, increasing, in (0, 2 - noise]. An environment takes those of its
            domain where none are given.
        noise: Largest absolute value of the noise, in [0, 2).

    Returns:
        float64, in the shape of the steps.
    """
    before, after = step.known()
    rewards = after - before
    upper, values = _make_bins(tuple(edges))
    sizes = values[upper.searchsorted(np.abs(rewards))]
    assert step.drawn is not None
    drawn = -noise + 2.0 * noise * step.drawn
    return np.where(np.abs(rewards) < _ROUNDING, 0.0, np.sign(rewards) * sizes + drawn)


@lru_cache(maxsize=16)
def _make_bins(edges: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    """Returns the upper edges of K bins, float64 (K,), and what stands for each and for more, (K + 1,)."""
    borders = np.array([0.0, *edges])
    values = np.append((borders[1:] + borders[:-1]) / 2.0, borders[-1])
    borders.setflags(write=False)
    values.setflags(write=False)
    return borders[1:], values


def quantised_potential_design(edges: Sequence[float] = TENTHS, noise: float = 0.05) -> Design:
    """Returns the design `quantised_potential` with these bins.

    Raises:
        ValueError: If an argument is out of its range.
    """
    if not 0.0 <= noise < 2.0:
        raise ValueError(f"noise must be in [0, 2), got {noise!r}")
    borders = np.array([0.0, *edges])
    if len(borders) < 2 or (np.diff(borders) <= 0.0).any() or borders[-1] > 2.0 - noise:
        raise ValueError(f"edges must increase within (0, {2.0 - noise}], got {edges!r}")
    return Design(
        "quantised_potential",
        partial(quantised_potential, edges=tuple(edges), noise=noise),
        causal=True,
        bounded=True,
        cost=every_prefix,
        uses_prefixes=True,
        rests_on="the rewards of `potential`, and a draw of noise",
        draws=True,
        variant=quantised_potential_design,
    )


def lexicon(evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
    """Returns what each unit is worth by itself: r_t = sum over the units that t completes of u(l) - u(0).

    l is the lexicon's score of the unit in [-1, 1] (of a word, its valence divided by 4), 0 for one outside
    the lexicon. No rule applies: "not good" earns what "good" does. It shows what the rules are for. Causal,
    neither conserving nor bounded (a token may hold several units); one text.

    Args:
        evidence: What is known of the response, with attributions by "lexicon".
        rng: Not drawn from.

    Returns:
        float64 (T,).
    """
    worth = evidence.hindsight.attributions("lexicon").copy()
    worth[evidence.length :] = 0.0
    return worth

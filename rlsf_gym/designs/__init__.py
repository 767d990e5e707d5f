"""Reward designs: how the utility of a response is assigned to its tokens, with declared properties.

A design is a function `design(evidence, *, rng, **kwargs) -> float64 (T,)`, zero where the mask is zero.
What it declares is enforced by property tests over the whole table, and what it does not declare is shown
there to fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from rlsf_gym.arguments import ArgumentError, did_you_mean
from rlsf_gym.designs.attributed import attention, gradient
from rlsf_gym.designs.coalitions import leave_one_out_design, shapley_design
from rlsf_gym.designs.core import unsat_core
from rlsf_gym.designs.credits import partial_credit_design
from rlsf_gym.designs.design import Design, every_prefix, find_step, one_text
from rlsf_gym.designs.mixture import mix
from rlsf_gym.designs.outcome import broadcast, seed_legacy, terminal, uniform
from rlsf_gym.designs.prefix import (
    delayed,
    lexicon,
    potential,
    quantised_potential_design,
    shuffled,
)
from rlsf_gym.designs.rules import rlsf_mask_design, rule_certificate_design
from rlsf_gym.designs.stepwise import Step, Stepwise, Transition, stepwise
from rlsf_gym.designs.verdict import first_error_design, indicator_design
from rlsf_gym.evidence import FloatArray
from rlsf_gym.registry import Table

__all__ = [
    "DESIGNS",
    "Design",
    "Step",
    "Stepwise",
    "Transition",
    "every_prefix",
    "find_step",
    "load_design",
    "one_text",
    "register_design",
    "stepwise",
]


def _mixed(design: Any = "potential", beta: float = 0.8, **kwargs: Any) -> Design:
    """Returns the design `mixed` of another design.

    Args:
        design: The dense design: a name, a `Design` or `"module:attribute"`; a conserving one.
        beta: Its share, in [0, 1].
        **kwargs: Arguments of that design.
    """
    try:
        part = load_design(design, **kwargs)
    except ArgumentError as error:
        guess = "".join(did_you_mean(key, ("design", "beta")) for key in kwargs)
        start = "reward design 'mixed' takes (design, beta) and hands on the rest: " if kwargs else ""
        raise ArgumentError(start, *error.parts, guess) from error
    return mix(part, beta, _mixed)


_POTENTIAL = Design(
    "potential",
    potential,
    causal=True,
    conserving=True,
    bounded=True,
    cost=every_prefix,
    uses_prefixes=True,
)

DESIGNS = Table(
    "reward design",
    {
        "terminal": Design("terminal", terminal, causal=True, conserving=True, bounded=True),
        "potential": _POTENTIAL,
        "mixed": mix(_POTENTIAL, 0.8, _mixed),
        "quantised_potential": quantised_potential_design(),
        "rule_certificate": rule_certificate_design(),
        "shapley": shapley_design(),
        "leave_one_out": leave_one_out_design(),
        "attention": Design(
            "attention",
            attention,
            conserving=True,
            bounded=True,
            needs="attention",
            rests_on="the attention weights of the scorer's model",
        ),
        "gradient": Design(
            "gradient",
            gradient,
            conserving=True,
            needs="gradient",
            rests_on="the gradients of the scorer's model",
        ),
        "uniform": Design("uniform", uniform, conserving=True, bounded=True),
        "shuffled": Design(
            "shuffled",
            shuffled,
            conserving=True,
            bounded=True,
            cost=every_prefix,
            uses_prefixes=True,
            rests_on="the rewards of `potential`, and a draw of an order",
            draws=True,
        ),
        "delayed": Design(
            "delayed",
            delayed,
            causal=True,
            conserving=True,
            cost=every_prefix,
            uses_prefixes=True,
            rests_on="the rewards of `potential`, and a draw of later tokens",
            draws=True,
        ),
        "lexicon": Design("lexicon", lexicon, causal=True, needs="lexicon"),
        "rlsf_mask": rlsf_mask_design(),
        "first_error": first_error_design(),
        "indicator": indicator_design(),
        "partial_credit": partial_credit_design(),
        "unsat_core": Design(
            "unsat_core",
            unsat_core,
            conserving=True,
            bounded=True,
            needs="core",
            rests_on="the units that the scorer blames together",
        ),
        "broadcast": Design("broadcast", broadcast, bounded=True),
        "seed_legacy": Design("seed_legacy", seed_legacy, bounded=True),
    },
)
"""Table of reward designs by name."""


def register_design(name: str, design: Design | Callable[..., FloatArray]) -> None:
    """Makes `reward_design=name` stand for `design`; a plain function declares nothing.

    Raises:
        ValueError: If the name is taken, or `design` is not callable.
    """
    loaded = load_design(design)
    DESIGNS.register(name, loaded if loaded is design else replace(loaded, name=name))


def load_design(spec: Any, **kwargs: Any) -> Design:
    """Returns the reward design that `spec` stands for, with its arguments.

    Args:
        spec: A name of `DESIGNS`, a `Design`, a plain function (which then declares nothing and gets no
            prefixes), or `"module:attribute"` for one of these.
        **kwargs: Arguments of the design, which may change what it declares.

    Raises:
        ValueError: If the name is unknown, the object is not callable, or it does not take the arguments.

    Example:
        >>> load_design("leave_one_out", conserving=True).conserving
        True
    """
    part = DESIGNS.load(spec)
    if isinstance(part, Design):
        return part.bind(kwargs)
    if not callable(part) or isinstance(part, type):
        raise ValueError(f"reward design must be a name, a Design or a function of Evidence, got {part!r}")
    function = cast(Callable[..., FloatArray], part)
    return Design(getattr(function, "__name__", type(function).__name__), function).bind(kwargs)

"""Reward designs: how the utility of a response is laid onto its tokens, with declared properties.

A design is a function `design(evidence, *, rng, **kwargs) -> float64 (T,)`, zero where the mask is zero.
What it declares is enforced by property tests over the whole table, and what it does not declare is shown
there to fail.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from rlsf_gym.designs.outcome import broadcast, seed_legacy, terminal, uniform
from rlsf_gym.designs.prefix import potential, shuffled
from rlsf_gym.evidence import Evidence, FloatArray
from rlsf_gym.resolve import register, resolve


def one_text(length: int) -> int:
    """Returns 1: the cost of a design that needs the score of the whole response only."""
    return 1


def every_prefix(length: int) -> int:
    """Returns `length`: the cost of a design that needs the score after each token."""
    return length


@dataclass(frozen=True)
class Design:
    """A reward function with what it declares about itself."""

    name: str
    """Shown in `info["reward_design"]`."""
    function: Callable[..., FloatArray]
    """`function(evidence, *, rng, **kwargs) -> float64 (T,)`, zero where the mask is zero."""
    causal: bool = False
    """A token's reward depends on the tokens up to it, and on whether it is the last one."""
    conserving: bool = False
    """The token rewards add up to utility(prompt + response) - utility(prompt)."""
    bounded: bool = False
    """`abs(r_t) <= 2` for any text, given a bounded scorer and one of the four objectives."""
    cost: Callable[[int], int] = one_text
    """Number of texts to score for a response of so many tokens; the prompt's score is kept."""
    uses_prefixes: bool = False
    """Whether `evidence.prefix_utilities` must be computed."""

    def __call__(self, evidence: Evidence, *, rng: np.random.Generator, **kwargs: Any) -> FloatArray:
        """Returns the token rewards, float64 (T,)."""
        return self.function(evidence, rng=rng, **kwargs)

    def check_kwargs(self, kwargs: dict[str, Any]) -> None:
        """Raises ValueError if the function does not take `kwargs`."""
        try:
            inspect.signature(self.function).bind(None, rng=None, **kwargs)
        except TypeError as mismatch:
            raise ValueError(
                f"reward design {self.name!r} does not take reward_design_kwargs={kwargs}: {mismatch}"
            ) from mismatch


DESIGNS: dict[str, Design] = {
    "terminal": Design("terminal", terminal, causal=True, conserving=True, bounded=True),
    "uniform": Design("uniform", uniform, conserving=True, bounded=True),
    "potential": Design(
        "potential",
        potential,
        causal=True,
        conserving=True,
        bounded=True,
        cost=every_prefix,
        uses_prefixes=True,
    ),
    "shuffled": Design(
        "shuffled", shuffled, conserving=True, bounded=True, cost=every_prefix, uses_prefixes=True
    ),
    "broadcast": Design("broadcast", broadcast, bounded=True),
    "seed_legacy": Design("seed_legacy", seed_legacy, bounded=True),
}
"""Name to reward design."""


def register_design(name: str, design: Design | Callable[..., FloatArray]) -> None:
    """Makes `reward_design=name` stand for `design`; a plain function declares nothing.

    Raises:
        ValueError: If the name is taken, or `design` is not callable.
    """
    loaded = load_design(design)
    register("reward design", name, loaded if loaded is design else replace(loaded, name=name), DESIGNS)


def load_design(spec: Any) -> Design:
    """Returns the reward design that `spec` stands for.

    Args:
        spec: A name of `DESIGNS`, a `Design`, a plain function (which then declares nothing and gets no
            prefixes), or `"module:attribute"` for one of these.

    Raises:
        ValueError: If the name is unknown, or the object is not callable.

    Example:
        >>> load_design("potential").conserving
        True
    """
    part = resolve("reward design", spec, DESIGNS)
    if isinstance(part, Design):
        return part
    if not callable(part):
        raise ValueError(f"reward design must be a name, a Design or a function of Evidence, got {part!r}")
    function = cast(Callable[..., FloatArray], part)
    return Design(getattr(function, "__name__", type(function).__name__), function)

"""A reward design: a function of the evidence, with what it declares about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np

from rlsf_gym.arguments import Argument, ArgumentError, describe_mismatch
from rlsf_gym.designs.stepwise import Step, bind_step
from rlsf_gym.evidence import Evidence, FloatArray

__all__ = ["Design", "every_prefix", "find_step", "one_text"]


def one_text(length: int) -> int:
    """Returns 1: the cost of a design that needs the score of the whole response only."""
    return 1


def every_prefix(length: int) -> int:
    """Returns `length`: the cost of a design that needs the score after each token."""
    return length


@dataclass(frozen=True)
class Design:
    """A reward function with what it declares about itself.

    Raises:
        ValueError: If `needs` is not a string.
    """

    name: str
    """Name of the design, reported as `info["reward_design"]`."""
    function: Callable[..., FloatArray]
    """`function(evidence, *, rng, **kwargs) -> float64 (T,)`, zero where the mask is zero. A `Stepwise` one
    can also say what other tokens would earn."""
    causal: bool = False
    """A token's reward depends on the tokens up to it, and on whether it is the last one."""
    conserving: bool = False
    """The token rewards add up to utility(prompt + response) - utility(prompt)."""
    bounded: bool = False
    """`abs(r_t) <= 2` for any text, given a bounded scorer and one of the four objectives."""
    cost: Callable[[int], int] = one_text
    """Largest number of texts to score for a response of so many tokens; the prompt's score is kept."""
    uses_prefixes: bool = False
    """Whether prefixes must be valued, for `evidence.prefix_utilities` and `evidence.hindsight.alive()`."""
    needs: str = ""
    """What the scorer has to offer beyond scores, "" for nothing: "rules" in its certificates, a "verdict",
    "partial_credits", a "core", a "lexicon", a method of attribution, or whatever a scorer of one's own lists
    in `offers`."""
    rests_on: str = ""
    """What the rewards rest on beyond text and certificate; "" if a checker works them out from those."""
    draws: bool = False
    """Rewards depend on `rng`: what is declared holds in every draw, and a policy gradient in expectation."""
    variant: Callable[..., Design] | None = None
    """The design for other arguments, where what it declares depends on them."""

    def __post_init__(self) -> None:
        """Checks the need."""
        if not isinstance(cast(object, self.needs), str):
            raise ValueError(f"needs must be the name of what a scorer offers, got {self.needs!r}")

    def __call__(self, evidence: Evidence, *, rng: np.random.Generator) -> FloatArray:
        """Returns the token rewards, float64 (T,)."""
        return self.function(evidence, rng=rng)

    def bind(self, kwargs: Mapping[str, Any]) -> Design:
        """Returns the design with these arguments, declaring what holds under them.

        Raises:
            ValueError: If it does not take them.
        """
        if not kwargs:
            return self
        # Of a function, evidence and chance are filled in when it is called.
        takes, hidden = (self.variant, ()) if self.variant else (partial(self.function, None), ("rng",))
        mismatch = describe_mismatch(takes, kwargs, hidden=hidden)
        if mismatch is not None:
            name = Argument("reward_design_kwargs")
            raise ArgumentError(
                f"reward design {self.name!r} does not take ", name, f"={dict(kwargs)}: {mismatch}"
            )
        if self.variant is not None:
            return self.variant(**kwargs)
        return replace(self, function=partial(self.function, **kwargs))


def find_step(design: Design) -> Step | None:
    """Returns what a causal design pays tokens, by what is known around them alone.

    None for a design whose rewards depend on more, or that is not made of a `Stepwise` function: it has to be
    asked with all the evidence of a response.
    """
    is_plain = type(design) is Design  # a subclass may pay otherwise than its function says
    return bind_step(design.function) if design.causal and is_plain else None

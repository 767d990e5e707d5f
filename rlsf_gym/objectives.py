"""Objectives: what a score is worth.

An objective maps scores to utilities elementwise. The certificate's amounts and hindsight designs also need
its slope; where that does not exist (at a kink) it is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from rlsf_gym.registry import Table

FloatArray = npt.NDArray[np.float64]
Elementwise = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Objective:
    """A named map from scores to utilities, with its slope."""

    name: str
    """Name of the objective, for messages."""
    function: Elementwise
    """float64 scores of any shape to float64 utilities of the same shape."""
    slope: Elementwise
    """float64 scores of any shape to the derivative of `function` there, 0 where it has none."""

    def __call__(self, scores: npt.ArrayLike) -> FloatArray:
        """Returns the utilities of `scores`, in their shape.

        Raises:
            ValueError: If the function changes the shape or returns what is not finite.
        """
        array = np.asarray(scores, np.float64)
        utilities = np.asarray(self.function(array), np.float64)
        if utilities.shape != array.shape or not np.isfinite(utilities).all():
            raise ValueError(
                f"objective {self.name!r} must return finite values of shape {array.shape}, got {utilities}"
            )
        return utilities


def positive() -> Objective:
    """Returns the objective u = s: the more positive the text, the better.

    Example:
        >>> positive()([-0.5, 0.25]).tolist()
        [-0.5, 0.25]
    """
    return Objective("positive", np.positive, np.ones_like)


def negative() -> Objective:
    """Returns the objective u = -s: the more negative the text, the better.

    Example:
        >>> negative()([-0.5, 0.25]).tolist()
        [0.5, -0.25]
    """
    return Objective("negative", np.negative, _minus_one)


def strong() -> Objective:
    """Returns the objective u = abs(s): feeling of either sign counts.

    Example:
        >>> strong()([-0.5, 0.25]).tolist()
        [0.5, 0.25]
    """
    return Objective("strong", np.abs, np.sign)


def target(target: float = 0.0) -> Objective:
    """Returns the objective u = -abs(s - t): the closer the score is to the target, the better.

    Args:
        target: The score t to aim at, in [-1, 1].

    Raises:
        ValueError: If the target is outside [-1, 1].

    Example:
        >>> target(0.5)([-0.5, 0.25]).tolist()
        [-1.0, -0.25]
    """
    if not -1.0 <= target <= 1.0:
        raise ValueError(f"target must be in [-1, 1], got {target!r}")
    return Objective("target", partial(_closeness, target), partial(_towards, target))


def _minus_one(scores: FloatArray) -> FloatArray:
    return np.full_like(scores, -1.0)


def _closeness(goal: float, scores: FloatArray) -> FloatArray:
    return -np.abs(scores - goal)


def _towards(goal: float, scores: FloatArray) -> FloatArray:
    return np.sign(goal - scores)


def _central_difference(function: Elementwise, scores: FloatArray) -> FloatArray:
    """Slope of a plain function; a step of eps^(1/3) balances truncation against rounding."""
    step = 6e-6
    return (function(scores + step) - function(scores - step)) / (2 * step)


OBJECTIVES = Table(
    "objective", {"positive": positive, "negative": negative, "strong": strong, "target": target}
)
"""Name to a function that makes the objective from `objective_kwargs`."""


def register_objective(name: str, factory: Callable[..., Objective]) -> None:
    """Makes `objective=name` stand for `factory(**objective_kwargs)`.

    Raises:
        ValueError: If the name is taken.
    """
    OBJECTIVES.register(name, factory)


def load_objective(spec: Any, **kwargs: Any) -> Objective:
    """Returns the objective that `spec` stands for.

    Args:
        spec: A name of `OBJECTIVES`, an `Objective`, a function of float64 scores (its slope is then taken by
            central differences), or `"module:attribute"` for one of these. With arguments: a factory.
        **kwargs: Arguments of the factory.

    Raises:
        ValueError: If the name is unknown, the arguments do not fit, or the object is no objective.

    Example:
        >>> load_objective("target", target=0.5).name
        'target'
    """
    part = OBJECTIVES.load(spec)
    if kwargs or (isinstance(spec, str) and spec in OBJECTIVES):
        part = OBJECTIVES.bind(spec, part, kwargs)
    if isinstance(part, Objective):
        return part
    if not callable(part) or isinstance(part, type):
        raise ValueError(f"objective must be a name, an Objective or a function of scores, got {part!r}")
    function = cast(Elementwise, part)
    name = getattr(function, "__name__", type(function).__name__)
    return Objective(name, function, partial(_central_difference, function))

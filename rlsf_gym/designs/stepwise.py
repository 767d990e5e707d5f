"""Causal rewards that are stated by what one token is paid."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any, NamedTuple

import numpy as np

from rlsf_gym.arguments import signature_of
from rlsf_gym.evidence import BoolArray, Evidence, FloatArray

__all__ = ["Step", "Stepwise", "Transition", "bind_step", "stepwise"]


def _without_verdict() -> tuple[BoolArray, BoolArray]:
    """Refuses to say what is alive, where a scorer or a design has no say in it."""
    raise ValueError(
        "whether a right answer is possible is not known: declare needs='verdict' and uses_prefixes=True in "
        "the Design that asks, and take a scorer with a verdict"
    )


@dataclass(eq=False, kw_only=True, slots=True)
class Transition:
    """What is known around tokens, in arrays that broadcast to one shape."""

    prompt: FloatArray
    """Utility of the prompt."""
    known: Callable[[], tuple[FloatArray, FloatArray]]
    """Returns the utilities that are known before and after the token."""
    ending: Callable[[], tuple[BoolArray, FloatArray]]
    """Returns whether the response is over with the token, and where it is the utility of all of it."""
    drawn: FloatArray | None = None
    """A number in [0, 1), drawn for the position; None for a function that draws none."""
    alive: Callable[[], tuple[BoolArray, BoolArray]] = _without_verdict
    """Returns whether a right answer is possible before and after the token, of a scorer with a verdict."""

    @property
    def is_last(self) -> BoolArray:
        """Whether the response is over with the token."""
        return self.ending()[0]

    @property
    def utility(self) -> FloatArray:
        """Utility of prompt + response where the token is the last; of no meaning elsewhere."""
        return self.ending()[1]

    @property
    def before(self) -> FloatArray:
        """Utility that is known before the token; of the prompt, where it is the first.

        Raises:
            ValueError: If the design did not declare `uses_prefixes`.
        """
        return self.known()[0]

    @property
    def after(self) -> FloatArray:
        """Utility that is known with the token; of prompt + response, where it is the last.

        Raises:
            ValueError: If the design did not declare `uses_prefixes`.
        """
        return self.known()[1]


class Step(NamedTuple):
    """What tokens are paid, with all arguments bound."""

    of: Stepwise
    """The function by which they are."""
    kwargs: Mapping[str, Any]
    """Keyword arguments of the function, all of them bound."""

    @property
    def name(self) -> str:
        """Name of the function, for messages."""
        return str(getattr(self.of.function, "__name__", self.of.function))

    @property
    def draws(self) -> bool:
        """Whether a number is drawn for each position."""
        return self.of.draws

    def pays(self, transition: Transition, shape: tuple[int, ...] = ()) -> FloatArray:
        """Returns the rewards of tokens, float64, in the shape to which the transition broadcasts.

        Args:
            transition: What is known around the tokens.
            shape: That shape.

        Raises:
            ValueError: If the function returns rewards that do not broadcast to it.
        """
        told = self.of.function(transition, **self.kwargs)
        if not shape and isinstance(told, float):
            return told  # of one token
        paid = np.asarray(told, np.float64)
        if paid.shape == shape:
            return paid
        try:
            return np.broadcast_to(paid, shape)
        except ValueError as error:
            raise ValueError(
                f"a stepwise reward must be elementwise: {self.name} must return an array of shape "
                f"{shape}, got {paid.shape}"
            ) from error

    def draw(self, rngs: Sequence[np.random.Generator], size: int) -> FloatArray | None:
        """Returns a number for each of T positions of B responses, float64 (B, T), if the step draws."""
        return np.array([rng.random(size) for rng in rngs]) if self.draws else None

    def pay_rows(self, evidence: Sequence[Evidence], rngs: Sequence[np.random.Generator]) -> FloatArray:
        """Returns the rewards of B responses of T positions, float64 (B, T), zero at padding.

        Args:
            evidence: Evidence on each response.
            rngs: B generators, of which one number is drawn for each position if the step draws.
        """
        mask = np.array([one.mask for one in evidence])  # (B, T) bool
        prompt = np.array([one.prompt_utility for one in evidence])[:, None]  # (B, 1) float64
        around = Transition(
            prompt=prompt,
            known=partial(_read_prefixes, evidence, prompt),
            ending=partial(_read_ends, evidence, mask),
            drawn=self.draw(rngs, mask.shape[1]),
            alive=partial(_read_alive, evidence),
        )
        paid = self.pays(around, mask.shape).copy()
        paid[~mask] = 0.0
        return paid


@dataclass(eq=False)
class Stepwise:
    """A reward function that is stated by what it pays for a `Transition`.

    It is called like any other, with evidence and a generator. And environments pay whole batches by it in
    one go, tokens as they are written, and what each token of the vocabulary would earn.

    Example:
        >>> halves = Stepwise(lambda step: (step.after - step.before) / 2.0)
    """

    function: Callable[..., FloatArray]
    """`function(transition, **kwargs)` to rewards, elementwise."""
    draws: bool = False
    """Whether it reads `Transition.drawn`."""

    def __post_init__(self) -> None:
        """Takes the function's name and docstring, and the parameters behind its first."""
        update_wrapper(self, self.function)
        own = list(signature_of(self.function).parameters.values())[1:]
        called = list(inspect.signature(_call).parameters.values())
        self.__signature__ = inspect.Signature(
            [*called, *(one.replace(kind=one.KEYWORD_ONLY) for one in own)]
        )

    def __call__(self, evidence: Evidence, *, rng: np.random.Generator, **kwargs: Any) -> FloatArray:
        """Returns the token rewards, float64 (T,)."""
        return self.bind(kwargs).pay_rows([evidence], [rng])[0]

    def bind(self, kwargs: Mapping[str, Any]) -> Step:
        """Returns what tokens are paid under these arguments."""
        return Step(self, kwargs)

    def __reduce__(self) -> Any:
        """Pickles one that has taken its function's place in a module by that place."""
        name = getattr(self.function, "__qualname__", "")
        if getattr(sys.modules.get(self.function.__module__), name, None) is self:
            return name
        return Stepwise, (self.function, self.draws)


def stepwise(*, draws: bool) -> Callable[[Callable[..., FloatArray]], Stepwise]:
    """Returns a decorator that makes a `Stepwise` of a function of a `Transition`."""
    return partial(Stepwise, draws=draws)


def bind_step(function: Callable[..., FloatArray]) -> Step | None:
    """Returns the step by which a reward function pays, with its arguments; None for one that has none."""
    keywords: dict[str, Any] = {}
    while isinstance(function, partial):
        if function.args:
            return None
        keywords = {**function.keywords, **keywords}
        function = function.func
    return function.bind(keywords) if isinstance(function, Stepwise) else None


def _call(evidence: Evidence, *, rng: np.random.Generator) -> None:
    """Has the parameters with which a reward function is called."""


def _read_prefixes(evidence: Sequence[Evidence], prompt: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns the utilities that are known before and after each token, float64 (B, T) each."""
    after = np.array([one.prefix_utilities for one in evidence])
    return np.concatenate([prompt, after[:, :-1]], axis=1), after


def _read_alive(evidence: Sequence[Evidence]) -> tuple[BoolArray, BoolArray]:
    """Returns whether a right answer is possible before and after each token, bool (B, T) each."""
    after = np.array([one.hindsight.alive() for one in evidence])
    before = np.ones_like(after)  # a prompt has a right answer
    before[:, 1:] = after[:, :-1]
    return before, after


def _read_ends(evidence: Sequence[Evidence], mask: BoolArray) -> tuple[BoolArray, FloatArray]:
    """Returns where each response ends, bool (B, T), and its utility there, float64 (B, T), NaN elsewhere."""
    is_last = mask.copy()
    is_last[:, :-1] &= ~mask[:, 1:]
    return is_last, np.where(is_last, np.array([one.utility for one in evidence])[:, None], np.nan)

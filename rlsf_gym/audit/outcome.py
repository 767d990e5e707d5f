"""Outcome of a call of a reward: numbers, or what came in their place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Outcome", "Paid", "describe_value"]


def describe_value(value: Any) -> str:
    """Returns a value and its type in words, the same in every run: without addresses of memory.

    Example:
        >>> describe_value("1"), describe_value(iter([])), describe_value(0.5)
        ("'1' (str)", 'a list_iterator', '0.5 (float)')
    """
    kind, text = type(value).__name__, " ".join(repr(value).split())
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    return f"{article} {kind}" if " at 0x" in text else f"{text:.40} ({kind})"


def _is_column(value: Any) -> bool:
    """Returns whether a value is an array with an axis, of which a trainer makes a column, no row."""
    return isinstance(value, np.ndarray) and value.ndim > 0


@dataclass(frozen=True)
class Outcome:
    """What one response was paid.

    Kinds: `number`; `none`, `nan`, `infinite`, `other` (a value of another type) and `count` (as many values
    as responses were expected) for a call that returned; `raised`, `hung` and `died` for one that did not;
    `unwritable` for a text that the tokens of an environment can't write; `unasked` for a response that the
    reward was not asked about, after too many calls that did not return.
    """

    kind: str
    value: float = math.nan
    """The number; NaN where there is none."""
    told: str = ""
    """What came in place of a number, in words."""

    @property
    def is_number(self) -> bool:
        """Whether it is a finite number."""
        return self.kind == "number"

    def describe(self) -> str:
        """Returns the number, or what came in its place."""
        return f"{self.value + 0.0:.4g}" if self.is_number else self.told or self.kind

    @classmethod
    def of(cls, value: Any) -> Outcome:
        """Returns the outcome that a returned value is.

        Example:
            >>> Outcome.of(True).value, Outcome.of(None).kind, Outcome.of("1").told
            (1.0, 'none', "'1' (str)")
        """
        if value is None:
            return cls("none", told="None")
        if isinstance(value, str | bytes) or not hasattr(value, "__float__") or _is_column(value):
            return cls("other", told=describe_value(value))
        try:
            number = float(value)
        except (TypeError, ValueError, RuntimeError, OverflowError):  # a masked value, a huge integer
            return cls("other", told=describe_value(value))
        if math.isfinite(number):
            return cls("number", number)
        return cls("nan" if math.isnan(number) else "infinite", told=str(number))


@dataclass(frozen=True)
class Paid:
    """What a call brought."""

    outcomes: tuple[Outcome, ...]
    """One for each response of the call."""
    seconds: float = 0.0
    """Wall-clock time of the call."""
    swallowed: tuple[str, ...] = ()
    """Exceptions that the reward's own file caught, with their places."""
    executed: bool = False
    """Whether text of a response was executed as Python in this process."""
    changed: tuple[str, ...] = ()
    """Names of the arguments that the call changed."""
    tokens: tuple[tuple[int, ...], ...] = ()
    """Token ids of the responses, of an environment."""
    token_rewards: tuple[tuple[float, ...], ...] = ()
    """Rewards of these tokens, of an environment."""
    facts: tuple[dict[str, Any], ...] = ()
    """Utility, verdict and design of each response, of an environment."""

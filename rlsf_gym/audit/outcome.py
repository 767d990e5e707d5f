"""Outcome of a call of a reward: numbers, or what came in their place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["NOT_NUMBERS", "Outcome", "Paid"]

NOT_NUMBERS: Final = ("none", "nan", "infinite", "other", "count")
"""Kinds of outcomes of a call that returned, and not with a finite number for each response."""


@dataclass(frozen=True)
class Outcome:
    """What one response was paid.

    Kinds: `number`; `none`, `nan`, `infinite`, `other` (a value of another type) and `count` (as many values
    as responses were expected) for a call that returned; `raised`, `hung` and `died` for one that did not;
    `unwritable` for a text that the tokens of an environment can't write.
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
        return f"{self.value:.4g}" if self.is_number else self.told or self.kind

    @classmethod
    def of(cls, value: Any) -> Outcome:
        """Returns the outcome that a returned value is.

        Example:
            >>> Outcome.of(True).value, Outcome.of(None).kind, Outcome.of("1").told
            (1.0, 'none', "'1', a str")
        """
        if value is None:
            return cls("none", told="None")
        if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
            return cls("other", told=f"{value!r:.40}, a {type(value).__name__}")
        try:
            number = float(value)
        except (TypeError, ValueError):  # an array of several, a masked value
            return cls("other", told=f"{value!r:.40}, a {type(value).__name__}")
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
    tokens: tuple[tuple[int, ...], ...] = ()
    """Token ids of the responses, of an environment."""
    token_rewards: tuple[tuple[float, ...], ...] = ()
    """Rewards of these tokens, of an environment."""
    facts: tuple[dict[str, Any], ...] = ()
    """Utility, verdict and design of each response, of an environment."""

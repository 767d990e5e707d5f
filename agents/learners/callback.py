"""What a learner tells of each iteration, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

Numbers = Mapping[str, float]
Episodes = Sequence[Mapping[str, Any]]


class Callback(Protocol):
    """An object that is told of each iteration; the logs of `agents.runs.logs` are such."""

    def on_iteration(self, metrics: Numbers, timings: Numbers, episodes: Episodes) -> bool | None:
        """Takes the numbers of one iteration, after its update; the learner may be saved here.

        Args:
            metrics: Equal for equal runs.
            timings: Seconds by phase, `seconds` of all, and what `agents.runs.throughput` measures.
            episodes: The info of each episode.

        Returns:
            False to end learning with this iteration; anything else goes on, as no return value does.
        """
        ...


CallbackFunction = Callable[[Numbers, Numbers, Episodes], Any]
"""A plain function in place of an object: it takes metrics, timings and episodes, and may return False."""


def tell(
    callbacks: Iterable[Callback | CallbackFunction], metrics: Numbers, timings: Numbers, episodes: Episodes
) -> bool:
    """Tells each callback of an iteration, in order; returns False if one of them did.

    Raises:
        TypeError: One is neither an object with `on_iteration` nor a function.

    Example:
        >>> close = lambda metrics, timings, episodes: metrics["objective/kl"] < 10.0
        >>> tell([close], {"objective/kl": 12.0}, {}, [])
        False
    """
    said = [_method(callback)(metrics, timings, episodes) for callback in callbacks]
    return not any(answer is False for answer in said)


def _method(callback: Callback | CallbackFunction) -> CallbackFunction:
    if hasattr(callback, "on_iteration"):
        return cast(Callback, callback).on_iteration
    if callable(callback):
        return callback
    raise TypeError(
        "callbacks: expected objects with on_iteration(metrics, timings, episodes) or functions of these "
        f"arguments, got {type(callback).__name__}"
    )

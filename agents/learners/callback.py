"""Callbacks: objects and functions that a learner calls after each iteration, and two ready-made ones."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from agents.extras import import_extra

Numbers = Mapping[str, float]
Episodes = Sequence[Mapping[str, Any]]


class Callback(Protocol):
    """An object that is called after each iteration, such as the logs of `agents.runs.logs`."""

    def on_iteration(self, metrics: Numbers, timings: Numbers, episodes: Episodes) -> bool | None:
        """Takes the numbers of one iteration, after its update; the learner may be saved here.

        Args:
            metrics: Equal for equal runs.
            timings: Seconds by phase, `seconds` of all, with the rates and peaks of `agents.runs.throughput`.
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
    """Calls each callback after an iteration, in order; returns False if one of them did.

    Raises:
        TypeError: If one is neither an object with `on_iteration` nor a function.

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


class ProgressBar:
    """A callback that draws a bar over episodes, with mean reward and KL beside it, by tqdm.

    Args:
        total: Episodes of the whole run.
        done: Episodes before this call.

    Raises:
        ImportError: If tqdm can't be imported; the message says what to install.
    """

    def __init__(self, total: int, *, done: int = 0) -> None:
        tqdm = import_extra("tqdm.auto", "progress_bar=True needs", package="tqdm", extra="agents")
        self._bar: Any = tqdm.tqdm(total=total, initial=done, unit="episode", dynamic_ncols=True)

    def on_iteration(self, metrics: Numbers, timings: Numbers, episodes: Episodes) -> None:
        """Moves the bar to the episodes collected so far."""
        del timings, episodes
        shown = {"reward": metrics["objective/scores"], "kl": metrics["objective/kl"]}
        self._bar.set_postfix({name: f"{value:.3g}" for name, value in shown.items()}, refresh=False)
        self._bar.update(int(metrics["episodes"]) - self._bar.n)

    def close(self) -> None:
        """Leaves the bar on the screen as it is."""
        self._bar.close()


class MemoryRelease:
    """A callback that returns freed heap memory to the OS after each iteration (`malloc_trim`).

    Minibatches are tensors of ever other sizes, between whose remains the C library keeps up to a third of
    the process's memory free, more or less of it from minute to minute. Returning it costs milliseconds.
    """

    def on_iteration(self, metrics: Numbers, timings: Numbers, episodes: Episodes) -> None:
        """Returns freed heap memory to the OS (`malloc_trim`)."""
        del metrics, timings, episodes
        release_free_memory()


def release_free_memory() -> None:
    """Returns freed heap memory to the OS; nothing happens where the C library is not glibc."""
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)

"""Gives memory that a run has freed back to the system."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from typing import Any


class MemoryRelease:
    """A callback that gives free memory back to the system after each iteration.

    Minibatches are tensors of ever other sizes, between whose remains the C library keeps up to a third of
    the process's memory free, more or less of it from minute to minute. Giving it back costs milliseconds.
    """

    def on_iteration(self, metrics: Mapping[str, float], timings: Any, episodes: Any) -> None:
        """Gives back what is free."""
        del metrics, timings, episodes
        release_free_memory()


def release_free_memory() -> None:
    """Gives memory that was freed back to the system; nothing happens where the C library is not glibc."""
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)

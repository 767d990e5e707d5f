"""Cache of values computed from texts, bounded in bytes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, Generic, TypeVar

__all__ = ["MAX_BYTES", "Remembered", "constant_size"]

Value = TypeVar("Value")

MAX_BYTES: Final = 32 * 2**20
"""Default size of a `Remembered` in bytes: a data set of short prompts fits, whole books do not pile up."""

_ENTRY = 120  # bytes of a key and a value in a dict, roughly


class Remembered(Generic[Value]):
    """Values by text, forgotten together when they would take more bytes than they may.

    A value that would take more than a sixteenth of all room by itself is not kept.

    Args:
        measure: Returns the number of bytes of a value.
        max_bytes: How many texts and values may take.

    Example:
        >>> lengths = Remembered(constant_size, max_bytes=4000)
        >>> lengths.put("a film", 6)
        >>> lengths.get("a film"), lengths.get("another"), len(lengths)
        (6, None, 1)
    """

    def __init__(self, measure: Callable[[Value], int], *, max_bytes: int = MAX_BYTES) -> None:
        self._measure = measure
        self._max_bytes = max_bytes
        self._values: dict[str, Value] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._values)

    @property
    def bytes(self) -> int:
        """Approximate size of the texts and values in bytes."""
        return self._bytes

    def get(self, text: str) -> Value | None:
        """Returns the cached value of a text, None if it is not in the cache."""
        return self._values.get(text)

    def put(self, text: str, value: Value) -> None:
        """Remembers what was worked out of a text."""
        if text in self._values:
            return
        size = sys.getsizeof(text) + self._measure(value) + _ENTRY
        if size > self._max_bytes // 16:
            return
        if self._bytes + size > self._max_bytes:
            self._values.clear()
            self._bytes = 0
        self._values[text] = value
        self._bytes += size


def constant_size(value: object) -> int:
    """Returns the number of bytes of a number."""
    return 32

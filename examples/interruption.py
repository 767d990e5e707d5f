"""Turns Ctrl-C and SIGTERM into a wish to stop that is granted between two iterations."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """A context in which the first signal asks for a stop and the second one stops at once.

    Outside of `postponed` (loading, evaluating: nothing there has to be saved) the first signal stops at
    once, too.
    """

    def __init__(self) -> None:
        self.requested = False
        self.postponed = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Takes the signals over; in a thread other than the main one signals can't be taken, and are not."""
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        """Gives the signals back."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested or not self.postponed:
            raise KeyboardInterrupt
        self.requested = True

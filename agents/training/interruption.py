"""Handles Ctrl-C and SIGTERM: the run stops between two iterations, with its state saved."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any, NoReturn, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)
UNIX_SIGNALS = 128
"""A shell reports a process that signal n ended as 128 + n: 130 after Ctrl-C, 143 after SIGTERM."""


def end_quietly() -> None:
    """Makes both signals end the process at once, in one line; for the seconds that imports take.

    An exception would not do: raised inside an import it shows a traceback, or is taken for a package that
    can't be imported.
    """
    for number in SIGNALS:
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    os.write(2, b"stopped\n")
    os._exit(UNIX_SIGNALS + number)


class Interruption:
    """Context in which the first signal requests a stop and the second one stops at once.

    Outside of `postponed` (loading, evaluating: nothing there has to be saved) the first signal stops at
    once, too.
    """

    def __init__(self) -> None:
        self.requested = False
        self.postponed = False
        self.status = UNIX_SIGNALS + signal.SIGINT
        """Exit status of a process that stops because of the last signal."""
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Installs the signal handlers; only the main thread can, others leave the signals alone."""
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        """Restores the previous signal handlers."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.status = UNIX_SIGNALS + number
        if self.requested or not self.postponed:
            raise KeyboardInterrupt
        self.requested = True

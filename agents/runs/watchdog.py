"""Ends a process in which a call hangs, and prints the name and the stack of that call.

A call that hangs can't be ended from outside in general: an exception that another thread raises waits for
the next bytecode, which a call into a library may never reach, and it may be swallowed. What can always be
ended is the process. So the call stays in the thread that made it, and a second thread watches the clock.
Where even that thread is kept from running (a library that never lets go of the interpreter's lock), a timer
of `faulthandler`, which needs no lock, ends the process with the stacks of all threads.

The process ends without cleaning up: what is on disk is what is left, which is why checkpoints and logs are
complete on disk before the next call begins.
"""

from __future__ import annotations

import faulthandler
import math
import os
import sys
import threading
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

STATUS = 1
"""Exit status of a process that was ended."""
GRACE = 5.0
"""Seconds that the watching thread has to print its message before a timer ends the process without it."""
STDERR = 2
FRAMES = 3


@contextmanager
def deadline(seconds: float | None, what: str) -> Generator[None]:
    """Returns a context that has to be left within `seconds`, or the process ends with status 1.

    One line on stderr says what took too long and the innermost calls that it stands in.

    Args:
        seconds: > 0; None: there is no deadline, and nothing is watched.
        what: Name of the call that is under way, for the message.

    Raises:
        ValueError: If `seconds` is not a number > 0.
    """
    if seconds is None:
        yield
        return
    if not 0.0 < seconds < math.inf:
        raise ValueError(f"step_timeout: expected a number of seconds > 0, or None, got {seconds!r}")
    left = threading.Event()
    arguments = (left, seconds, what, threading.get_ident())
    threading.Thread(target=_watch, args=arguments, name="watchdog", daemon=True).start()
    faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=STDERR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        left.set()


def describe_stack(frame: FrameType | None) -> str:
    """Returns the innermost calls of a stack on one line, the innermost first."""
    calls = [] if frame is None else traceback.extract_stack(frame)[-FRAMES:]
    return ", called by ".join(f"{call.name} ({call.filename}:{call.lineno})" for call in reversed(calls))


def _watch(left: threading.Event, seconds: float, what: str, thread: int) -> None:
    """Ends the process unless the context is left in time."""
    if left.wait(seconds):
        return
    where = describe_stack(sys._current_frames().get(thread))  # pyright: ignore[reportPrivateUsage]
    line = f"error: {what} did not return within {seconds:g} s (step_timeout): it hangs in {where}\n"
    os.write(STDERR, line.encode("utf-8", "backslashreplace"))
    os._exit(STATUS)

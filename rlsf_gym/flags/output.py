"""Runs a command whose standard output can not fail it: by its encoding, or by a reader that leaves early."""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

BROKEN_PIPE = 141
"""Status under which a shell reports a process that a broken pipe ended: 128 and the signal's number."""


def run_main(main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None) -> int:
    """Runs a command as this process; returns its exit status.

    A character that stdout can't encode is written as an escape, as stderr has it: on Windows a file or
    a pipe takes a few hundred characters, and no result may be lost for an arrow. If whoever reads stdout has
    seen enough, as `head` has, the command ends without a word.

    Args:
        main: From arguments to exit status.
        argv: The arguments; None: those of the process.
    """
    output = sys.stdout
    if isinstance(output, io.TextIOWrapper):
        cast("io.TextIOWrapper[Any]", output).reconfigure(errors="backslashreplace")
    status = BROKEN_PIPE
    try:
        status = main(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        if not _is_unread():
            raise  # of another pipe
        # What is left in the buffer is written when Python ends, and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _is_unread() -> bool:
    """Returns whether nobody reads stdout any more; False where the system can't say, as Windows can't."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(sys.stdout, 0)  # errors alone, which are always told
    return bool(poll.poll(0))

"""Locks a file between processes with a lock of the operating system, which ends with its process.

The lock is on the open file, not in its existence: one that a killed process left behind blocks nobody. On
a network file system it holds only as far as that file system passes locks on to other machines: NFS does
since version 4, some parallel file systems do not unless they are mounted to.

`filelock` locks. Its `FileLock` would make folders that are missing and empty what a hard link points to, so
the file is opened here and its `lock_descriptor` does the rest.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from agents.extras import import_extra
from agents.runs.plain_files import is_same


@contextmanager
def try_lock(path: Path, note: str = "") -> Generator[bool]:
    """Returns a context, with whether this process holds the lock in it; the file is removed afterwards.

    Args:
        path: The lock's file, in a folder that exists.
        note: Content of the file while the lock is held.

    Raises:
        OSError: If the file can't be opened, is a link or has a second name, or its file system has no locks.
    """
    file = _open(path)
    if file is None:
        yield False
        return
    try:
        file.truncate(0)
        file.write(note)
        file.flush()
        yield True
    finally:
        with suppress(OSError):  # Windows removes no open file; what stays behind blocks nobody
            if is_same(file, path):  # and not what another process has made in its place
                path.unlink()
        file.close()


def is_locked(path: Path) -> bool:
    """Returns whether a process holds the lock at this moment."""
    if not path.exists():
        return False
    with try_lock(path) as mine:
        return not mine


def _open(path: Path) -> IO[str] | None:
    """Returns the lock's file, locked; None where another process holds it."""
    filelock: Any = import_extra("filelock", "a lock needs", package="filelock", extra="agents")
    while True:
        file = os.fdopen(_open_own(path), "a", encoding="utf-8")
        if os.fstat(file.fileno()).st_nlink > 1:
            file.close()
            raise OSError(f"{path} is another file's second name, which a lock would overwrite; remove it")
        try:
            mine: bool = filelock.lock_descriptor(file.fileno(), blocking=False)
        except OSError:
            file.close()
            raise
        if mine and is_same(file, path):
            return file
        file.close()
        if not mine:
            return None
        # Its holder removed it meanwhile: that lock was on a file that nobody else sees.


def _open_own(path: Path) -> int:
    """Opens a file to be written, but not through a link, which would make one elsewhere, nor a pipe."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o666)

"""Keeps two processes off one run folder: a lock of the operating system, which ends with its process.

The lock is on the open file, not in its being there: one that a killed process left behind blocks nobody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

if os.name == "nt":
    import msvcrt

    FAR = 1 << 30  # Windows keeps others from reading what is locked, so a byte far behind the text is

    def _take(file: IO[str]) -> None:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)

else:
    import fcntl

    def _take(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Returns a context in which no other process holds the lock; the file is gone behind it.

    Args:
        path: The lock's file, in a folder that is there.

    Raises:
        ValueError: Another process holds it.
        OSError: The file can't be written.
    """
    file = _open(path)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file; what stays behind blocks nobody
            path.unlink()
        file.close()


def _open(path: Path) -> IO[str]:
    """Returns the lock's file, locked, with the number of this process in it."""
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            _take(file)
        except OSError as error:
            with file:
                raise ValueError(_refusal(path, file)) from error
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            break
        file.close()  # its holder removed it meanwhile: this lock would be on a file that nobody else sees
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _refusal(path: Path, file: IO[str]) -> str:
    file.seek(0)
    return (
        f"{path.parent} is in use by process {file.read() or 'unknown'}: wait until it has ended, or stop it "
        "and continue with --resume"
    )

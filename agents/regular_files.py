"""Reads and writes files of a folder that may come from a stranger: regular files alone, and no links.

A name in such a folder may be a symbolic or hard link to a file of the user's, a pipe that nobody writes to
or a device that never ends. What is written here replaces the name and never what it points to; what is read
here is a regular file of bounded size.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

LARGEST = 1 << 30
"""Bytes of the largest file that is read whole."""
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0)
BINARY = getattr(os, "O_BINARY", 0)


def is_regular(path: Path) -> bool:
    """Returns whether a path is a regular file, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_anything(path: Path) -> bool:
    """Returns whether there is something at a path, a link to nothing included."""
    return os.path.lexists(path)


def read_regular(path: Path, *, largest: int = LARGEST) -> bytes:
    """Returns the content of a regular file.

    Raises:
        ValueError: It is a link, a folder, a pipe or a device, or larger than `largest`; in one line.
        FileNotFoundError: There is nothing.
        OSError: It can't be read.
    """
    descriptor = open_regular(path, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        if size > largest:
            raise ValueError(
                f"{path}: expected at most {largest} bytes, got {size}: it is not what a run wrote"
            )
        return file.read(largest + 1)


def write_regular(path: Path, data: bytes) -> None:
    """Writes a file in one atomic step, in place of whatever had its name but a folder.

    Raises:
        OSError: It can't be written; what was there before stands.
    """
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)  # what a killed process left, or a link: never what it points to
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK | BINARY, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(new, path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def open_regular(path: Path, flags: int) -> int:
    """Returns a descriptor of a regular file, opened with the flags of `os.open`.

    Raises:
        ValueError: It is a link, a folder, a pipe or a device.
        OSError: It can't be opened.
    """
    if path.is_symlink():  # where the system has no flag for it, and for the message
        raise ValueError(
            f"{path}: expected a file, got a link to {str(os.readlink(path))!r}: it is not followed"
        )
    if path.is_dir():
        raise ValueError(f"{path}: expected a file, got a folder")
    descriptor = os.open(path, flags | NO_LINK | NO_WAIT | BINARY, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{path}: expected a file, got a pipe or a device")
    return descriptor


def is_same(descriptor: int, path: Path) -> bool:
    """Returns whether an open file is the one under a path, and not one that was removed or replaced."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return False

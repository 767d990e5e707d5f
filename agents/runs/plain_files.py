"""Reads and writes files safely in untrusted folders: regular files alone, no links, bounded sizes.

Nothing is written through a link, nothing but a regular file is read, no more of it than a bound allows, and
what is to be the name of a file names one inside of its folder.
"""

from __future__ import annotations

import os
import re
import stat
from io import FileIO
from pathlib import Path
from typing import IO, Any

LONGEST_NAME = 200
"""Most characters of a file's name: what file systems take, less the endings that are added."""
_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)  # devices of Windows
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe that nobody writes to would wait for ever
_BINARY = getattr(os, "O_BINARY", 0)


def check_file_name(name: object, *, what: str = "name") -> str:
    """Returns the name of a file inside of its folder, on every system.

    Args:
        name: Text that is to be the name of a file.
        what: What the text is called in the message.

    Raises:
        ValueError: If the name may lead out of the folder, or some system does not allow it.

    Example:
        >>> check_file_name("potential-seed0-0a1b2c3d")
        'potential-seed0-0a1b2c3d'
    """
    if (
        not isinstance(name, str)
        or len(name) > LONGEST_NAME
        or not _NAME.fullmatch(name)
        or not name.strip(".")
        or name.endswith(".")
        or _RESERVED.fullmatch(name)
    ):
        shown = repr(name) if not isinstance(name, str) or len(name) <= 80 else f"{name[:80]!r}..."
        raise ValueError(
            f"{what}: expected a file's name of letters, digits, '_', '.' and '-', at most {LONGEST_NAME} "
            f"characters, no path and no device's name, got {shown}"
        )
    return name


def is_regular(path: Path) -> bool:
    """Returns whether a path is a regular file, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_same(file: IO[Any], path: Path) -> bool:
    """Returns whether an open file is the one under a path, and not one that was removed or replaced."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return False


def read_plain(path: str | os.PathLike[str], *, largest: int, through_links: bool = True) -> bytes:
    """Returns the bytes of a regular file.

    Args:
        path: The file.
        largest: Most bytes that the file may have.
        through_links: Whether a link to a regular file is followed, or refused.

    Raises:
        ValueError: If the path is a pipe, a device, a folder or a link that is not followed, or the file is
            larger.
        OSError: If it can't be read.
    """
    if not through_links and os.path.islink(path):
        raise ValueError(f"{path}: expected a regular file, got a link, which is not followed")
    handle = os.open(path, os.O_RDONLY | _NO_WAIT | _BINARY | (0 if through_links else _NO_LINK))
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise ValueError(f"{path}: expected a regular file, got a pipe, a device or a folder")
    with os.fdopen(handle, "rb") as file:
        # Asked first, as a large one would fill the memory; some files of the system say that they are empty.
        data = file.read(largest + 1) if status.st_size <= largest else None
    if data is None or len(data) > largest:
        raise ValueError(f"{path}: expected at most {largest:,} bytes, got more; it is not read")
    return data


def write_whole(path: Path, data: bytes, *, alone: bool = False) -> None:
    """Writes a file atomically and syncs it to disk; a link in its place is replaced, not followed.

    Args:
        path: The file.
        data: The new content.
        alone: Whether no other process writes the file: what a killed one left is then replaced.

    Raises:
        ValueError: If there is a folder, a pipe or a device in its place, or a link to one of the latter.
        OSError: If it can't be written.
    """
    _check_place(path)
    new = path.with_name(f"{path.name}.new" if alone else f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)  # of a process that was killed, or a link that somebody laid there
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


def _check_place(path: Path) -> None:
    """Checks that a file can stand in a place: renamed over a device, it would take its place for good."""
    if path.is_dir() and not path.is_symlink():
        raise ValueError(f"{path}: expected the name of a file, got a folder")
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ValueError(f"{path}: expected the name of a file, got a pipe or a device")


def open_append(path: Path) -> FileIO:
    """Opens a file for appending, unbuffered.

    Raises:
        ValueError: If it is a link.
    """
    return FileIO(_open_own(path, os.O_WRONLY | os.O_APPEND), "ab")


def open_log(path: Path) -> FileIO:
    """Opens a file for appending and reading, unbuffered.

    Raises:
        ValueError: If it is a link.
    """
    return FileIO(_open_own(path, os.O_RDWR | os.O_APPEND), "ab+")


def open_fresh(path: Path) -> FileIO:
    """Opens an empty file for writing.

    Raises:
        ValueError: If it is a link.
    """
    return FileIO(_open_own(path, os.O_WRONLY | os.O_TRUNC), "wb")


def make_folder(path: Path) -> None:
    """Makes a folder with its parents, if missing.

    Raises:
        ValueError: If it is a link: what is written into it would lie elsewhere.
    """
    if path.is_symlink():
        raise ValueError(f"{path}: expected a folder, got a link, which is not written through; remove it")
    path.mkdir(parents=True, exist_ok=True)


def _open_own(path: Path, flags: int) -> int:
    """Returns the descriptor of a file opened with these flags; the file is made if missing."""
    if path.is_symlink():
        raise ValueError(f"{path}: expected a file, got a link, which is not written through; remove it")
    return os.open(path, flags | os.O_CREAT | _NO_LINK | _NO_WAIT | _BINARY, 0o666)

"""Reads a file of JSON objects, one a line, from anybody: what is wrong is said with the line's number."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NoReturn, cast

from rlsf_gym.arguments import one_line

__all__ = ["at_line", "check_file", "parse_object", "read_lines", "quote_value"]

LONGEST = 1 << 28
"""Most bytes of a line."""
_BINARY = (
    (b"\x1f\x8b", "one that gzip compressed: decompress it first"),
    (b"\xfd7zXZ", "one that xz compressed: decompress it first"),
    (b"\x28\xb5\x2f\xfd", "one that zstd compressed: decompress it first"),
    (b"BZh", "one that bzip2 compressed: decompress it first"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"PAR1", "a parquet file: write its rows as lines of JSON"),
    (b"\xff\xfe", "one in UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "one in UTF-16: save it as UTF-8"),
)
"""First bytes of files that are often taken for lines of JSON, and what they are."""
_MARK = "\ufeff"  # with which some editors begin a file


class _NotFiniteError(ValueError):
    """A constant that JSON does not have."""


def check_file(path: Path) -> None:
    """Checks that there is a file.

    Raises:
        ValueError: If there is none; of a run's folder, the message names its file.
    """
    if path.is_file():
        return
    inside = path / "samples.jsonl"
    hint = f" (did you mean {inside}?)" if inside.is_file() else ""
    found = (
        "a folder" if path.is_dir() else "none" if not os.path.lexists(path) else "a pipe, a device or a link"
    )
    raise ValueError(f"{path}: expected a file with a JSON object in each line, found {found}{hint}")


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields number, from 1, and bytes of each line that is not empty; one line is in memory at a time.

    Raises:
        ValueError: If there is no file, it is compressed or no text, or a line is longer than 256 MiB.
        OSError: If it can't be read.
    """
    check_file(path)
    with path.open("rb") as file:
        for number in count(1):
            line = file.readline(LONGEST + 1)
            if not line:
                return
            if number == 1:
                _check_start(path, line)
            if len(line) > LONGEST:
                raise ValueError(
                    f"{path}, line {number}: expected at most {LONGEST:,} bytes in a line, got more"
                )
            if line.strip():
                yield number, line


def parse_object(line: bytes) -> dict[str, Any]:
    """Returns the object of a line.

    Args:
        line: In UTF-8, with its line feed; the last one of a file may have none.

    Raises:
        ValueError: If it holds another thing, is cut, or has a number that is not finite.

    Example:
        >>> parse_object(b'{"tokens": []}')
        {'tokens': []}
        >>> parse_object(b'{"tokens": ["a')
        Traceback (most recent call last):
            ...
        ValueError: expected a JSON object, got text that is cut at the end of the file, as when a process \
that writes it is killed: remove this line
    """
    try:
        found = json.loads(line.decode("utf-8", "surrogatepass").removeprefix(_MARK), parse_constant=_refuse)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"expected a JSON object, got {_tell_fault(line, error)}") from error
    except _NotFiniteError:
        raise
    except ValueError as error:  # of the limit to the digits of whole numbers
        raise ValueError("expected finite numbers, got one of thousands of digits") from error
    except RecursionError as error:
        raise ValueError("expected a JSON object, got one that is nested too deeply to be read") from error
    if not isinstance(found, dict):
        raise ValueError(f"expected an object, got {quote_value(found)}")
    return cast("dict[str, Any]", found)


@contextmanager
def at_line(path: Path, number: int) -> Generator[None]:
    """Adds file and number of a line, from 1, to what is wrong with it, in one line."""
    try:
        yield
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}, line {number}: {one_line(error, 300)}") from error


def quote_value(value: Any) -> str:
    """Returns a value of a line for a message, cut where it is long.

    Example:
        >>> quote_value([1, "x"]), quote_value(None)
        ("[1, 'x']", 'null: leave the key out where it is unknown')
    """
    if value is None:
        return "null: leave the key out where it is unknown"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _check_start(path: Path, line: bytes) -> None:
    found = next((told for start, told in _BINARY if line.startswith(start)), None)
    if found is not None:
        raise ValueError(f"{path}: expected lines of JSON in UTF-8, got {found}")


def _tell_fault(line: bytes, error: UnicodeDecodeError | json.JSONDecodeError) -> str:
    """Returns why a line is no JSON; one without line feed was the last to be written."""
    if not line.endswith(b"\n") and line.lstrip().startswith(b"{") and not line.rstrip().endswith(b"}"):
        return (
            "text that is cut at the end of the file, as when a process that writes it is killed: "
            "remove this line"
        )
    if isinstance(error, UnicodeDecodeError):
        return f"the byte {line[error.start]:#04x} at {error.start}, which is no UTF-8"
    return f"text that is none: {error.msg} at character {error.pos}"


def _refuse(constant: str) -> NoReturn:
    raise _NotFiniteError(f"expected finite numbers, got {constant}")

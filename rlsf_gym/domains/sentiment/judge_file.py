"""Arrays of a judge's .npz file, refused in one line where they are not what they must be."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsf_gym.arguments import one_line

__all__ = ["read_arrays", "read_number"]

_UNREADABLE = (KeyError, ValueError, OSError, EOFError, TypeError, AttributeError, zipfile.BadZipFile)


def read_arrays(file: Path, names: Sequence[str], contents: str) -> dict[str, NDArray[Any]]:
    """Returns the arrays of an .npz file by name, pickled objects refused.

    Args:
        file: The file.
        names: Names of the arrays.
        contents: What the file must hold, for the message.

    Raises:
        ValueError: If the file is not an .npz file that holds them.
    """
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in names}
    except _UNREADABLE as error:
        reason = one_line(error)
        raise ValueError(f"judge file {file} must be an .npz of {contents}: {reason}") from error


def read_number(file: Path, arrays: dict[str, NDArray[Any]], name: str) -> float:
    """Returns an array of a file that must be one floating-point number.

    Raises:
        ValueError: If it is not one.
    """
    array = arrays[name]
    if array.shape != () or not np.issubdtype(array.dtype, np.floating):
        raise ValueError(
            f"{name} in {file} must be one floating-point number, got {array.dtype} {array.shape}"
        )
    return float(array)

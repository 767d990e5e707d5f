"""Checks arrays of numbers that callers pass in: one row, known, finite, paired."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def as_rows(name: str, values: npt.ArrayLike) -> FloatArray:
    """Returns values as one row, (B,) float64, B at least 1.

    Args:
        name: What the caller calls them, for the message.
        values: Numbers, shape (B,).

    Raises:
        ValueError: If they are not one row, or the row is empty.
    """
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 1 or len(rows) == 0:
        raise ValueError(
            f"{name} must be one or more numbers in one row, got shape {rows.shape}; pass a flat list"
        )
    return rows


def as_known_rows(name: str, values: npt.ArrayLike) -> FloatArray:
    """Returns values as one row without NaN, (B,) float64; infinity is allowed.

    Args:
        name: What the caller calls them, for the message.
        values: Numbers, shape (B,).

    Raises:
        ValueError: If they are not one row, the row is empty, or a number is NaN.
    """
    rows = as_rows(name, values)
    if np.isnan(rows).any():
        at = int(np.flatnonzero(np.isnan(rows))[0])
        raise ValueError(
            f"{name} must hold no NaN, got one at position {at}; leave out what was not measured"
        )
    return rows


def as_finite_rows(name: str, values: npt.ArrayLike) -> FloatArray:
    """Returns values as one row of finite numbers, (B,) float64.

    Args:
        name: What the caller calls them, for the message.
        values: Numbers, shape (B,).

    Raises:
        ValueError: If they are not one row, the row is empty, or a number is NaN or infinite.
    """
    rows = as_rows(name, values)
    if not np.isfinite(rows).all():
        at = int(np.flatnonzero(~np.isfinite(rows))[0])
        raise ValueError(
            f"{name} must be finite, got {rows[at]} at position {at}; leave out what was not measured"
        )
    return rows


def as_groups(name: str, groups: Sequence[npt.ArrayLike]) -> list[FloatArray]:
    """Returns groups of rows without NaN, (B,) float64 each; their lengths may differ.

    Args:
        name: What the caller calls them, for the message.
        groups: One row of numbers per group, at least one group.

    Raises:
        ValueError: If there is no group, or a group is not a row of numbers without NaN.
    """
    if len(groups) == 0:
        raise ValueError(f"{name} must hold at least one group of rows, got none")
    return [as_known_rows(f"{name}[{i}]", group) for i, group in enumerate(groups)]


def as_pairs(
    treatment: npt.ArrayLike, control: npt.ArrayLike, *, what: str = "rows"
) -> tuple[FloatArray, FloatArray]:
    """Returns two rows of one length, (B,) float64 each.

    Args:
        treatment: Numbers, shape (B,).
        control: Numbers, shape (B,).
        what: What a number belongs to, for the message.

    Raises:
        ValueError: If either is not one row, or their lengths differ.
    """
    first, second = as_rows("treatment", treatment), as_rows("control", control)
    if first.shape != second.shape:
        raise ValueError(
            f"treatment and control must be paired row by row, got {len(first)} and {len(second)} {what}; "
            f"drop the {what} that have no partner"
        )
    return first, second

"""Batches the infos of sub-environments in the layout of Gymnasium's vector environments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from rlsf_gym.evidence import IntArray

__all__ = ["collate_infos"]

Infos = dict[str, Any]


def collate_infos(infos: Sequence[Infos], indices: Sequence[int], num_envs: int) -> Infos:
    """Returns the infos of sub-environments batched as in Gymnasium's vector environments.

    Numbers become typed arrays, arrays are stacked, dicts are batched as infos of their own, anything else
    goes into an object array; `_key` is True where a sub-environment has the key. Elsewhere numbers are 0 and
    objects None.

    Args:
        infos: Infos that all have the same keys.
        indices: Index of the sub-environment of each info, in ascending order.
        num_envs: Number of sub-environments, B.
    """
    chosen = np.array(indices, np.int64)
    present = np.zeros(num_envs, np.bool_)
    present[chosen] = True
    columns: Infos = {}
    for key in infos[0] if infos else ():
        values = [info[key] for info in infos]
        is_nested = isinstance(values[0], dict)
        columns[key] = (_nested if is_nested else _column)(values, chosen, num_envs)
        columns[f"_{key}"] = present.copy()
    return columns


def _nested(values: list[Infos], chosen: IntArray, num_envs: int) -> Infos:
    """Returns dicts, whose keys may differ, batched as infos of their own."""
    columns: Infos = {}
    for key in dict.fromkeys(key for value in values for key in value):
        rows = [row for row, value in enumerate(values) if key in value]
        columns |= collate_infos([{key: values[row][key]} for row in rows], chosen[rows].tolist(), num_envs)
    return columns


def _column(values: list[Any], chosen: IntArray, num_envs: int) -> npt.NDArray[Any]:
    kind = cast(Any, type(values[0]))
    if kind in (int, float, bool, np.ndarray) or issubclass(kind, np.number):
        rows = np.array(values)  # (len(chosen), ...)
        blank: Any = 0
    else:
        rows = np.fromiter(values, object, len(values))
        blank = None
    if len(rows) == num_envs:
        return rows
    column = np.full((num_envs, *rows.shape[1:]), blank, rows.dtype)
    column[chosen] = rows
    return column

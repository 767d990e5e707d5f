"""Extracts the infos of finished episodes from the infos of any single or vector environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

__all__ = ["episode_infos", "info_rows"]

Info = dict[str, Any]


def episode_infos(infos: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Iterator[Info]:
    """Returns the info of each episode that has ended as a plain dict, in the order of the environments.

    An episode has ended where there are `token_rewards`; whoever gave the infos: a single environment, a
    vector environment of Gymnasium in any autoreset mode (under SAME_STEP the ended episodes are in
    `final_info`), its wrapper `DictInfoToList`, or a vector environment of Stable-Baselines3.

    Args:
        infos: Infos as `step` returned them: a dict, or a list of dicts.

    Returns:
        Dicts in which NumPy scalars have become Python's, arrays are copies, dicts have been treated
        likewise, and all else is as it was. Keys that an environment does not have are left out.

    Raises:
        TypeError: If `infos` is neither a dict nor a list of dicts.
        ValueError: If the columns of a vector environment do not fit together.

    Example:
        >>> columns = {"token_rewards": np.eye(2), "_token_rewards": np.array([False, True])}
        >>> [info["token_rewards"].tolist() for info in episode_infos(columns)]
        [[0.0, 1.0]]
    """
    if isinstance(infos, Mapping):
        rows = _ended_rows(infos)
    elif isinstance(infos, list | tuple):
        rows = [_ended(info, position) for position, info in enumerate(cast(Sequence[Any], infos))]
    else:
        raise TypeError(f"infos must be a dict or a list of dicts, got {type(infos).__name__}")
    return (row for row in rows if "token_rewards" in row)


def info_rows(columns: Mapping[str, Any], num_envs: int) -> list[Info]:
    """Returns the info of each sub-environment, plain, from the columns of a vector environment.

    Args:
        columns: Arrays of B rows, or dicts of such, each with its `_key` mask of the rows that have the
            key; a column without a mask is everyone's.
        num_envs: B.

    Raises:
        ValueError: If a column or a mask is not an array of B rows.
    """
    rows: list[Info] = [{} for _ in range(num_envs)]
    for key, column in columns.items():
        if key.startswith("_") and key[1:] in columns:
            continue
        present = _mask(columns, key, num_envs)
        if isinstance(column, Mapping):
            values: Sequence[Any] = info_rows(cast(Mapping[str, Any], column), num_envs)
        else:
            values = _check_column(column, key, num_envs)
        for index in np.flatnonzero(present).tolist():
            rows[index][key] = _plain(values[index])
    return rows


def _ended_rows(infos: Mapping[str, Any]) -> list[Info]:
    """Returns the rows of the infos of a vector environment, or the one row of a single one's."""
    if "final_info" in infos:
        final = infos["final_info"]
        if not isinstance(final, Mapping) or "_final_info" not in infos:
            raise ValueError("infos['final_info'] must be a dict of columns with a mask infos['_final_info']")
        ended = _count(infos["_final_info"], "final_info")
        rows = info_rows(cast(Mapping[str, Any], final), ended.size)
        return [rows[index] for index in np.flatnonzero(ended).tolist()]
    if "_token_rewards" in infos:
        return info_rows(infos, _count(infos["_token_rewards"], "token_rewards").size)
    if "token_rewards" in infos and np.ndim(infos["token_rewards"]) != 1:
        raise ValueError(
            "infos['token_rewards'] must have shape (T,), or come with a mask infos['_token_rewards'], "
            f"got shape {np.shape(infos['token_rewards'])}"
        )
    return [_plain(infos)]


def _ended(info: Any, position: int) -> Info:
    """Returns one sub-environment's info: that of its ended episode, where a list has it nested."""
    if isinstance(info, Mapping):
        info = cast(Mapping[str, Any], info).get("final_info", info)
    if not isinstance(info, Mapping):
        raise TypeError(f"infos must be a dict or a list of dicts, got {type(info).__name__} at {position}")
    return _plain(info)


def _mask(columns: Mapping[str, Any], key: str, num_envs: int) -> npt.NDArray[np.bool_]:
    if f"_{key}" not in columns:
        return np.ones(num_envs, np.bool_)
    mask = _count(columns[f"_{key}"], key)
    if mask.size != num_envs:
        raise ValueError(f"infos['_{key}'] must have {num_envs} rows, got {mask.size}")
    return mask


def _count(mask: Any, key: str) -> npt.NDArray[np.bool_]:
    """Returns the mask of a key, whose size is the number of environments."""
    array = np.asarray(mask)
    if array.dtype != np.bool_ or array.ndim != 1:
        raise ValueError(
            f"infos['_{key}'] must be a bool array (B,), got {array.dtype} of shape {array.shape}"
        )
    return array


def _check_column(column: Any, key: str, num_envs: int) -> Sequence[Any]:
    if not isinstance(column, np.ndarray) or cast(npt.NDArray[Any], column).shape[:1] != (num_envs,):
        raise ValueError(
            f"infos[{key!r}] must be an array with a row for each of {num_envs} environments, "
            f"got {column!r:.80}"
        )
    return cast(Sequence[Any], column)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in cast(Mapping[str, Any], value).items()}
    if isinstance(value, np.ndarray):
        return cast(npt.NDArray[Any], value).copy()
    return cast(Any, value).item() if isinstance(value, np.generic) else value

"""Reads the options of `reset`: given instances, and the mask of sub-environments to reset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np

from rlsf_gym.envs.task import Task
from rlsf_gym.evidence import BoolArray
from rlsf_gym.instance import Instance

__all__ = ["given_instance", "given_instances", "reset_mask"]


def given_instance(options: Mapping[str, Any] | None, task: Task) -> Instance | None:
    """Returns the instance that the options of an environment set, None to draw one.

    Raises:
        ValueError: If an option is unknown, or stands for no instance of the task's domain.
    """
    return task.make_instance(_check_known(options, (task.option,)).get(task.option), task.option)


def given_instances(options: Mapping[str, Any] | None, num_envs: int, task: Task) -> list[Instance | None]:
    """Returns the instances that the options of a vector environment set, None for each that is to be drawn.

    Raises:
        ValueError: If an option is unknown, stands for no instance of the task's domain, or holds another
            number of them than there are environments.
    """
    one, many = task.option, f"{task.option}s"
    checked = _check_known(options, (one, many, "reset_mask"))
    if many not in checked:
        if isinstance(checked.get(one), list | tuple):
            raise ValueError(
                f"options[{one!r}] must be one for all environments, got a list: give it as {many!r}"
            )
        return [task.make_instance(checked.get(one), one)] * num_envs
    if one in checked:
        raise ValueError(f"options must hold {one!r} or {many!r}, got both")
    rows = checked[many]
    is_list = isinstance(rows, Iterable) and not isinstance(rows, str | Mapping)
    given = [task.make_instance(row, many) for row in cast(Iterable[Any], rows)] if is_list else []
    if len(given) != num_envs:
        what = "texts" if one == "prompt" else "dicts"
        raise ValueError(f"options[{many!r}] must be a list of {num_envs} {what}, got {rows!r}")
    return given


def reset_mask(options: Mapping[str, Any] | None, num_envs: int) -> BoolArray:
    """Returns the reset mask, bool (B,): True for sub-environments to reset, by default all.

    Raises:
        ValueError: If the mask is not such an array, or is False everywhere.
    """
    mask = np.asarray((options or {}).get("reset_mask", np.ones(num_envs, np.bool_)))
    if mask.dtype != np.bool_ or mask.shape != (num_envs,):
        raise ValueError(
            f"options['reset_mask'] must be bool of shape ({num_envs},), got {mask.dtype} of {mask.shape}"
        )
    if not mask.any():
        raise ValueError("options['reset_mask'] must be True for at least one environment")
    return mask


def _check_known(options: Mapping[str, Any] | None, known: tuple[str, ...]) -> Mapping[str, Any]:
    """Returns the options after refusing unknown ones, which would be ignored."""
    if options is not None and not isinstance(cast(object, options), Mapping):
        raise ValueError(f"options must be a dict or None, got {options!r:.80}")
    unknown = [key for key in options or {} if key not in known]
    if unknown:
        raise ValueError(f"options must be among {', '.join(map(repr, known))}, got {unknown[0]!r}")
    return options or {}

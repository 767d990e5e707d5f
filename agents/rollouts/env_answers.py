"""Reads and checks the observations and infos that an environment's reset and step return.

Nothing in Gymnasium holds an environment to its spaces. Prompts with holes in their mask, ids outside the
vocabulary, episodes that go on or infos of other sub-environments would train without an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from agents.runs.strict_json import show

EpisodeInfo = dict[str, Any]


def read_observation(
    observation: Any, *, width: int, vocab_size: int, episodes: int | None = None
) -> tuple[Tensor, Tensor]:
    """Returns prompt ids (B, P) int64 and their mask (B, P) bool from a batched observation.

    Args:
        observation: Mapping with `prompt_ids` (B, P) and `prompt_mask` (B, P), padded on the left.
        width: P.
        vocab_size: V.
        episodes: B; None: any.

    Raises:
        ValueError: If a part is missing, of another shape or dtype; the mask is not padded on the left; or a
            token of a prompt is not in the vocabulary.
    """
    ids = _read_rows(observation, "prompt_ids", "iu", width, episodes)
    said = _read_rows(observation, "prompt_mask", "iub", width, len(ids))
    mask = said == 1  # (B, P) bool
    wrong = ((said != 0) & ~mask).any(axis=1) | (mask[:, :-1] & ~mask[:, 1:]).any(axis=1) | ~mask.any(axis=1)
    for b in np.flatnonzero(wrong)[:1]:
        raise ValueError(
            f"observation['prompt_mask'] of episode {b}: expected 0 on the padding, then 1 on one token or "
            f"more up to the end, got {said[b].tolist()}"
        )
    for b in np.flatnonzero((mask & ((ids < 0) | (ids >= vocab_size))).any(axis=1))[:1]:
        raise ValueError(
            f"observation['prompt_ids'] of episode {b}: expected token ids from 0 to V - 1 = "
            f"{vocab_size - 1}, got {ids[b][mask[b]].tolist()}"
        )
    return torch.as_tensor(ids.astype(np.int64)), torch.as_tensor(mask)


def read_step(step: Any, episodes: int) -> tuple[npt.NDArray[np.float64], Mapping[str, Any]]:
    """Returns the rewards (B,) float64 and the infos of a step that ended every episode.

    Args:
        step: The value of `env.step`.
        episodes: B.

    Raises:
        ValueError: If it is not a step, an episode did not end, or the rewards are not a number an episode.
    """
    kind = type(step).__name__
    if not isinstance(step, tuple | list) or len(cast(Any, step)) != 5:
        raise ValueError(
            f"env.step: expected observation, reward, terminated, truncated and info, got {kind}"
        )
    _, paid, terminated, truncated, infos = cast("Sequence[Any]", step)
    rewards = np.asarray(paid)
    if rewards.shape != (episodes,) or rewards.dtype.kind not in "fiub":
        raise ValueError(
            f"reward: expected real numbers of shape (B,) = ({episodes},), "
            f"got {rewards.dtype} of shape {rewards.shape}"
        )
    ended = np.asarray(terminated, dtype=bool) | np.asarray(truncated, dtype=bool)
    if ended.shape != (episodes,) or not ended.all():
        raise ValueError(
            "env.step: expected every episode to end with its one step, "
            f"got terminated {show(np.asarray(terminated).tolist())} "
            f"and truncated {show(np.asarray(truncated).tolist())}"
        )
    return rewards.astype(np.float64), infos


def final_infos(infos: Any) -> Any:
    """Returns the infos of ended episodes: `final_info` under SAME_STEP, the top level under DISABLED."""
    return cast(Any, infos).get("final_info", infos) if isinstance(infos, Mapping) else infos


def split_infos(infos: Any, episodes: int) -> list[EpisodeInfo]:
    """Returns the infos of a vector environment as one dict per sub-environment, with the keys it has.

    Args:
        infos: Key to array (B, ...), or to a mapping of such, with the boolean array `_key` telling whose
            entries are meant.
        episodes: B.

    Raises:
        ValueError: If `infos` is not a dict of arrays, or one of them has another number of entries.
    """
    if not isinstance(infos, Mapping):
        raise ValueError(f"infos: expected a dict of arrays, one entry an episode, got {show(infos)}")
    table = cast("Mapping[str, Any]", infos)
    columns = {key: _read_column(key, table, episodes) for key in table if not key.startswith("_")}
    return [{key: column[b] for key, column in columns.items() if b in column} for b in range(episodes)]


def read_eos_token_id(openings: Sequence[EpisodeInfo], vocab_size: int | None = None) -> int:
    """Returns the end token's id that the infos of a reset agree on.

    Args:
        openings: Infos of a reset, one for each sub-environment.
        vocab_size: V; None: not known.

    Raises:
        ValueError: If it is missing, or there are several, or it is not in the vocabulary.
    """
    given = [info["eos_token_id"] for info in openings if "eos_token_id" in info]
    for one in given:
        if type(one) is not int or one < 0 or (vocab_size is not None and one >= vocab_size):
            bound = "" if vocab_size is None else f" below V = {vocab_size}"
            raise ValueError(f"env: expected a token id{bound} as eos_token_id, got {show(one)}")
    found = sorted(set(given))
    if len(found) != 1:
        raise ValueError(f"env: expected one eos_token_id in the infos of reset, got {found}")
    return found[0]


def _read_rows(observation: Any, key: str, kinds: str, width: int, episodes: int | None) -> npt.NDArray[Any]:
    if not isinstance(observation, Mapping) or key not in observation:
        raise ValueError(
            f"observation: expected a dict with prompt_ids and prompt_mask, got {show(_names(observation))}"
        )
    rows = np.asarray(cast(Any, observation)[key])
    batch = rows.shape[0] if episodes is None and rows.ndim else episodes
    if rows.shape != (batch, width) or rows.dtype.kind not in kinds:
        raise ValueError(
            f"observation[{key!r}]: expected whole numbers of shape (B, P) = ({batch}, {width}), "
            f"got {rows.dtype} of shape {rows.shape}"
        )
    return rows


def _names(observation: Any) -> Any:
    if isinstance(observation, Mapping):
        return sorted(map(str, cast("Mapping[Any, Any]", observation)))
    return type(observation).__name__


def _read_column(key: str, infos: Mapping[str, Any], episodes: int) -> dict[int, Any]:
    """Returns the entries under a key, by the number of the episode."""
    value, said = infos[key], infos.get(f"_{key}")
    meant = range(episodes) if said is None else np.flatnonzero(_check_length(f"_{key}", said, episodes))
    numbers = [int(b) for b in meant if b < episodes]
    if isinstance(value, Mapping):  # such as the statistics of an episode that wrappers of Gymnasium add
        rows = split_infos(value, episodes)
        return {b: rows[b] for b in numbers}
    _check_length(key, value, episodes)
    return {b: _plain(value[b]) for b in numbers}


def _check_length(key: str, value: Any, episodes: int) -> Any:
    try:
        count = None if isinstance(value, str) else len(value)
    except TypeError:
        count = None
    if count != episodes:
        got = show(value) if count is None else f"{count}"
        raise ValueError(f"infos: {key!r}: expected an entry for each of {episodes} episodes, got {got}")
    return value


def _plain(value: Any) -> Any:
    return cast(Any, value).item() if isinstance(value, np.generic) else value

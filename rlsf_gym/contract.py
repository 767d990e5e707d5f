"""Checks the info contract that every environment with token rewards promises.

Nothing here knows this package's environments: third-party ones are checked for the documented keys alone.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

__all__ = ["FINISH_REASONS", "ContractError", "EpisodeWatch", "Freshness", "check_episode", "check_opening"]

FINISH_REASONS: Final = ("eos", "stop", "length", "empty")
_OPENING: Final[dict[str, type]] = {"prompt": str, "prompt_id": int, "eos_token_id": int}
_ENDING: Final[dict[str, type]] = {
    "token_rewards": np.ndarray,
    "response_mask": np.ndarray,
    "response_length": int,
    "response_text": str,
    "finish_reason": str,
    "score": float,
    "utility": float,
    "reward_design": str,
    "certificate": list,
}
_AHEAD: Final = ("candidate_ids", "candidate_rewards", "other_rewards")
# Token rewards are float32, and a policy that is paid step by step sees each of them rounded.
_TOLERANCE: Final = 1e-5

Info = Mapping[str, Any]


class ContractError(AssertionError):
    """Contract broken by an environment, a reward design or a scorer; the message names the promise."""


def check_opening(info: Info, *, vocab_size: int | None = None) -> None:
    """Checks the info that `reset` returned.

    Args:
        info: What `reset` returned.
        vocab_size: V of an environment whose steps are tokens, which has an `action_mask`.

    Raises:
        ContractError: If a key is missing or its value is not of the documented kind.
    """
    _check_kinds(info, _OPENING, "reset")
    if vocab_size is None:
        return
    _check_action_mask(info, vocab_size)
    _check_candidates(info, ())
    if info["action_mask"][info["eos_token_id"]]:
        raise ContractError("info['action_mask'] of reset must be 0 on the end token: nothing is written yet")


def check_episode(
    rewards: float | Sequence[float],
    info: Info,
    *,
    max_new_tokens: int | None = None,
    ids: Sequence[int] | None = None,
) -> None:
    """Checks one finished episode of any environment against the info contract.

    Args:
        rewards: Rewards of its steps: a number where a step is a response, an array where it is a token.
        info: The info of its last step.
        max_new_tokens: T, where it is known.
        ids: The token ids of the response, where they are known; what follows the response is ignored.

    Raises:
        ContractError: If a documented key is missing or breaks its promise, or the rewards do not add up to
            the token rewards: one alone must be equal to their sum, several must come to it within 1e-5. Or
            if a token of the response would have earned another reward than it did.
    """
    _check_kinds(info, _ENDING, "the last step")
    _check_vectors(info, max_new_tokens)
    _check_response(info)
    _check_amounts(info)
    _check_records(info["certificate"])
    _check_payload(info.get("certificate_payload", {}))
    _check_prefix_values(info)
    _check_candidates(info, info["token_rewards"].shape)
    if "candidate_ids" in info and ids is not None:
        for at, token in enumerate(ids[: info["response_length"]]):
            _check_sampled(info, token, float(info["token_rewards"][at]), at)
    _check_sum([rewards] if isinstance(rewards, int | float) else list(rewards), info["token_rewards"])


class Freshness:
    """Checks that infos do not share arrays with earlier ones."""

    def __init__(self) -> None:
        self._infos: deque[Info] = deque(maxlen=2)  # of the last reset and the last step
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def check(self, infos: Info, path: str = "info") -> None:
        """Checks that the infos, and every array in them, are new objects.

        Raises:
            ContractError: If one of them is returned again.
        """
        if any(infos is earlier for earlier in self._infos):
            raise ContractError(f"{path} must be a fresh dict in each call, got an earlier one")
        self._infos.append(infos)
        self._check_arrays(infos, path)

    def _check_arrays(self, infos: Info, path: str) -> None:
        for key, value in infos.items():
            place = f"{path}[{key!r}]"
            if isinstance(value, Mapping):
                self._check_arrays(cast(Info, value), place)
            elif isinstance(value, np.ndarray) and not key.startswith("_"):  # masks of vector environments
                array = cast(npt.NDArray[Any], value)
                if place in self._arrays and np.shares_memory(array, self._arrays[place]):
                    raise ContractError(
                        f"{place} must be a fresh array in each call, got memory of an earlier one"
                    )
                self._arrays[place] = array


class EpisodeWatch:
    """Checks the infos of one environment, step by step.

    Args:
        max_new_tokens: T, where it is known; otherwise that of the first episode is everyone's.
        vocab_size: V of an environment whose steps are tokens.
    """

    def __init__(self, *, max_new_tokens: int | None = None, vocab_size: int | None = None) -> None:
        self._max_new_tokens = max_new_tokens
        self._vocab_size = vocab_size
        self._fresh = Freshness()
        self._opening: set[str] = set()
        self._keys: set[str] | None = None
        self._rewards: list[float] = []
        self._ahead: Info = {}  # what was told of the next token

    @classmethod
    def of(cls, action_space: spaces.Space[Any]) -> EpisodeWatch:
        """Returns the watch for an environment with this space of (single) actions."""
        space = cast(Any, action_space)  # partly typed
        if isinstance(action_space, spaces.MultiDiscrete) and space.nvec.ndim == 1:
            return cls(max_new_tokens=space.nvec.size)
        if isinstance(action_space, spaces.Discrete):
            return cls(vocab_size=int(space.n))
        return cls()

    def begin(self, info: Info) -> None:
        """Checks the info of `reset`.

        Raises:
            ContractError: If it breaks the contract.
        """
        self._fresh.check(info)
        check_opening(info, vocab_size=self._vocab_size)
        self._opening = set(info)
        self._rewards = []
        self._ahead = info

    def step(self, reward: Any, terminated: bool, truncated: bool, info: Info, *, action: Any = None) -> None:
        """Checks what `step` returned.

        Args:
            reward: The reward.
            terminated: Whether the episode ended.
            truncated: Whether it was cut short.
            info: The info.
            action: The action, where it is known, so that its reward is compared with what was told of it.

        Raises:
            ContractError: If it breaks the contract, alone or with the steps before it.
        """
        self._fresh.check(info)
        if not isinstance(reward, float) or not math.isfinite(reward):
            raise ContractError(
                f"reward must be a finite float, got {reward!r} of type {type(reward).__name__}"
            )
        self._rewards.append(float(reward))
        shared = (self._opening & set(info)) - {"action_mask", *_AHEAD}
        if shared:
            raise ContractError(
                f"infos of reset and step must share no key but 'action_mask', got {min(shared)!r} in both"
            )
        if self._vocab_size is not None:
            self._check_token(info, action)
        if terminated:
            self._end(info, action)
        elif "token_rewards" in info and not truncated:
            raise ContractError("info['token_rewards'] must come with the last step of an episode alone")

    def _check_token(self, info: Info, action: Any) -> None:
        """Checks a step that was a token: what was told of it, and what is told of the next one."""
        assert self._vocab_size is not None
        _check_action_mask(info, self._vocab_size)
        if "candidate_ids" in self._ahead and action is not None:
            _check_sampled(self._ahead, int(action), self._rewards[-1], ...)
        if "token_rewards" not in info:
            _check_candidates(info, ())
        elif "candidate_ids" in info:
            raise ContractError("info['candidate_ids'] must not come with the last token: none follows it")
        self._ahead = info

    def _end(self, info: Info, action: Any) -> None:
        are_ids = self._vocab_size is None and action is not None and not isinstance(action, str)
        ids: list[int] | None = np.asarray(action).tolist() if are_ids else None
        check_episode(self._rewards, info, max_new_tokens=self._max_new_tokens, ids=ids)
        self._max_new_tokens = info["token_rewards"].size
        changed = set(info) ^ (set(info) if self._keys is None else self._keys)
        if changed:
            raise ContractError(
                f"every episode must end with the same keys of info, got {min(changed)!r} in some"
            )
        self._keys = set(info)
        self._rewards = []


def _check_kinds(info: Info, kinds: Mapping[str, type], where: str) -> None:
    for key, kind in kinds.items():
        if key not in info:
            raise ContractError(
                f"info of {where} must have {key!r}, got the keys {', '.join(map(repr, info)) or '(none)'}"
            )
        value = info[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ContractError(f"info[{key!r}] must be of type {kind.__name__}, got {type(value).__name__}")
        if kind is float and not math.isfinite(value):
            raise ContractError(f"info[{key!r}] must be finite, got {value!r}")


def _check_vectors(info: Info, max_new_tokens: int | None) -> None:
    rewards: npt.NDArray[Any] = info["token_rewards"]
    mask: npt.NDArray[Any] = info["response_mask"]
    shape = rewards.shape if max_new_tokens is None else (max_new_tokens,)
    for key, array, dtype in (("token_rewards", rewards, np.float32), ("response_mask", mask, np.int8)):
        if array.dtype != dtype or array.ndim != 1 or array.shape != shape:
            raise ContractError(
                f"info[{key!r}] must be {np.dtype(dtype)} of shape {shape if len(shape) == 1 else '(T,)'}, "
                f"got {array.dtype} of shape {array.shape}"
            )
    if not np.isfinite(rewards).all():
        raise ContractError(f"info['token_rewards'] must be finite, got {rewards.tolist()}")
    length = int(np.count_nonzero(mask))
    if not (mask[:length] == 1).all():
        raise ContractError(
            f"info['response_mask'] must be 1 on the first tokens and 0 after, got {mask.tolist()}"
        )
    if rewards[length:].any():
        raise ContractError(
            "info['token_rewards'] must be zero where info['response_mask'] is zero, "
            f"got {rewards.tolist()} with {length} real tokens"
        )


def _check_response(info: Info) -> None:
    length, counted = info["response_length"], int(info["response_mask"].sum())
    if length != counted:
        raise ContractError(f"info['response_length'] must be the sum of the mask, {counted}, got {length}")
    reason = info["finish_reason"]
    if reason not in FINISH_REASONS:
        raise ContractError(
            f"info['finish_reason'] must be one of {', '.join(FINISH_REASONS)}, got {reason!r}"
        )
    if (reason == "empty") != (length == 0):
        raise ContractError(
            f"info['finish_reason'] must be 'empty' for no token and never else, got {reason!r} for {length}"
        )
    if reason == "stop" and length == info["response_mask"].size:
        raise ContractError(
            f"info['finish_reason'] must be 'length' where all of {length} tokens are used, got 'stop'"
        )


def _check_amounts(info: Info) -> None:
    for key, value in info.items():
        is_amount = key.startswith("reward_") and key != "reward_design"
        if is_amount and not (isinstance(value, float) and math.isfinite(value)):
            raise ContractError(f"info[{key!r}] must be a finite float, got {value!r}")
    solved = info.get("solved", 0.0)
    if not isinstance(solved, float) or solved not in (0.0, 1.0):
        raise ContractError(f"info['solved'] must be 0.0 or 1.0, got {solved!r}")
    for key in info:
        if key == "judge" or key.startswith("judge_"):
            _check_judge(key, info[key])


def _check_judge(key: str, value: object) -> None:
    if not isinstance(value, float) or not 0.0 <= value <= 1.0:
        raise ContractError(f"info[{key!r}] must be a float in [0, 1], got {value!r}")


def _check_payload(payload: Any) -> None:
    if not isinstance(payload, dict):
        raise ContractError(f"info['certificate_payload'] must be a dict, got {type(payload).__name__}")
    _check_plain("certificate_payload", cast(object, payload))


def _check_records(certificate: list[Any]) -> None:
    for record in certificate:
        if not isinstance(record, dict):
            raise ContractError(
                f"info['certificate'] must be a list of dicts, got {type(record).__name__} in it"
            )
    _check_plain("certificate", certificate)


def _check_plain(key: str, value: object) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ContractError(f"info[{key!r}] must hold plain data that JSON can write: {error}") from error


def _check_prefix_values(info: Info) -> None:
    if "prefix_values" not in info:
        return
    array, shape = np.asarray(info["prefix_values"]), info["token_rewards"].shape
    if array.dtype != np.float32 or array.shape != shape:
        raise ContractError(f"info['prefix_values'] must be float32 of shape {shape}, got {array!r:.80}")
    if not np.isfinite(array).all() or array[0] or array[info["response_length"] :].any():
        raise ContractError(
            "info['prefix_values'] must be finite, and zero at the first token and where "
            f"info['response_mask'] is zero, got {array.tolist()}"
        )


def _check_candidates(info: Info, shape: tuple[int, ...]) -> None:
    """Checks what is told of the tokens that could have been, at positions of this shape: (T,), or ()."""
    if not any(key in info for key in _AHEAD):
        return
    missing = [key for key in _AHEAD if key not in info]
    if missing:
        raise ContractError(
            f"info must have all of {', '.join(map(repr, _AHEAD))}, or none: {missing[0]!r} is missing"
        )
    ids, rewards, others = (np.asarray(info[key]) for key in _AHEAD)
    if ids.dtype != np.int64 or ids.ndim != 1 or (ids[:1] < 0).any() or (np.diff(ids) <= 0).any():
        raise ContractError(f"info['candidate_ids'] must be ids int64 (K,) that increase, got {ids!r:.80}")
    wanted = {"candidate_rewards": (rewards, (*shape, len(ids))), "other_rewards": (others, shape)}
    for key, (array, form) in wanted.items():
        if array.dtype != np.float32 or array.shape != form:
            raise ContractError(
                f"info[{key!r}] must be float32 of shape {form}, got {array.dtype} of shape {array.shape}"
            )
        if not np.isfinite(array).all():
            raise ContractError(f"info[{key!r}] must be finite, got {array[~np.isfinite(array)][0]}")
        if shape and array[info["response_length"] :].any():
            raise ContractError(f"info[{key!r}] must be zero where info['response_mask'] is zero")


def _check_sampled(info: Info, token: int, reward: float, at: Any) -> None:
    """Checks that a token that was sampled earned what is told of it."""
    ids = info["candidate_ids"]
    column = int(np.searchsorted(ids, token))
    is_own = column < len(ids) and int(ids[column]) == token
    told = info["candidate_rewards"][at, column] if is_own else info["other_rewards"][at]
    if abs(float(told) - reward) > _TOLERANCE * max(1.0, abs(reward)):
        key = "candidate_rewards" if is_own else "other_rewards"
        raise ContractError(
            f"info[{key!r}] must hold what a token earns that is sampled, {reward!r} for token {token}, "
            f"got {float(told)!r}"
        )


def _check_sum(rewards: list[float], token_rewards: npt.NDArray[Any]) -> None:
    total = float(token_rewards.sum(dtype=np.float64))
    if len(rewards) == 1 and rewards[0] != total:
        raise ContractError(
            f"reward must be the sum of info['token_rewards'] in float64, {total!r}, got {rewards[0]!r}"
        )
    paid = math.fsum(rewards)
    if abs(paid - total) > _TOLERANCE * max(1.0, float(np.abs(token_rewards).sum(dtype=np.float64))):
        raise ContractError(
            f"the rewards of an episode must add up to the sum of info['token_rewards'], {total!r}: its "
            f"{len(rewards)} steps paid {paid!r}"
        )


def _check_action_mask(info: Info, vocab_size: int) -> None:
    mask = info.get("action_mask")
    if not isinstance(mask, np.ndarray):
        raise ContractError(
            f"info must have 'action_mask' int8 ({vocab_size},) in every step, got the keys "
            f"{', '.join(map(repr, info))}"
        )
    array = cast(npt.NDArray[Any], mask)
    if array.dtype != np.int8 or array.shape != (vocab_size,):
        raise ContractError(
            f"info['action_mask'] must be int8 of shape ({vocab_size},), "
            f"got {array.dtype} of shape {array.shape}"
        )
    if not np.isin(array, (0, 1)).all() or not array.any():
        raise ContractError("info['action_mask'] must be 1 on some token and 0 on the others")

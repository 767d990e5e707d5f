"""Wrappers that transform token rewards, and the step's reward with them.

One mechanism serves all forms: a function f of token rewards is applied to `info["token_rewards"]`, where the
mask is 1, to what a step pays before the end, and to what other tokens would have earned. The last step pays
the sum of the vector less what was paid already, so that the rewards of an episode always add up to its token
rewards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.core import ActType, ObsType
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AutoresetMode, VectorEnv

from rlsf_gym.wrappers.vector_base import Array, VectorBase

__all__ = [
    "ClipTokenRewards",
    "ScaleTokenRewards",
    "TransformTokenRewards",
    "VectorClipTokenRewards",
    "VectorScaleTokenRewards",
    "VectorTransformTokenRewards",
]

Rewards = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Function = Callable[[Rewards], npt.NDArray[Any]]


class TransformTokenRewards(gym.Wrapper[ObsType, ActType, ObsType, ActType], RecordConstructorArgs):
    """Wrapper that replaces every token reward r by f(r).

    So are `candidate_rewards` and `other_rewards`. `utility`, `reward_<rule>`, `prefix_values` and all else
    in the info stay as they are.

    Args:
        env: An environment whose steps are responses or tokens.
        function: f, from a float32 array of token rewards to an array of the same shape, elementwise.

    Raises:
        ValueError: If `function`, in a step, gives another shape or what is not finite.
    """

    def __init__(self, env: gym.Env[ObsType, ActType], function: Function) -> None:
        RecordConstructorArgs.__init__(self, function=function)
        gym.Wrapper.__init__(self, env)
        self._function = function
        self._paid = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsType, dict[str, Any]]:
        """Resets the environment."""
        self._paid = 0.0
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, info | _transform_candidates(self._function, info)

    def step(self, action: ActType) -> tuple[ObsType, SupportsFloat, bool, bool, dict[str, Any]]:
        """Takes a step; returns the transformed reward and token rewards."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        if "token_rewards" in info:
            rewards = _transform(self._function, info["token_rewards"], info["response_mask"] != 0)
            ahead = _transform_candidates(self._function, info)
            info = info | {"token_rewards": rewards} | ahead
            changed = _total(rewards) - self._paid
        else:
            step_reward = np.array([float(reward)], np.float32)
            changed = float(_transform(self._function, step_reward, np.ones(1, np.bool_))[0])
            info = info | _transform_candidates(self._function, info)
        self._paid += changed
        return observation, changed, terminated, truncated, info


class ScaleTokenRewards(TransformTokenRewards[ObsType, ActType]):
    """Wrapper that multiplies every token reward, and so the step's reward, by a factor.

    Args:
        env: An environment whose steps are responses or tokens.
        factor: Factor of all token rewards, finite.

    Raises:
        ValueError: If the factor is not finite.
    """

    def __init__(self, env: gym.Env[ObsType, ActType], factor: float) -> None:
        RecordConstructorArgs.__init__(self, factor=factor)
        super().__init__(env, _scaling(factor))


class ClipTokenRewards(TransformTokenRewards[ObsType, ActType]):
    """Wrapper that clips every token reward; the step's reward is the sum of the clipped ones.

    Args:
        env: An environment whose steps are responses or tokens.
        low: Lower bound of a real token's reward; `-math.inf` for no bound.
        high: Upper bound of it; `math.inf` for no bound.

    Raises:
        ValueError: If `low` is greater than `high`, or one of them is NaN.
    """

    def __init__(self, env: gym.Env[ObsType, ActType], low: float, high: float) -> None:
        RecordConstructorArgs.__init__(self, low=low, high=high)
        super().__init__(env, _clipping(low, high))


class VectorTransformTokenRewards(VectorBase[ObsType, ActType]):
    """`TransformTokenRewards` for vector environments, native or Gymnasium's, in any autoreset mode.

    Args:
        env: A vector environment whose steps are responses or tokens.
        function: f, from a float32 array of token rewards to an array of the same shape, elementwise.

    Raises:
        ValueError: If `function`, in a step, gives another shape or what is not finite.
    """

    def __init__(self, env: VectorEnv[ObsType, ActType, Array], function: Function) -> None:
        super().__init__(env)
        self._function = function
        self._next_step = env.metadata.get("autoreset_mode") == AutoresetMode.NEXT_STEP
        self._paid = np.zeros(env.num_envs)  # (B,) float64
        self._ended = np.zeros(env.num_envs, np.bool_)  # (B,)

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsType, dict[str, Any]]:
        """Resets all sub-environments, or those of `options["reset_mask"]`."""
        begun = np.array((options or {}).get("reset_mask", np.ones(self.num_envs, np.bool_)))
        observations, infos = self.env.reset(seed=seed, options=options)
        self._paid = np.where(begun, 0.0, self._paid)
        self._ended = self._ended & ~begun
        return observations, infos | _transform_candidates(self._function, infos)

    def step(self, actions: ActType) -> tuple[ObsType, Array, Array, Array, dict[str, Any]]:
        """Takes a step; returns the transformed rewards and token rewards."""
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        # Under NEXT_STEP a step after an end is a reset: it pays nothing.
        playing = ~self._ended if self._next_step else np.ones(self.num_envs, np.bool_)
        changed = _transform(self._function, rewards.astype(np.float32), playing).astype(np.float64)
        infos = infos | _transform_candidates(self._function, infos)
        final: dict[str, Any] = infos.get("final_info", infos)
        if "token_rewards" in final:
            vectors = _transform(
                self._function, final["token_rewards"], final["response_mask"] != 0
            )  # (B, T)
            totals = np.array([_total(vector) for vector in vectors])
            changed = np.where(final["_token_rewards"], totals - self._paid, changed)
            ahead = _transform_candidates(self._function, final) if "final_info" in infos else {}
            final = final | {"token_rewards": vectors} | ahead
            infos = infos | {"final_info": final} if "final_info" in infos else final
        self._ended = np.logical_or(terminations, truncations)
        self._paid = np.where(self._ended, 0.0, self._paid + changed)
        return observations, changed, terminations, truncations, infos


class VectorScaleTokenRewards(VectorTransformTokenRewards[ObsType, ActType]):
    """`ScaleTokenRewards` for vector environments.

    Args:
        env: A vector environment whose steps are responses or tokens.
        factor: Factor of all token rewards, finite.

    Raises:
        ValueError: If the factor is not finite.
    """

    def __init__(self, env: VectorEnv[ObsType, ActType, Array], factor: float) -> None:
        super().__init__(env, _scaling(factor))


class VectorClipTokenRewards(VectorTransformTokenRewards[ObsType, ActType]):
    """`ClipTokenRewards` for vector environments.

    Args:
        env: A vector environment whose steps are responses or tokens.
        low: Lower bound of a real token's reward; `-math.inf` for no bound.
        high: Upper bound of it; `math.inf` for no bound.

    Raises:
        ValueError: If `low` is greater than `high`, or one of them is NaN.
    """

    def __init__(self, env: VectorEnv[ObsType, ActType, Array], low: float, high: float) -> None:
        super().__init__(env, _clipping(low, high))


def _transform(function: Function, rewards: Rewards, mask: Mask) -> Rewards:
    """Returns float32 f(r) where the mask is True and 0 elsewhere, a new array."""
    with np.errstate(over="ignore"):
        changed = np.asarray(function(np.array(rewards, order="K")), np.float32)
    if changed.shape != rewards.shape:
        raise ValueError(f"function must keep the shape {rewards.shape} of the rewards, got {changed.shape}")
    changed = np.where(mask, changed, np.float32(0))
    if not np.isfinite(changed).all():
        raise ValueError(f"function must give finite float32 rewards, got {changed.tolist()}")
    return changed


def _transform_candidates(function: Function, infos: dict[str, Any]) -> dict[str, Any]:
    """Returns what other tokens would have earned, transformed, where infos tell it."""
    if "candidate_rewards" not in infos:
        return {}
    rewards, others = infos["candidate_rewards"], infos["other_rewards"]
    mask = np.ones(np.shape(others), np.bool_)  # of the next token: (), or (B,)
    if "response_mask" in infos and np.shape(others) == np.shape(infos["response_mask"]):
        mask = infos["response_mask"] != 0  # of a whole response: (T,), or (B, T)
    if "_candidate_rewards" in infos:
        mask = mask & infos["_candidate_rewards"].reshape(-1, *[1] * (mask.ndim - 1))
    return {
        "candidate_rewards": _transform(function, rewards, mask[..., None]),
        "other_rewards": _transform(function, others, mask)[()],
    }


def _total(rewards: Rewards) -> float:
    return float(rewards.sum(dtype=np.float64))


def _scaling(factor: float) -> Function:
    if not math.isfinite(factor):
        raise ValueError(f"factor must be finite, got {factor!r}")
    return partial(_scale, factor)


def _clipping(low: float, high: float) -> Function:
    if not low <= high:
        raise ValueError(f"low must be at most high, got low={low!r} and high={high!r}")
    return partial(_clip, low, high)


def _scale(factor: float, rewards: Rewards) -> Rewards:
    return rewards * np.float32(factor)


def _clip(low: float, high: float, rewards: Rewards) -> Rewards:
    return np.clip(rewards, np.float32(low), np.float32(high))

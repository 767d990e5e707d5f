"""Wrappers that replace the reward design of an existing environment."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.core import ActType, ObsType
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv

from rlsf_gym.envs.task import Task
from rlsf_gym.wrappers.vector_base import Array, VectorBase

__all__ = ["SwapDesign", "VectorSwapDesign"]


class SwapDesign(gym.Wrapper[ObsType, ActType, ObsType, ActType], RecordConstructorArgs):
    """Wrapper that replaces the reward design of an environment.

    Prompts, scorer, tokenizer and all else stay those of the environment, and the sequence of prompts is
    the one that it would have drawn without the wrapper. The design is set on `env.unwrapped` and stays
    there: wrap before the first reset, and wrap again to go back.

    Args:
        env: An environment of this package.
        reward_design: Anything that `gym.make(..., reward_design=...)` takes.
        **kwargs: Arguments of the design.

    Raises:
        ValueError: If the environment is not one of this package's, there is no such design, or it does not
            take the arguments.
    """

    def __init__(self, env: gym.Env[ObsType, ActType], reward_design: Any, **kwargs: Any) -> None:
        RecordConstructorArgs.__init__(self, reward_design=reward_design, **kwargs)
        gym.Wrapper.__init__(self, env)
        _swap(env.unwrapped, reward_design, kwargs)


class VectorSwapDesign(VectorBase[ObsType, ActType]):
    """`SwapDesign` for the vector environments of this package.

    For one of Gymnasium's, wrap the parts: `make_vec(id, vectorization_mode="sync", wrappers=[...])`.

    Args:
        env: A vector environment of this package.
        reward_design: Anything that `gym.make_vec(..., reward_design=...)` takes.
        **kwargs: Arguments of the design.

    Raises:
        ValueError: If the environment is not one of this package's, there is no such design, or it does not
            take the arguments.
    """

    def __init__(self, env: VectorEnv[ObsType, ActType, Array], reward_design: Any, **kwargs: Any) -> None:
        super().__init__(env)
        _swap(env.unwrapped, reward_design, kwargs)


def _swap(env: Any, reward_design: Any, kwargs: dict[str, Any]) -> None:
    task = getattr(env, "task", None)
    if not isinstance(task, Task):
        raise ValueError(
            f"env must be an environment of rlsf_gym, which has a task, got {type(env).__name__}: "
            "of a sync or async vector, wrap the parts"
        )
    env.task = task.with_design(reward_design, kwargs)

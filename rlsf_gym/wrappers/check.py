"""Wrapper that checks an environment against the info contract while it is used."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
from gymnasium.core import ActType, ObsType
from gymnasium.utils import RecordConstructorArgs

from rlsf_gym.contract import EpisodeWatch

__all__ = ["CheckTokenRewards"]


class CheckTokenRewards(gym.Wrapper[ObsType, ActType, ObsType, ActType], RecordConstructorArgs):
    """Wrapper that raises as soon as a step or an episode breaks the info contract.

    For any environment whose steps are responses or tokens; as the outermost wrapper it checks what an agent
    sees. An episode that a time limit cuts short promises nothing.

    Args:
        env: The environment to be checked.
    """

    def __init__(self, env: gym.Env[ObsType, ActType]) -> None:
        RecordConstructorArgs.__init__(self)
        gym.Wrapper.__init__(self, env)
        self._watch = EpisodeWatch.of(env.action_space)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsType, dict[str, Any]]:
        """Resets the environment and checks the info.

        Raises:
            ContractError: If the info breaks the contract.
        """
        observation, info = self.env.reset(seed=seed, options=options)
        self._watch.begin(info)
        return observation, info

    def step(self, action: ActType) -> tuple[ObsType, SupportsFloat, bool, bool, dict[str, Any]]:
        """Takes a step and checks reward and info.

        Raises:
            ContractError: If the reward or the info breaks the contract.
        """
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._watch.step(reward, terminated, truncated, info, action=action)
        return observation, reward, terminated, truncated, info

"""Base class of the single environments: task, random generators, spec and rendering."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Generic, TypeVar

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec

from rlsf_gym.envs.options import given_instance
from rlsf_gym.envs.screen import RENDER_MODES, Episode, check_render_mode, show
from rlsf_gym.envs.task import TaskArguments, is_exact, make_task
from rlsf_gym.instance import Instance
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["TaskEnv"]

Observation = TypeVar("Observation")
Action = TypeVar("Action")


class TaskEnv(gym.Env[Observation, Action], Generic[Observation, Action]):
    """Base class of environments that draw prompts and reward responses.

    Args:
        task: The keyword arguments that all environments share.
        render_mode: None, `"ansi"` or `"rgb_array"`.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 1}  # noqa: RUF012

    def __init__(self, task: TaskArguments, render_mode: str | None) -> None:
        # Its own: Gymnasium below 1.4 writes a vector's autoreset mode into the metadata of its first part.
        self.metadata = dict(self.metadata)
        self.render_mode = check_render_mode(render_mode)
        self.task = make_task(type(self).__name__, task)
        self._design_rng: np.random.Generator | None = None
        self._episode: Episode | None = None
        self._spec: EnvSpec | None = None

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer: `encode(str) -> ids` and `decode(ids) -> str`."""
        return self.task.tokenizer

    @property
    def spec(self) -> EnvSpec | None:
        """Gymnasium's spec; marked nondeterministic where scores vary by 1e-5 with the batch."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        if spec is not None and not is_exact(self.task.feedback.scorer):
            spec = replace(spec, nondeterministic=True)
        self._spec = spec

    def render(self) -> Any:
        """Returns prompt and response, coloured by reward once the episode has ended; None without a mode."""
        if self.render_mode is None or self._episode is None:
            return None
        return show(self._episode, self.tokenizer, self.render_mode, self.task.segmentation)

    def _begin(self, seed: int | None, options: dict[str, Any] | None) -> Instance:
        """Seeds the generators, and returns the instance of the new episode, given or drawn."""
        super().reset(seed=seed)
        given = given_instance(options, self.task)
        if seed is not None or self._design_rng is None:
            self._design_rng = self.np_random.spawn(1)[0]
        return self.task.begin(self.np_random, given)

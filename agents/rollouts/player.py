"""Everything that collects rollouts, as one object: environment, policy, reference, processes, patience.

Any Gymnasium `VectorEnv` whose episodes are one step long will do: observations Dict(`prompt_ids` (B, P),
`prompt_mask` (B, P)), actions MultiDiscrete([V + 1] * T) whose index V means no token, `token_rewards` and
`response_mask` in the info of a step, and `eos_token_id` in that of a reset. No other info is needed, but for
`prompt` in that of a reset where learners form groups, and `prefix_values` in that of a step where a critic
builds on them; what else there is, is averaged if it is a number and
shown if it is the text under `prompt` or `response_text`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import VectorEnv

from agents.parallel import ALONE, Processes
from agents.policies.policy import CausalLMPolicy

Environment = VectorEnv[Any, Any, Any]
IntArray = npt.NDArray[np.int64]


class Shapes(NamedTuple):
    """Sizes that the spaces of an environment imply."""

    episodes: int
    """Episodes per step, the number of sub-environments."""
    prompt_length: int
    """Number of prompt tokens, P."""
    response_length: int
    """Number of response tokens, T."""
    vocab_size: int
    """V; also the index that stands for no token."""


class Player(NamedTuple):
    """Collects rollouts: a policy in an environment, beside a reference."""

    env: Environment
    """A vector environment as the module docstring has it, autoreset SAME_STEP or DISABLED; of several
    processes each has its share of the sub-environments.
    """
    policy: CausalLMPolicy
    """Policy that samples the responses."""
    reference: CausalLMPolicy
    """Reference policy, which scores the responses too; the KL is measured from it."""
    processes: Processes = ALONE
    """The processes that collect together, each its share; by default this one alone."""
    step_timeout: float | None = None
    """Seconds within which the environment has to answer a reset or a step; the process ends where it does
    not, as `agents.runs.watchdog` says. None: it is waited for.
    """

    @property
    def shapes(self) -> Shapes:
        """Sizes of this process's environment."""
        return read_shapes(self.env)


def read_shapes(env: Environment) -> Shapes:
    """Returns the sizes of an environment with the spaces of the module docstring.

    Raises:
        ValueError: If it is not a vector environment, or its spaces are others.
    """
    if not isinstance(cast(Any, env), VectorEnv):
        raise ValueError(
            f"env: expected a VectorEnv, got {type(env).__name__}; make one with gymnasium.make_vec"
        )
    action, observation = cast(Any, env).single_action_space, cast(Any, env).single_observation_space
    sizes: list[int] = (
        cast(Any, action).nvec.ravel().tolist() if isinstance(action, spaces.MultiDiscrete) else []
    )
    if not sizes or len(set(sizes)) != 1:
        raise ValueError(
            "env: expected one whose step is a whole response, with single_action_space "
            f"MultiDiscrete([V + 1] * T), got {action}"
        )
    if not isinstance(observation, spaces.Dict) or not {"prompt_ids", "prompt_mask"} <= set(
        cast(Any, observation)
    ):
        raise ValueError(f"env: expected observations Dict(prompt_ids, prompt_mask), got {observation}")
    prompt_length = int(cast(Any, observation["prompt_ids"]).shape[0])
    return Shapes(env.num_envs, prompt_length, len(sizes), int(sizes[0]) - 1)

"""Plays the episodes of one iteration: rounds, seeds and lengths, as the counters and the generator say.

Every round resets the environment with a seed that is a function of the learner's seed and its counters, so
that where a run stands in the prompts needs no saving.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from agents.policy import CausalLMPolicy
from agents.ppo_config import TokenPPOConfig
from agents.rollout import Collected, Environment, Shapes, collect, read_shapes
from agents.tensors import concatenate_rollouts


def play(
    env: Environment,
    policy: CausalLMPolicy,
    reference: CausalLMPolicy,
    config: TokenPPOConfig,
    *,
    iteration: int,
    generator: torch.Generator,
    step_timeout: float | None = None,
) -> Collected:
    """Returns the `batch_size` episodes of an iteration, in as many rounds as the environment needs.

    Args:
        env: As `agents.rollout.collect` takes it.
        policy: Samples.
        reference: Scores.
        config: `seed`, `batch_size`, `response_length` and `kl_estimator` are read.
        iteration: Iterations done before.
        generator: On the CPU; draws lengths and tokens. As it was before where an exception leaves this.
        step_timeout: As `agents.rollout.collect` takes it.
    """
    shapes = read_shapes(env)
    low, high = config.length_range(shapes.response_length)
    before = generator.get_state()
    try:
        parts = [
            collect(
                env,
                policy,
                reference,
                seed=environment_seed(config.seed, iteration, index),
                lengths=torch.randint(low, high + 1, (shapes.episodes,), generator=generator),
                generator=generator,
                exact_kl=config.kl_estimator == "exact",
                step_timeout=step_timeout,
            )
            for index in range(config.batch_size // shapes.episodes)
        ]
    except BaseException:
        generator.set_state(before)  # a learner that is saved now plays this iteration again, to the bit
        raise
    seconds = {phase: sum(part.seconds[phase] for part in parts) for phase in parts[0].seconds}
    episodes = [info for part in parts for info in part.episodes]
    return Collected(concatenate_rollouts([part.rollout for part in parts]), episodes, seconds)


def make_env(
    env: Environment | str, config: TokenPPOConfig, env_kwargs: Mapping[str, Any] | None
) -> Environment:
    """Returns the environment, made with `batch_size` episodes where it is given as an id.

    Raises:
        ValueError: `env_kwargs` are given for one that is made already.
    """
    if isinstance(env, str):
        return gym.make_vec(env, num_envs=config.batch_size, **(env_kwargs or {}))
    if env_kwargs:
        raise ValueError(
            f"env_kwargs: expected none for an environment that is made already, got {sorted(env_kwargs)}"
        )
    return env


def environment_seed(seed: int, iteration: int, index: int) -> int:
    """Returns the seed that the environment is reset with in a round of an iteration, in [0, 2**31)."""
    return int(np.random.SeedSequence([seed, iteration, index]).generate_state(1, np.uint32)[0] >> 1)


def check_rounds(config: TokenPPOConfig, shapes: Shapes) -> None:
    """Checks that whole rounds of an environment make up a batch.

    Raises:
        ValueError: They do not.
    """
    if config.batch_size % shapes.episodes:
        raise ValueError(
            f"batch_size: expected a multiple of the environment's num_envs = {shapes.episodes}, "
            f"got {config.batch_size}"
        )

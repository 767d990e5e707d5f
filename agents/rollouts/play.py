"""Plays the episodes of one iteration: rounds, seeds, groups and lengths, as counters and generator say.

Every round resets the environment with a seed that is a function of the learner's seed and its counters, so
that where a run stands in the prompts needs no saving.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from agents.config import LearnerConfig
from agents.maths.tensors import concatenate_rollouts
from agents.parallel import ALONE, Processes
from agents.policies.policy import CausalLMPolicy
from agents.rollouts.collect import Collected, Environment, Shapes, read_shapes
from agents.rollouts.env_answers import split_infos
from agents.rollouts.shares import collect_shares
from agents.runs.watchdog import deadline


def play(
    env: Environment,
    policy: CausalLMPolicy,
    reference: CausalLMPolicy,
    config: LearnerConfig,
    *,
    iteration: int,
    generator: torch.Generator,
    step_timeout: float | None = None,
    processes: Processes = ALONE,
) -> Collected:
    """Returns the `batch_size` episodes of an iteration, in as many rounds as the environment needs.

    Args:
        env: As `agents.rollouts.collect.collect` takes it; this process's share of a round.
        policy: Samples.
        reference: Scores.
        config: `seed`, `batch_size`, `group_size`, `response_length` and `kl_estimator` are read.
        iteration: Iterations done before.
        generator: On the CPU; draws lengths, one to a group, and tokens. As it was before where an exception
            leaves this.
        step_timeout: As `agents.rollouts.collect.collect` takes it.
        processes: Who plays; by default this process alone.

    Raises:
        ValueError: No episode of the batch has a token.
    """
    shapes = read_shapes(env)
    episodes = shapes.episodes * processes.count
    low, high = config.length_range(shapes.response_length)
    groups = (episodes // config.group_size,)
    seeds = [
        environment_seed(config.seed, iteration, index) for index in range(config.batch_size // episodes)
    ]
    before = generator.get_state()
    try:
        parts = [
            collect_shares(
                processes,
                env,
                policy,
                reference,
                seed=seed,
                options=group_options(
                    env, seed, config.group_size, rank=processes.rank, step_timeout=step_timeout
                ),
                lengths=torch.randint(low, high + 1, groups, generator=generator).repeat_interleave(
                    config.group_size
                ),
                generator=generator,
                exact_kl=config.kl_estimator == "exact",
                step_timeout=step_timeout,
            )
            for seed in seeds
        ]
    except BaseException:
        generator.set_state(before)  # a learner that is saved now plays this iteration again, to the bit
        raise
    seconds = {phase: sum(part.seconds[phase] for part in parts) for phase in parts[0].seconds}
    infos = [info for part in parts for info in part.episodes]
    rollout = concatenate_rollouts([part.rollout for part in parts])
    if not bool(rollout.response_mask.any()):
        generator.set_state(before)
        raise ValueError(
            f"info['response_mask']: expected at least one token in the {len(infos)} episodes of a batch, "
            "got none: there is nothing to learn from; make the environment count the tokens that it is given"
        )
    return Collected(rollout, infos, seconds)


def group_options(
    env: Environment, seed: int, group_size: int, *, rank: int = 0, step_timeout: float | None = None
) -> dict[str, Any] | None:
    """Returns the options of a reset that gives each prompt to `group_size` episodes next to each other.

    The prompts are the first that the environment draws by itself after a reset with the seed, passed on
    unread; None, without a reset, where each episode is a group of its own. Those of several processes follow
    on each other, in the order of their ranks. The reset has `step_timeout` seconds, as in
    `agents.rollouts.collect.collect`.

    Raises:
        ValueError: The environment does not say what its prompts are.
    """
    if group_size == 1:
        return None
    groups = env.num_envs // group_size
    with deadline(step_timeout, "env.reset"):
        _, infos = env.reset(seed=seed + rank * groups)
    openings = split_infos(infos, env.num_envs)[:groups]
    if not all("prompt" in info for info in openings):
        raise ValueError(
            f"env: expected 'prompt' in the infos of reset, to form groups of {group_size}, "
            f"got {sorted(openings[0])}"
        )
    return {"prompts": [info["prompt"] for info in openings for _ in range(group_size)]}


def environment_seed(seed: int, iteration: int, index: int) -> int:
    """Returns the seed that the environment is reset with in a round of an iteration, in [0, 2**31)."""
    return int(np.random.SeedSequence([seed, iteration, index]).generate_state(1, np.uint32)[0] >> 1)


def make_env(
    env: Environment | str, config: LearnerConfig, env_kwargs: Mapping[str, Any] | None, processes: Processes
) -> Environment:
    """Returns the environment given, or one made from an id: this process's share of `batch_size` episodes.

    Raises:
        ValueError: There are arguments for an environment that is made already, or processes would get
            unequal shares.
    """
    if isinstance(env, str):
        processes.check_divides("batch_size", config.batch_size)
        return gym.make_vec(env, num_envs=config.batch_size // processes.count, **(env_kwargs or {}))
    if env_kwargs:
        raise ValueError(
            f"env_kwargs: expected none for an environment that is made already, got {sorted(env_kwargs)}"
        )
    return env


def check_rounds(config: LearnerConfig, shapes: Shapes, processes: Processes) -> None:
    """Checks that groups make up the rounds of an environment, rounds a batch, and equal shares all of it.

    Raises:
        ValueError: They do not.
    """
    if config.batch_size % (shapes.episodes * processes.count):
        times = "" if processes.count == 1 else f", times {processes.count} processes"
        raise ValueError(
            f"batch_size: expected a multiple of the environment's num_envs = {shapes.episodes}{times}, "
            f"got {config.batch_size}"
        )
    processes.check_divides("minibatch_size", config.minibatch_size)
    if shapes.episodes % config.group_size:
        raise ValueError(
            f"group_size: expected a divisor of the environment's num_envs = {shapes.episodes}, "
            f"got {config.group_size}"
        )

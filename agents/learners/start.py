"""All that precedes a learner's first iteration: its environment, checks, and the scale of its scores."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import torch

from agents.config import LearnerConfig
from agents.parallel import Processes
from agents.policies.tokenizer_match import check_tokenizers
from agents.rollouts.env_answers import read_eos_token_id, split_infos
from agents.rollouts.play import environment_seed, play
from agents.rollouts.player import Environment, Player, Shapes
from agents.runs.launcher import check_launcher

SCALE_EPISODES = 256
"""Responses measured, rounded up to whole batches: the scale is then right to about 4%."""
SCALE_SEED = 20_221
"""The same for every run, so that runs that differ in their seed share the scale."""


def make_env(
    env: Environment | str, config: LearnerConfig, env_kwargs: Mapping[str, Any] | None, processes: Processes
) -> Environment:
    """Returns the environment given, or one made from an id: this process's share of `batch_size` episodes.

    Raises:
        ValueError: If there are arguments for an environment that is made already, or processes would get
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
    """Checks that groups fill an environment's rounds, rounds a batch, equal shares both, and responses fit.

    Raises:
        ValueError: If they do not.
    """
    config.length_range(shapes.response_length)
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


def settle_models(player: Player, config: LearnerConfig) -> None:
    """Checks policy and reference, freezes the reference, and makes both equal in all processes.

    Raises:
        ValueError: If one does not go with the environment or the launcher, or the policy can't be trained.
    """
    policy, reference, shapes = player.policy, player.reference, player.shapes
    check_launcher(os.environ, policy.device.type)
    for module in (policy, reference):
        player.processes.copy_from_main(module)
    reference.restrict_vocabulary(shapes.vocab_size)
    if not any(parameter.requires_grad for parameter in policy.backbone.parameters()):
        raise ValueError(
            "policy: expected weights that can be trained, got a model whose weights are all frozen; "
            "call model.requires_grad_(True), or train an adapter (lora=)"
        )
    _, longest = config.length_range(shapes.response_length)
    for module in (policy, reference):
        module.backbone.limit.check(shapes.prompt_length, longest)
    reference.requires_grad_(False)


def read_end_token(player: Player, seed: int) -> int:
    """Returns the id of the environment's end token; warns of models with another tokenizer.

    Args:
        player: Its environment is reset.
        seed: Of the learner.

    Raises:
        ValueError: If the infos of the reset have none, or several.
    """
    shapes = player.shapes
    _, infos = player.env.reset(seed=environment_seed(seed, 0, 0))
    openings = split_infos(infos, shapes.episodes)
    end = read_eos_token_id(openings)
    tokenizers = {"policy": player.policy.tokenizer, "reference": player.reference.tokenizer}
    check_tokenizers(tokenizers, openings, shapes.vocab_size, warn=True)
    return end


def measure_score_scale(player: Player, config: LearnerConfig) -> float:
    """Returns the standard deviation of the returns of the reference's responses, without any penalty; > 0.

    Divided by it, the scores of any environment vary by 1 from response to response before anything is
    learned, so that a KL coefficient means the same everywhere (Ziegler et al. 2019 shift the mean to 0 as
    well). Nothing is shifted here: a shift of c per response spread over its tokens pays or charges length,
    and one on the last token alone pays or charges for ending there.

    Args:
        player: Its reference samples, in place of the policy.
        config: Sizes of batches, groups and responses are read.

    Raises:
        ValueError: If the returns do not vary.
    """
    player = player._replace(policy=player.reference)
    config = dataclasses.replace(config, seed=SCALE_SEED, kl_estimator="k3", candidates="off")
    generator = torch.Generator().manual_seed(SCALE_SEED)
    batches = [
        play(player, config, iteration=iteration, generator=generator).rollout.scores
        for iteration in range(math.ceil(SCALE_EPISODES / config.batch_size))
    ]
    scale = torch.cat(batches).double().sum(-1).std(correction=0).item()
    if not scale > 0.0:
        raise ValueError(
            "standardise_scores: expected returns of the reference that vary, got "
            f"{SCALE_EPISODES} or more equal ones; set it to False"
        )
    return scale

"""The scale of an environment's scores, measured on responses of the reference.

Divided by it, the scores of any environment vary by 1 from response to response before anything is learned,
so that a price of divergence means the same everywhere (Ziegler et al. 2019 shift the mean to 0
as well). Nothing is shifted here: a shift of c per response spread over its tokens pays or charges
length, and one on the last token alone pays or charges for ending there.
"""

from __future__ import annotations

import dataclasses
import math

import torch

from agents.config import LearnerConfig
from agents.parallel import ALONE, Processes
from agents.policies.policy import CausalLMPolicy
from agents.rollouts.collect import Environment
from agents.rollouts.play import play

EPISODES = 256
"""Responses measured, rounded up to whole batches: the scale is then right to about 4%."""
SEED = 20_221
"""The same for every run, so that runs that differ in their seed share the scale."""


def measure_score_scale(
    env: Environment,
    reference: CausalLMPolicy,
    config: LearnerConfig,
    step_timeout: float | None = None,
    processes: Processes = ALONE,
) -> float:
    """Returns the standard deviation of the returns of the reference's responses, without any penalty; > 0.

    Args:
        env: As `agents.rollouts.play.play` takes it.
        reference: Samples.
        config: Sizes of batches, groups and responses are read.
        step_timeout: As `agents.rollouts.collect.collect` takes it.
        processes: As `agents.rollouts.play.play` takes it.

    Raises:
        ValueError: The returns do not vary.
    """
    config = dataclasses.replace(config, seed=SEED, kl_estimator="k3")
    generator = torch.Generator().manual_seed(SEED)
    batches = [
        play(
            env,
            reference,
            reference,
            config,
            iteration=iteration,
            generator=generator,
            step_timeout=step_timeout,
            processes=processes,
        ).rollout.scores
        for iteration in range(math.ceil(EPISODES / config.batch_size))
    ]
    scale = torch.cat(batches).double().sum(-1).std(correction=0).item()
    if not scale > 0.0:
        raise ValueError(
            "standardise_scores: expected returns of the reference that vary, got "
            f"{EPISODES} or more equal ones; set it to False"
        )
    return scale

"""Collects the episodes of one iteration: rounds, seeds, groups and lengths, as counters and generator say.

Every round resets the environment with a seed that is a function of the learner's seed and its counters, so
that a run's place in the prompts needs no saving.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from agents.config import LearnerConfig
from agents.maths.tensors import Rollout, concatenate_rollouts
from agents.rollouts.candidates import join_feedback
from agents.rollouts.collect import Collected
from agents.rollouts.env_answers import split_infos
from agents.rollouts.player import Player
from agents.rollouts.shares import collect_shares
from agents.runs.watchdog import deadline


def play(player: Player, config: LearnerConfig, *, iteration: int, generator: torch.Generator) -> Collected:
    """Returns the `batch_size` episodes of an iteration, in as many rounds as the environment needs.

    Args:
        player: Collects.
        config: `seed`, `batch_size`, `group_size`, `response_length`, `kl_estimator`, `candidates` and
            `needs_prefix_values` are read.
        iteration: Iterations done before.
        generator: On the CPU; draws lengths, one to a group, and tokens. As it was before where an exception
            leaves this.

    Raises:
        ValueError: If no episode of the batch has a token, or infos lack what the settings need.
    """
    shapes = player.shapes
    episodes = shapes.episodes * player.processes.count
    low, high = config.length_range(shapes.response_length)
    groups = (episodes // config.group_size,)
    before = generator.get_state()
    rounds: list[Collected] = []
    try:
        for index in range(config.batch_size // episodes):
            seed = environment_seed(config.seed, iteration, index)
            options = group_options(player, seed, config.group_size)
            lengths = torch.randint(low, high + 1, groups, generator=generator)
            rounds.append(
                collect_shares(
                    player,
                    seed=seed,
                    options=options,
                    lengths=lengths.repeat_interleave(config.group_size),
                    generator=generator,
                    exact_kl=config.kl_estimator == "exact",
                    with_candidates=config.with_candidates,
                )
            )
        joined = _join(rounds, player)
        _check_needs(joined.rollout, config)
        return joined
    except BaseException:
        generator.set_state(before)  # a learner that is saved now collects this iteration again, to the bit
        raise


def _join(rounds: Sequence[Collected], player: Player) -> Collected:
    """Returns rounds as one batch.

    Raises:
        ValueError: If no episode has a token.
    """
    seconds = {phase: sum(one.seconds[phase] for one in rounds) for phase in rounds[0].seconds}
    infos = [info for one in rounds for info in one.episodes]
    rollout = concatenate_rollouts([one.rollout for one in rounds])
    if not bool(rollout.response_mask.any()):
        raise ValueError(
            f"info['response_mask']: expected at least one token in the {len(infos)} episodes of a batch, "
            "got none: there is nothing to learn from; make the environment count the tokens that it is given"
        )
    feedback = [one.feedback for one in rounds if one.feedback is not None]
    if feedback:
        masks = [one.rollout.response_mask for one in rounds]
        rollout = rollout._replace(kinds=join_feedback(feedback, masks, player.policy, player.processes))
    return Collected(rollout, infos, seconds)


def _check_needs(rollout: Rollout, config: LearnerConfig) -> None:
    """Checks that the environment reports what the settings build on.

    Raises:
        ValueError: If it does not.
    """
    if config.needs_prefix_values and rollout.prefix_values is None:
        raise ValueError(
            "critic_offset: expected 'prefix_values' in the infos of a step, got none; "
            "make the environment with prefix_values=True, or set critic_offset to 0"
        )


def group_options(player: Player, seed: int, group_size: int) -> dict[str, Any] | None:
    """Returns the options of a reset that gives each prompt to `group_size` episodes next to each other.

    The prompts are the first that the environment draws by itself after a reset with the seed, passed on
    unread; None, without a reset, where each episode is a group of its own. Those of several processes follow
    on each other, in the order of their ranks.

    Raises:
        ValueError: If the environment does not say what its prompts are.
    """
    if group_size == 1:
        return None
    env = player.env
    groups = env.num_envs // group_size
    with deadline(player.step_timeout, "env.reset"):
        _, infos = env.reset(seed=seed + player.processes.rank * groups)
    return repeat_openings(split_infos(infos, env.num_envs)[:groups], group_size)


def repeat_openings(openings: Sequence[Mapping[str, Any]], times: int) -> dict[str, Any]:
    """Returns the options of a reset that begins episodes as others began, each so many `times` in a row.

    What an episode is about is its `instance`, where infos have one, and its `prompt` otherwise.

    Args:
        openings: The infos of a reset, one for each episode.
        times: Episodes for each of them.

    Raises:
        ValueError: If the infos have neither.
    """
    for key in ("instance", "prompt"):
        if all(key in info for info in openings):
            return {f"{key}s": [info[key] for info in openings for _ in range(times)]}
    raise ValueError(
        f"env: expected 'instance' or 'prompt' in the infos of reset, to begin {times} episodes alike, "
        f"got {sorted(openings[0])}"
    )


def environment_seed(seed: int, iteration: int, index: int) -> int:
    """Returns the seed that the environment is reset with in a round of an iteration, in [0, 2**31)."""
    return int(np.random.SeedSequence([seed, iteration, index]).generate_state(1, np.uint32)[0] >> 1)

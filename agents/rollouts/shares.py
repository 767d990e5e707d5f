"""Plays a round of episodes in several processes, each its share, so that the whole is what one would play.

Gymnasium seeds sub-environment i of a vector environment with seed + i. So a process whose share begins at
row n resets its own, smaller vector environment with seed + n, and its sub-environments draw what those rows
would have drawn in one process. An environment that draws otherwise gives other prompts than one process, but
never the same ones in two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from agents.maths.tensors import Rollout
from agents.parallel import Processes
from agents.policies.policy import CausalLMPolicy
from agents.policies.sampling import RowsOfDraw
from agents.rollouts.collect import Collected, Environment, collect


def collect_shares(
    processes: Processes,
    env: Environment,
    policy: CausalLMPolicy,
    reference: CausalLMPolicy,
    *,
    seed: int,
    options: Mapping[str, Any] | None = None,
    generator: torch.Generator,
    lengths: Tensor,
    exact_kl: bool = True,
    step_timeout: float | None = None,
) -> Collected:
    """Returns the episodes of all processes, in the order of their ranks, on this policy's device.

    Args:
        processes: Who plays; each calls this with equal arguments, but for the environment and the options.
        env: This process's share of the round, of one size in all processes.
        policy: As `agents.rollouts.collect.collect` takes it.
        reference: As `agents.rollouts.collect.collect` takes it.
        seed: That of the whole round.
        options: As `agents.rollouts.collect.collect` takes them, for this process's share.
        generator: On the CPU; draws for the whole round, so that it stands alike in all processes.
        lengths: (B,) int64, the largest length of each response of the whole round.
        exact_kl: As `agents.rollouts.collect.collect` takes it.
        step_timeout: As `agents.rollouts.collect.collect` takes it.

    Raises:
        ConnectionError: Another process has ended.
    """
    share = processes.share(lengths)
    first = processes.rank * len(share)
    draws = RowsOfDraw(generator, len(lengths), int(lengths.max()), first=first)
    played = collect(
        env,
        policy,
        reference,
        seed=seed + first,
        options=options,
        generator=draws,
        lengths=share,
        exact_kl=exact_kl,
        step_timeout=step_timeout,
    )
    rollout = Rollout(*(processes.gather_rows(field) for field in played.rollout))
    return Collected(rollout, processes.gather_items(played.episodes), played.seconds)

"""Collects a round of episodes in several processes, each its share, equal to the round of one process.

Gymnasium seeds sub-environment i of a vector environment with seed + i. So a process whose share begins at
row n resets its own, smaller vector environment with seed + n, and its sub-environments draw what those rows
would have drawn in one process. An environment that draws otherwise gives other prompts than one process, but
never the same ones in two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor

from agents.maths.tensors import Rollout
from agents.policies.sampling import RowsOfDraw
from agents.rollouts.candidates import gather_feedback
from agents.rollouts.collect import Collected, collect
from agents.rollouts.player import Player


def collect_shares(
    player: Player,
    *,
    seed: int,
    options: Mapping[str, Any] | None = None,
    generator: torch.Generator,
    lengths: Tensor,
    exact_kl: bool = True,
    with_candidates: bool | None = False,
) -> Collected:
    """Returns the episodes of all processes, in the order of their ranks, on this policy's device.

    Args:
        player: Each process's own, with equal policies and equal numbers of sub-environments.
        seed: That of the whole round; the same in all processes, like the arguments below but for options.
        options: Passed to `reset` of this process's environment.
        generator: On the CPU; draws for the whole round, so that its state stays equal in all processes.
        lengths: (B,) int64, the largest length of each response of the whole round.
        exact_kl: `Rollout.kl` sums over the vocabulary; else it is k3.
        with_candidates: Read what every next token would have earned; None: where the environment sends it.

    Raises:
        ConnectionError: If another process has ended.
    """
    processes = player.processes
    share = processes.share(lengths)
    first = processes.rank * len(share)
    draws = RowsOfDraw(generator, len(lengths), int(lengths.max()), first=first)
    own = collect(
        player, seed=seed + first, options=options, generator=draws, lengths=share, exact_kl=exact_kl,
        with_candidates=with_candidates,
    )  # fmt: skip
    fields = cast("tuple[Tensor | None, ...]", tuple(own.rollout))  # a whole batch alone has kinds
    gathered = (None if field is None else processes.gather_rows(field) for field in fields)
    rollout = Rollout(*cast(Any, gathered))
    feedback = None if own.feedback is None else gather_feedback(own.feedback, processes)
    return Collected(rollout, processes.gather_items(own.episodes), own.seconds, feedback)

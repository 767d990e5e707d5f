"""The statistics of an update: by minibatch, over all processes that share it, and in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import torch

from agents.maths.losses import RatioStatistics
from agents.parallel import Processes


class StepStats(NamedTuple):
    """Statistics of one minibatch, or of a part of one, before its optimiser step."""

    approx_kl: float
    """Approximate KL from the sampling policy, as in `agents.maths.losses.RatioStatistics`."""
    ratio_mean: float
    """Mean ratio over the real tokens."""
    ratio_error: float
    """Largest distance of a ratio from 1."""
    terms: Mapping[str, float]
    """The statistics of the loss, by log key."""


class UpdateStats(NamedTuple):
    """Statistics of one update."""

    steps: int
    """Number of optimiser steps taken."""
    first: StepStats
    """Statistics of the first minibatch, before any optimiser step."""
    mean: StepStats
    """Mean of the statistics over the minibatches."""
    grad_norm: float
    """Mean norm of the gradients before they were scaled down."""


def step_stats(ratios: RatioStatistics, terms: Mapping[str, torch.Tensor]) -> StepStats:
    """Returns statistics as Python numbers, for which a device is waited for."""
    numbers = (number.item() for number in ratios)
    return StepStats(*numbers, terms={key: value.item() for key, value in terms.items()})


def combine_parts(parts: Sequence[StepStats], tokens: Sequence[int], processes: Processes) -> StepStats:
    """Returns the statistics of a minibatch from those of its parts, the parts of all processes.

    Args:
        parts: Of this process; as many as any other process has, with the same terms.
        tokens: Real tokens of each part.
        processes: Who has the other parts.
    """
    rows = [
        (part.approx_kl, *part.terms.values(), part.ratio_mean, part.ratio_error, float(count))
        for part, count in zip(parts, tokens, strict=True)
    ]
    table = processes.gather_rows(torch.tensor(rows, dtype=torch.float64))  # (parts of all, columns) float64
    columns: list[list[float]] = cast(Any, table.T).tolist()
    approx_kl, *terms, means, errors, counts = columns
    total = sum(counts)
    return StepStats(
        approx_kl=sum(approx_kl),
        ratio_mean=sum(ratio * (count / total) for ratio, count in zip(means, counts, strict=True)),
        ratio_error=max(errors),
        terms={key: sum(column) for key, column in zip(parts[0].terms, terms, strict=True)},
    )


def summarise(seen: Sequence[StepStats], norms: Sequence[float]) -> UpdateStats:
    """Returns the statistics of an update from those of its minibatches and the norms of its steps."""

    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values)

    overall = StepStats(
        approx_kl=mean([step.approx_kl for step in seen]),
        ratio_mean=mean([step.ratio_mean for step in seen]),
        ratio_error=mean([step.ratio_error for step in seen]),
        terms={key: mean([step.terms[key] for step in seen]) for key in seen[0].terms},
    )
    return UpdateStats(len(norms), seen[0], overall, mean(norms) if norms else 0.0)

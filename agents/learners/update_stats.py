"""What an update measures, by minibatch and in all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch

from agents.parallel import Processes


class StepFigures(NamedTuple):
    """What one minibatch measured before its optimiser step."""

    policy_loss: float
    value_loss: float
    """0 without a critic."""
    approx_kl: float
    clip_fraction: float
    ratio_mean: float
    ratio_error: float


class UpdateFigures(NamedTuple):
    """What one update measured."""

    steps: int
    """Optimiser steps taken."""
    first: StepFigures
    """Of the first minibatch, before anything moved."""
    mean: StepFigures
    """Mean over the minibatches."""
    grad_norm: float
    """Mean norm of the gradients before they were scaled down."""


def combine_parts(parts: Sequence[StepFigures], tokens: Sequence[int], processes: Processes) -> StepFigures:
    """Returns the figures of a minibatch from those of its parts, the parts of all processes.

    Args:
        parts: Of this process; as many as any other process has.
        tokens: Real tokens of each part.
        processes: Who has the other parts.
    """
    rows = [(*part, float(count)) for part, count in zip(parts, tokens, strict=True)]
    table = processes.gather_rows(torch.tensor(rows, dtype=torch.float64))  # (parts of all, 7) float64
    columns: list[list[float]] = cast(Any, table.T).tolist()
    *_, means, errors, counts = columns
    total = sum(counts)
    mean = sum(ratio * (count / total) for ratio, count in zip(means, counts, strict=True))
    added = StepFigures(*(sum(column) for column in columns[:-1]))
    return added._replace(ratio_mean=mean, ratio_error=max(errors))


def summarise(seen: Sequence[StepFigures], norms: Sequence[float]) -> UpdateFigures:
    """Returns the figures of an update from those of its minibatches and the norms of its steps."""
    mean = StepFigures(*(sum(column) / len(seen) for column in zip(*seen, strict=True)))
    return UpdateFigures(len(norms), seen[0], mean, sum(norms) / len(norms) if norms else 0.0)

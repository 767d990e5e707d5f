"""Batches of responses as named tensors, with statistics over their real tokens.

Masks are True on real tokens, everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from agents.maths.kinds import Kinds, KindTargets, States

VARIANCE_FLOOR = 1e-8
"""Added to a variance before its root is divided by."""


class Rollout(NamedTuple):
    """One batch of collected episodes; every field has the episodes on its first axis."""

    tokens: Tensor
    """(B, P + T) int64: left-padded prompt, then the response; 0 where the mask is False."""
    attention_mask: Tensor
    """(B, P + T) bool: True on real tokens of prompt and response."""
    response_mask: Tensor
    """(B, T) bool: True on real response tokens, the end token included."""
    scores: Tensor
    """(B, T) float32: the environment's token rewards, before any penalty."""
    logprobs: Tensor
    """(B, T) float32: of the sampled tokens under the policy that sampled them; 0 outside the mask."""
    values: Tensor
    """(B, T) float32: the critic's value of the state before each token; 0 outside the mask."""
    entropy: Tensor
    """(B, T) float32: of the sampling distribution, in nats; 0 outside the mask."""
    ref_logprobs: Tensor
    """(B, T) float32: of the sampled tokens under the reference; 0 outside the mask."""
    kl: Tensor
    """(B, T) float32: KL(policy, reference) at each token, in nats: exact, or the k3 estimate; 0 outside the
    mask.
    """
    prefix_values: Tensor | None = None
    """(B, T) float32: what the environment knows of the value of the state before each token, in units of
    `scores`; 0 outside the mask. None: it does not say.
    """
    kinds: Kinds | None = None
    """What every next token would have earned, by kind; None: that is not learned from."""

    @property
    def prompt_length(self) -> int:
        """P, the number of prompt columns."""
        return self.tokens.shape[1] - self.scores.shape[1]


class Estimates(NamedTuple):
    """Advantages of the tokens of a batch, and the critic's targets."""

    advantages: Tensor
    """(B, T) float32, 0 outside the mask."""
    returns: Tensor | None
    """Targets of the critic, (B, T) float32; None: there is no critic to train."""


class Batch(NamedTuple):
    """A rollout prepared for an update; every field has the episodes on its first axis."""

    tokens: Tensor
    """Token ids of prompt and response, (B, P + T) int64."""
    attention_mask: Tensor
    """True on real tokens of prompt and response, (B, P + T) bool."""
    response_mask: Tensor
    """True on real tokens of the response, (B, T) bool."""
    logprobs: Tensor
    """Log-probabilities under the policy that sampled, (B, T) float32."""
    ref_logprobs: Tensor
    """Log-probabilities of the same tokens under the reference, (B, T) float32."""
    values: Tensor
    """Values of the critic when the episodes were collected, (B, T) float32."""
    rewards: Tensor
    """Shaped rewards, before they are scaled, (B, T) float32."""
    advantages: Tensor
    """Advantage of each token, (B, T) float32."""
    returns: Tensor | None
    """Targets of the critic, (B, T) float32; None: there is no critic to train."""
    offsets: Tensor | None = None
    """Part of `values` that is known, (B, T) float32; the value head learns the rest. None: there is none."""
    kinds: KindTargets | None = None
    """What is learned of kinds of tokens; None: nothing."""


class Scored(NamedTuple):
    """Given responses as a policy scores them; every field is 0 outside the response mask."""

    logprobs: Tensor
    """Log-probability of each token under the policy, (B, T) float32."""
    values: Tensor
    """Value of the state before each token, (B, T) float32."""
    entropy: Tensor | None
    """Entropy of each token's distribution in nats, (B, T) float32; None if not asked for."""
    kl: Tensor | None
    """(B, T) float32, exact KL in nats where asked for: of given distributions from this policy, or of this
    policy from the reference, with gradient.
    """
    kinds: Tensor | None = None
    """Probabilities of kinds of tokens, (B, T, C) float32, where asked for."""
    states: States | None = None
    """Outputs of the backbone before each token, (B, T, ...), where asked for."""


def take_rows(batch: Batch, rows: Tensor) -> Batch:
    """Returns the episodes at `rows`, (N,) int64, in that order."""
    fields: dict[str, Tensor | None] = batch._asdict()
    kinds = cast("KindTargets | None", fields.pop("kinds"))
    taken = {name: None if field is None else field[rows] for name, field in fields.items()}
    return Batch(**cast(Any, taken), kinds=None if kinds is None else kinds.take(rows))


def split_rows(x: Tensor, size: int) -> list[Tensor]:
    """Returns pieces of at most `size` rows, in order."""
    return [x[start : start + size] for start in range(0, len(x), size)]


def concatenate_rollouts(rollouts: Sequence[Rollout]) -> Rollout:
    """Returns rollouts of equal P and T, whose kinds of tokens are not told yet, as one, in order."""
    columns = zip(*rollouts, strict=True)
    return Rollout(*cast(Any, (None if fields[0] is None else torch.cat(fields) for fields in columns)))


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Returns the mean of `x` over the real tokens of the whole batch, a scalar.

    Args:
        x: (B, T) float.
        mask: (B, T) bool with at least one True.
    """
    return (x * mask).sum() / mask.sum()


def masked_var(x: Tensor, mask: Tensor) -> Tensor:
    """Returns the population variance of `x` over the real tokens of the whole batch, a scalar.

    Args:
        x: (B, T) float.
        mask: (B, T) bool with at least one True.
    """
    return masked_mean((x - masked_mean(x, mask)).square(), mask)


def floored_deviation(deviation: Tensor, floor: Tensor | float) -> Tensor:
    """Returns what numbers of some deviations are divided by: from the floor on the deviation, 1 near 0.

    Between floor^2 and the floor it is floor^2 / deviation, so that nothing jumps: numbers of deviation d
    come to one of (d / floor)^2. Of a batch that earned nothing, what varies is noise of the critic and of
    the KL penalty: blown up to a deviation of 1 it would move the policy as far as what is earned does.

    Args:
        deviation: Any shape, float >= 0.
        floor: > 0, in the same unit.
    """
    return torch.maximum(deviation, (floor * floor / deviation).clamp(max=1.0))


def whitening_factor(x: Tensor, mask: Tensor, *, floor: Tensor | float) -> Tensor:
    """Returns 1 over the standard deviation of all real tokens of the batch, a scalar; about 1 where it is 0.

    Multiplied by it, zeros stay zeros, ratios and signs stay. (Some trainers scale around the mean and add
    the mean back, which shifts every token by mean * (1 - 1 / std) and so pays or charges length.)

    Args:
        x: (B, T) float.
        mask: (B, T) bool.
        floor: Smaller deviations count as `floored_deviation` has it.
    """
    variance = masked_var(x, mask)
    deviation = variance.sqrt()
    whole = torch.rsqrt(variance + VARIANCE_FLOOR)
    return torch.where(deviation >= floor, whole, 1.0 / floored_deviation(deviation, floor))


def whiten(x: Tensor, mask: Tensor, *, floor: Tensor | float) -> Tensor:
    """Returns `x` less its mean, times its `whitening_factor`, 0 outside the mask.

    Args:
        x: (B, T) float.
        mask: (B, T) bool; the mean is over all real tokens of the batch.
        floor: As in `whitening_factor`.
    """
    return (x - masked_mean(x, mask)) * whitening_factor(x, mask, floor=floor) * mask


def centred(x: Tensor, mask: Tensor) -> Tensor:
    """Returns `x` less its mean over all real tokens of the batch, (B, T) float, 0 outside the mask.

    Args:
        x: (B, T) float.
        mask: (B, T) bool.
    """
    return (x - masked_mean(x, mask)) * mask


def prefix_mask(lengths: Tensor, width: int) -> Tensor:
    """Returns (B, width) bool, True on the first `lengths[b]` columns of each row.

    Args:
        lengths: (B,) int64 in [0, width].
        width: Number of columns.
    """
    return torch.arange(width, device=lengths.device) < lengths[:, None]

"""The terms that an update minimises, each a sum over real tokens divided by a constant.

The constant is given by the caller and is the same for every minibatch of a batch and every part of a
minibatch, so that each token weighs the same whatever the length of its response (a mean per response or per
minibatch would pay for length), and so that gradients of parts add up to the gradient of the whole.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class SurrogateLoss(NamedTuple):
    """The clipped surrogate loss with its clip fraction; scalars, of which only `loss` carries a gradient."""

    loss: Tensor
    """Minus the clipped surrogate objective, to be minimised."""
    clip_fraction: Tensor
    """Number of real tokens whose ratio lies outside the clip range, over the denominator."""


class RatioStatistics(NamedTuple):
    """Statistics of the ratios to the policy that sampled; scalars without a gradient."""

    approx_kl: Tensor
    """Sum over real tokens of (ratio - 1) - log(ratio), over the denominator: non-negative, 0 when nothing
    moved.
    """
    ratio_mean: Tensor
    """Mean ratio over the real tokens given; 1 where there is no real token."""
    ratio_error: Tensor
    """Largest distance of a ratio from 1 over the real tokens given."""


def masked_sum(x: Tensor, mask: Tensor, denominator: float) -> Tensor:
    """Returns the sum of `x` (B, T) over real tokens, over the denominator; a NaN elsewhere is unseen."""
    return torch.where(mask, x, 0.0).sum() / denominator


def clipped_surrogate(
    logprobs: Tensor,
    old_logprobs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    cliprange: float,
    cliprange_high: float | None = None,
    denominator: float,
) -> SurrogateLoss:
    """Returns the PPO policy loss: minus the sum of min(ratio * A, clip(ratio) * A), over the denominator.

    Schulman et al. (2017), eq. 7, with ratio = exp(log pi - log pi_old) per token; the two sides of the clip
    range apart as in DAPO (2025, arXiv 2503.14476).

    Args:
        logprobs: (B, T) float32 with gradient.
        old_logprobs: (B, T) float32, of the policy that sampled.
        advantages: (B, T) float32.
        mask: (B, T) bool.
        cliprange: Ratios are clipped to [1 - cliprange, 1 + cliprange_high].
        cliprange_high: None: `cliprange`.
        denominator: The constant of the module docstring.
    """
    log_ratio = torch.where(mask, logprobs - old_logprobs, 0.0)  # (B, T) float32
    ratio = log_ratio.exp()
    high = cliprange if cliprange_high is None else cliprange_high
    clipped = ratio.clamp(1.0 - cliprange, 1.0 + high)
    loss = -masked_sum(torch.minimum(ratio * advantages, clipped * advantages), mask, denominator)
    with torch.no_grad():
        distance = ratio - 1.0
        outside = (distance > high) | (-distance > cliprange)
        return SurrogateLoss(loss, masked_sum(outside.float(), mask, denominator))


@torch.no_grad()
def ratio_statistics(
    logprobs: Tensor, old_logprobs: Tensor, mask: Tensor, *, denominator: float
) -> RatioStatistics:
    """Returns statistics of the ratios exp(log pi - log pi_old) of a batch's tokens.

    Args:
        logprobs: (B, T) float32.
        old_logprobs: (B, T) float32, of the policy that sampled.
        mask: (B, T) bool.
        denominator: The constant of the module docstring.
    """
    log_ratio = torch.where(mask, logprobs - old_logprobs, 0.0)  # (B, T) float32
    ratio = log_ratio.exp()
    return RatioStatistics(
        approx_kl=masked_sum(ratio - 1.0 - log_ratio, mask, denominator),
        ratio_mean=ratio[mask].mean() if bool(mask.any()) else ratio.new_ones(()),
        ratio_error=(ratio - 1.0).abs().max(),
    )


def value_loss(
    values: Tensor,
    old_values: Tensor,
    returns: Tensor,
    mask: Tensor,
    *,
    cliprange_value: float | None,
    denominator: float,
) -> Tensor:
    """Returns half the squared error of the critic, summed over real tokens, over the denominator.

    With `cliprange_value` the larger of the errors of the value and of the value clipped to within that
    distance of the old one, so that one update cannot carry the critic far.

    Args:
        values: (B, T) float32 with gradient.
        old_values: (B, T) float32, when the episodes were collected.
        returns: (B, T) float32, the targets.
        mask: (B, T) bool.
        cliprange_value: Distance in units of reward, or None for no clipping.
        denominator: The constant of the module docstring.
    """
    error = (values - returns).square()
    if cliprange_value is not None:
        clipped = old_values + (values - old_values).clamp(-cliprange_value, cliprange_value)
        error = torch.maximum(error, (clipped - returns).square())
    return 0.5 * masked_sum(error, mask, denominator)


def kl_k3(logprobs: Tensor, ref_logprobs: Tensor, mask: Tensor) -> Tensor:
    """Returns the k3 estimate of KL(pi, pi_ref) at each sampled token, (B, T) float32 >= 0, 0 off the mask.

    (r - 1) - log r with r = pi_ref(a) / pi(a): unbiased for a sampled from pi, and never negative.

    Args:
        logprobs: (B, T) float32 under pi.
        ref_logprobs: (B, T) float32 under the reference.
        mask: (B, T) bool.
    """
    log_ratio = torch.where(mask, ref_logprobs - logprobs, 0.0)
    return log_ratio.exp() - 1.0 - log_ratio


def explained_variance(values: Tensor, returns: Tensor, mask: Tensor) -> float:
    """Returns 1 - var(returns - values) / var(returns) over real tokens.

    1 is a perfect critic, 0 one that knows the mean. 0 where the returns do not vary: there
    is nothing to explain.

    Args:
        values: (B, T) float32.
        returns: (B, T) float32.
        mask: (B, T) bool with at least one True.
    """
    targets, errors = returns[mask].double(), (returns - values)[mask].double()  # (N,) float64
    spread = targets.var(correction=0).item()
    return 1.0 - errors.var(correction=0).item() / spread if spread > 0.0 else 0.0

"""Token rewards to advantages: shares of a reward, the KL penalty, generalised advantage estimation.

1. Where Schulman et al. (2016) end an episode with a terminal state, we end it after the last real token: the
   value after it is 0, also when the response was cut by its length limit, because the limit belongs to the
   task.
2. The KL penalty is the k1 estimate, log pi - log pi_ref of the sampled token, *inside the reward*: its
   policy gradient is that of the exact divergence. (k1 as a loss and k3 as a reward are not.) The exact
   KL_t = E over a of k1_t(a) in its place would lose part of it: KL_t depends on s_t alone, so
   E[grad log pi(a_t | s_t) KL_t] = 0, while E[grad log pi(a_t | s_t) k1_t] = grad KL_t is what is wanted. It
   is right for the tokens before t, whose choice leads to s_t, and wrong for token t itself, from whose
   advantage kl_coef * (k1_t - KL_t) would have to come off again: no reward per token says both.
3. Where GTPO (2025, arXiv 2508.04349) weighs a token's reward by its share H_{i,t} / sum_k H_{k,t} of the
   entropies at the same position t of all responses k of a group, and right answers unlike wrong ones,
   `entropy_share` takes the share within the response alone, whatever the sign of the reward, so that the
   tokens' rewards add up to what the response earned.
"""

from __future__ import annotations

import torch
from torch import Tensor


def kl_shaped_rewards(
    scores: Tensor, logprobs: Tensor, ref_logprobs: Tensor, mask: Tensor, kl_coef: float
) -> Tensor:
    """Returns r_t = score_t - kl_coef * (log pi(a_t) - log pi_ref(a_t)), (B, T) float32, 0 outside the mask.

    Args:
        scores: (B, T) float32, the environment's token rewards.
        logprobs: (B, T) float32, of the sampled tokens under the policy.
        ref_logprobs: (B, T) float32, under the reference.
        mask: (B, T) bool.
        kl_coef: KL coefficient, >= 0.
    """
    return (scores - kl_coef * (logprobs - ref_logprobs)) * mask


def entropy_share(totals: Tensor, entropy: Tensor, mask: Tensor) -> Tensor:
    """Returns r_t = R * H_t / sum_k H_k, k over the response's tokens, (B, T) float, 0 outside the mask.

    A row adds up to its total, up to rounding. One without any entropy is shared out evenly.

    Args:
        totals: (B,) float, R of each response.
        entropy: (B, T) float, H_t of the distribution that token t was sampled from, in nats, without a
            gradient; what rounding left below 0 counts as 0, and what is outside the mask is not read.
        mask: (B, T) bool; a row without a token gets nothing.
    """
    weights = entropy.clamp(min=0.0).masked_fill(~mask, 0.0)  # (B, T) float
    has_any = weights.any(-1, keepdim=True)  # (B, 1) bool
    weights = torch.where(has_any, weights, mask.to(weights.dtype))
    whole = weights.sum(-1, keepdim=True)  # (B, 1) float
    return totals[:, None] * (weights / torch.where(whole > 0.0, whole, 1.0))


def charge_missing_end(
    rewards: Tensor, tokens: Tensor, mask: Tensor, *, eos_token_id: int, penalty: float
) -> Tensor:
    """Returns rewards less `penalty` on the last real token of each response without an end token.

    Args:
        rewards: (B, T) float32.
        tokens: (B, T) int64, the response.
        mask: (B, T) bool, a prefix of each row.
        eos_token_id: Id of the end token.
        penalty: What is taken off, in units of reward.
    """
    last = last_token_mask(mask)  # (B, T) bool
    return rewards - penalty * (last & (tokens != eos_token_id))


def last_token_mask(mask: Tensor) -> Tensor:
    """Returns (B, T) bool, True at the last real token of each row of a prefix mask (B, T) bool."""
    return mask & ~torch.nn.functional.pad(mask[:, 1:], (0, 1))


def gae(rewards: Tensor, values: Tensor, mask: Tensor, *, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Returns advantages and returns, both (B, T) float32, 0 outside the mask.

    delta_t = r_t + gamma * V_{t+1} - V_t (Schulman et al. 2016, eq. 11) and A_t = delta_t + gamma * lam *
    A_{t+1} (eq. 16), with V = A = 0 after the last real token. The returns, A_t + V_t, are the critic's
    targets.

    Args:
        rewards: (B, T) float32.
        values: (B, T) float32, V_t of the state before token t.
        mask: (B, T) bool, a prefix of each row.
        gamma: Discount in [0, 1].
        lam: Trace decay in [0, 1]; 1 gives the return minus the value.
    """
    values = values * mask
    next_values = torch.nn.functional.pad(values[:, 1:], (0, 1))
    deltas = (rewards + gamma * next_values - values) * mask  # (B, T) float32
    advantages = torch.zeros_like(deltas)
    running = torch.zeros_like(deltas[:, 0])  # (B,) float32
    for t in range(deltas.shape[1] - 1, -1, -1):
        running = deltas[:, t] + gamma * lam * running
        advantages[:, t] = running
    return advantages, advantages + values

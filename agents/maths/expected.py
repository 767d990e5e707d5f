"""Rewards in expectation over the next token, and what is learned from them.

Where an environment says what every next token a would have earned at each state s, r(s, a), the policy
gradient falls into two parts (Ciosek and Whiteson 2018, expected policy gradients, arXiv 1706.05374 and
1801.03326; Petit et al. 2019, all-action gradients, arXiv 1910.09093). With pi the policy, ref the reference,
beta the KL coefficient, r'(s, a) = r(s, a) - beta log(pi(a|s) / ref(a|s)), and states s_0, s_1, ... as
sampled,

    grad J = E[ sum_t grad ( sum_a pi(a|s_t) r(s_t, a) - beta KL(pi, ref)(s_t) )             exact
              + sum_t grad log pi(a_t|s_t) F_t ],   F_t = sum over k >= 1 of gamma^k r'(s_{t+k}, a_{t+k})

as sum_a grad pi(a|s) log(pi / ref) is grad KL: what is missing to the derivative of a logarithm,
sum_a pi grad log pi, is 0. In the first part a_t is not sampled. In the second,

1. later rewards are taken in expectation as well: given s_{t+k}, the token a_{t+k} is independent of a_t, so
   that r'(s_{t+k}, a_{t+k}) may be replaced by e(s_{t+k}), e(s) = sum_a pi(a|s) r(s, a) - beta KL(s), of the
   same mean and less variance;
2. so F_t is the sum of x_t, gamma x_{t+1}, ... with x_t = gamma e(s_{t+1}), 0 at the last token: every
   estimator of advantages applies to the rewards x as it is. A critic learns E[F_t | s_t], what comes after
   the next token, not its reward, and a function of the state is a baseline of F_t as of any return;
3. rewards that are known for the sampled token alone are part of x_t.

With rewards of kinds (see `agents.maths.kinds`), sum_a pi(a|s) r(s, a) = sum_c P_c R_c, P_c the probability
of the tokens of a kind: the gradient is exact, as the tokens of a kind earn the same.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from agents.maths.losses import masked_sum

LOSS_OF_VALUE = 1e-6
"""A token that loses no more than this keeps the value: rewards are float32."""


class ExpectedLoss(NamedTuple):
    """A loss over kinds of tokens; scalars, of which only `loss` carries a gradient."""

    loss: Tensor
    """Scalar that the learner minimises."""
    clip_fraction: Tensor
    """Probability of the kinds whose ratio lies outside the clip range, summed over real tokens, over the
    denominator.
    """


def expected_rewards(probabilities: Tensor, rewards: Tensor) -> Tensor:
    """Returns sum_c P_c R_c, (B, T) float.

    Args:
        probabilities: (B, T, C) float.
        rewards: (B, T, C) float.
    """
    return torch.einsum("btc,btc->bt", probabilities, rewards)


def rewards_to_come(expected: Tensor, mask: Tensor, *, gamma: float) -> Tensor:
    """Returns x_t = gamma e_{t+1}, the expected reward of the next state, (B, T) float; 0 at the last token.

    Args:
        expected: (B, T) float, e of the module docstring.
        mask: (B, T) bool, a prefix of each row.
        gamma: Discount in [0, 1].
    """
    return gamma * torch.nn.functional.pad((expected * mask)[:, 1:], (0, 1))


def clipped_expectation(
    probabilities: Tensor,
    old_probabilities: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    cliprange: float,
    cliprange_high: float | None = None,
    denominator: float,
) -> ExpectedLoss:
    """Returns minus the sum of P_old min(rho A, clip(rho) A) over kinds and tokens, over the denominator.

    rho = P / P_old: PPO's trust region (Schulman et al. 2017, eq. 7) for each kind, the sampled token's
    clipped ratio in expectation. Where a kind is one token it is the clip of that token; of a kind with many
    it bounds their sum, on which alone the expected reward depends. Before the first step its gradient is
    that of sum_c P_c A_c.

    Args:
        probabilities: P, (B, T, C) float32 with gradient.
        old_probabilities: P_old, (B, T, C) float32, of the policy that sampled.
        advantages: A, (B, T, C) float32.
        mask: (B, T) bool.
        cliprange: Ratios are clipped to [1 - cliprange, 1 + cliprange_high].
        cliprange_high: None: `cliprange`.
        denominator: The constant of `agents.maths.losses`.
    """
    high = cliprange if cliprange_high is None else cliprange_high
    least, most = (1.0 - cliprange) * old_probabilities, (1.0 + high) * old_probabilities
    clipped = torch.minimum(torch.maximum(probabilities, least), most)
    gains = torch.minimum(probabilities * advantages, clipped * advantages).sum(-1)  # (B, T) float32
    with torch.no_grad():
        outside = (probabilities < least) | (probabilities > most)
        clip_fraction = masked_sum((old_probabilities * outside).sum(-1), mask, denominator)
    return ExpectedLoss(-masked_sum(gains, mask, denominator), clip_fraction)


def good_kinds(rewards: Tensor) -> Tensor:
    """Returns which kinds keep or raise the value, (B, T, C) float, 1 or 0.

    Args:
        rewards: (B, T, C) float.
    """
    return (rewards >= -LOSS_OF_VALUE).to(rewards.dtype)


def good_set_loss(probabilities: Tensor, good: Tensor, mask: Tensor, *, denominator: float) -> Tensor:
    """Returns minus the sum over tokens of log sum_c good_c P_c, over the denominator.

    With G the good tokens of a state, -log pi(G) is the least KL(q, pi) of all q on G, and is reached by
    q(a) = pi(a | G), the policy itself without its bad tokens. Its gradient is that of cross-entropy with
    labels drawn from this q:

        grad -log pi(G) = - sum over a in G of pi(a | G) grad log pi(a).

    So it is near to supervised learning, on answers that the environment corrects, at states that the policy
    itself reaches (as in DAgger, Ross et al. 2011, arXiv 1011.0686): no advantage, no critic and no sampled
    return enter, and rewards count by their sign alone. Where every state has a good token and a response of
    good tokens alone is right, the expected sum over the states of such responses bounds minus the logarithm
    of the probability of a right response from above (Jensen); it is no bound for the states after a bad
    token. Among the good tokens of a state nothing is preferred, also where one of them earns more.

    A state without a good token, after which nothing can be right, is left out.

    Args:
        probabilities: P, (B, T, C) float32 with gradient.
        good: (B, T, C) float32, 1 for good kinds, 0 for others.
        mask: (B, T) bool.
        denominator: The constant of `agents.maths.losses`.
    """
    counts = mask & good.any(-1)  # (B, T) bool
    share = torch.where(counts, (probabilities * good).sum(-1), 1.0)
    return -masked_sum(share.log(), counts, denominator)

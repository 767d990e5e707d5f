"""What every next token would have earned, told by kind: tokens that earn the same everywhere are one kind.

A batch of B responses of T tokens over a vocabulary of V has B T V rewards, of which most are equal: a token
that no rule of a scorer knows earns what thousands of others do. So the V tokens are sorted into C kinds,
whose rewards are equal in every position of the batch, and a batch holds (B, T, C) rewards and a number for
each token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

States = tuple[Tensor, Tensor | None]
"""Outputs of a model before each token, as `agents.policies.trunks.trunk.Outputs` has them: (B, T, H) hidden
states, and (B, T, L) logits of a model whose logits are not its head's of the hidden states.
"""


class KindRewards(NamedTuple):
    """Rewards of the next tokens of a batch, by kind."""

    kind_of: Tensor
    """Kind of each token, (V,) int64 in [0, C); kinds are numbered by their smallest tokens."""
    rewards: Tensor
    """What a token of each kind would have earned, (B, T, C) float32; 0 outside the response mask."""


class Kinds(NamedTuple):
    """Rewards of the next tokens of a batch by kind, with the probabilities that they were sampled with."""

    kind_of: Tensor
    """Kind of each token, (V,) int64 in [0, C)."""
    rewards: Tensor
    """What a token of each kind would have earned, (B, T, C) float32; 0 outside the response mask."""
    probabilities: Tensor
    """Of each kind under the policy that sampled, (B, T, C) float32; 0 outside the response mask."""
    ref_states: States
    """Outputs of the reference before each token; 0 outside the response mask."""


class KindTargets(NamedTuple):
    """What an update reads of the kinds of a batch."""

    kind_of: Tensor
    """Kind of each token, (V,) int64 in [0, C)."""
    values: Tensor
    """What is learned of each kind, (B, T, C) float32: its advantage, or 1 for a good kind, 0 for others."""
    probabilities: Tensor
    """Of each kind under the policy that sampled, (B, T, C) float32."""
    kl_weight: Tensor
    """Weight of the KL from the reference at each token, (B, T) float32."""
    ref_states: States | None
    """Outputs of the reference before each token; None: the KL has no weight."""

    def take(self, rows: Tensor) -> KindTargets:
        """Returns the episodes at `rows`, (N,) int64, in that order."""
        states = self.ref_states
        return KindTargets(
            self.kind_of,
            self.values[rows],
            self.probabilities[rows],
            self.kl_weight[rows],
            None if states is None else (states[0][rows], None if states[1] is None else states[1][rows]),
        )


def number_kinds(keys: np.ndarray[Any, np.dtype[Any]]) -> tuple[Tensor, Tensor]:
    """Returns kinds (V,) int64 of tokens with equal keys, and the smallest token of each kind, (C,) int64.

    Kinds are numbered by their smallest tokens, so that the same kinds always have the same numbers.

    Args:
        keys: (V,), of any dtype that can be sorted.
    """
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)  # (C,)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return torch.as_tensor(rank[inverse.reshape(-1)]), torch.as_tensor(first[order])


def merge_kinds(parts: Sequence[KindRewards]) -> KindRewards:
    """Returns the kinds of several batches as one, of the rows of all, in order.

    Tokens are of one kind where they are in every batch, which is the same whatever the batches were.

    Args:
        parts: Of equal V and T, at least one.
    """
    if len(parts) == 1:
        return parts[0]
    keys = np.zeros(len(parts[0].kind_of), dtype=np.int64)  # (V,)
    for part in parts:  # numbered anew at each, so that no key exceeds V squared
        pairs = keys * part.rewards.shape[-1] + part.kind_of.cpu().numpy()
        keys = number_kinds(pairs)[0].numpy()
    kind_of, smallest = number_kinds(keys)
    kind_of = kind_of.to(parts[0].kind_of.device)
    taken = [part.rewards[..., part.kind_of[smallest.to(part.kind_of.device)]] for part in parts]
    return KindRewards(kind_of, torch.cat(taken))


def kind_totals(x: Tensor, kind_of: Tensor, count: int) -> Tensor:
    """Returns the sums over the tokens of each kind, (C, N) float.

    Args:
        x: (V, N) float, a row for each token, or some of its rows.
        kind_of: (V,) int64, the kind of each of these rows.
        count: C.
    """
    return x.new_zeros(count, x.shape[1]).index_add_(0, kind_of, x)

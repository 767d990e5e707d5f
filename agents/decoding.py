"""Responses while they grow, one token per row and step.

Rows that have ended keep growing, so that the batch keeps its shape; what they grow is blanked at the end.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from agents.tensors import prefix_mask


class Generation(NamedTuple):
    """Sampled responses."""

    response_ids: Tensor
    """(B, T) int64: the end token is kept; after the end the no-token index V."""
    response_mask: Tensor
    """(B, T) bool: True on real tokens, the end token included."""
    logprobs: Tensor
    """(B, T) float32, of the sampled tokens; 0 outside the mask."""
    values: Tensor
    """(B, T) float32, of the state before each token; 0 outside the mask."""
    entropy: Tensor
    """(B, T) float32, of the distribution sampled from, in nats; 0 outside the mask."""
    log_distributions: Tensor | None
    """(B, T, V) float32 log-probabilities sampled from, where asked for; arbitrary outside the mask."""


class GrowingResponses:
    """Tokens and figures of B responses, step by step.

    Args:
        lengths: (B,) int64 >= 1, the largest length of each response.
        no_token: V, the index that stands for no token.
        keep_distributions: Keep the log-probabilities of all V tokens at each step.
    """

    def __init__(self, lengths: Tensor, no_token: int, *, keep_distributions: bool) -> None:
        self._lengths = lengths
        self._no_token = no_token
        self._width = int(lengths.max())
        self._steps = 0
        shape = (len(lengths), self._width)
        self._ids = torch.full(shape, no_token, dtype=torch.int64, device=lengths.device)
        self._figures = torch.zeros(3, *shape, device=lengths.device)  # log-probs, values, entropy
        self._distributions: Tensor | None = None
        if keep_distributions:
            self._distributions = torch.zeros(*shape, no_token, device=lengths.device)  # (B, T, V) float32

    def append(self, chosen: Tensor, logprobs: Tensor, values: Tensor, *, eos_token_id: int | None) -> bool:
        """Adds one token to each row and returns whether every response has ended.

        Args:
            chosen: (B,) int64.
            logprobs: (B, V) float32, of all tokens.
            values: (B,) float32.
            eos_token_id: Ends a response; None: only the length does.
        """
        t = self._steps
        self._steps += 1
        self._ids[:, t] = chosen
        self._figures[0, :, t] = logprobs.gather(-1, chosen[:, None]).squeeze(-1)
        self._figures[1, :, t] = values
        self._figures[2, :, t] = entropy_of(logprobs)
        if self._distributions is not None:
            self._distributions[:, t] = logprobs
        if eos_token_id is not None:
            self._lengths = torch.where(chosen == eos_token_id, self._lengths.clamp(max=t + 1), self._lengths)
        return bool((self._lengths <= t + 1).all())

    def result(self) -> Generation:
        """Returns the responses with everything after their ends blanked."""
        mask = prefix_mask(self._lengths, self._width)  # (B, T) bool
        logprobs, values, entropy = (self._figures * mask).unbind(0)
        ids = self._ids.masked_fill(~mask, self._no_token)
        return Generation(ids, mask, logprobs, values, entropy, self._distributions)


def entropy_of(logprobs: Tensor) -> Tensor:
    """Returns the entropy in nats, (N,) float32, of distributions given as log-probabilities (N, V)."""
    return -(logprobs.exp() * logprobs).sum(-1)


def divergence_of(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Returns KL(p, q) in nats, (N,) float32, of log-probabilities (N, V); rounding below 0 is cut off."""
    return (log_p.exp() * (log_p - log_q)).sum(-1).clamp(min=0.0)

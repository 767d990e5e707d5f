"""Sampling of responses, one token per row and step; rows that have ended leave."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from agents.maths.tensors import prefix_mask
from agents.policies.distributions import Distributions
from agents.policies.head import Head
from agents.policies.trunks.trunk import Outputs

ENDED_SHARE = 0.25
"""Share of the rows left that must have ended before they are dropped: dropping copies the others."""


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
    states: Outputs | None
    """Outputs of the backbone before each token, (B, T, ...), where asked for; 0 outside the mask."""


def check_prompts(prompt_mask: Tensor) -> None:
    """Checks that every prompt has tokens and is padded on the left.

    Args:
        prompt_mask: (B, P) bool, True on real tokens.

    Raises:
        ValueError: If a row is empty, or ends in padding.
    """
    empty: list[int] = [row for row, real in enumerate(prompt_mask.bool().any(-1)) if not real]
    if empty:
        raise ValueError(
            f"prompt_mask: expected at least one real token in every row, got none in rows {empty[:5]}"
        )
    if not bool(prompt_mask[:, -1].all()):
        raise ValueError(
            "prompt_mask: expected left-padded prompts (last column all real), got a row that ends in padding"
        )


@torch.no_grad()
def sample_responses(
    head: Head,
    value_head: nn.Module,
    prompt_ids: Tensor,
    prompt_mask: Tensor,
    *,
    lengths: Tensor,
    eos_token_id: int | None,
    uniforms: Tensor | None,
    keep_states: bool = False,
) -> Generation:
    """Returns one response per prompt, sampled from a head's distributions; see `CausalLMPolicy.generate`.

    Args:
        head: Of the policy, with its backbone.
        value_head: From hidden states (N, H) to values (N, 1).
        prompt_ids: (B, P) int64, left-padded.
        prompt_mask: (B, P) bool.
        lengths: (B,) int64 >= 1, the largest length of each response.
        eos_token_id: Ends a response; None: only the length ends it.
        uniforms: (B, T) float64 in [0, 1), one number for each token; None: take the most probable tokens.
        keep_states: Return `states`.
    """
    grown = GrowingResponses(lengths, head.vocab_size, eos_token_id=eos_token_id, keep_states=keep_states)
    growth, outputs = head.backbone.open(prompt_ids, prompt_mask, room=int(lengths.max()) - 1)
    while True:
        distributions = head.distributions(outputs)  # of the rows that still grow
        if uniforms is None:
            chosen = distributions.most_probable()
        else:
            chosen = distributions.draw(uniforms[grown.rows, grown.length])
        grown.append(chosen, distributions, value_head(outputs.hidden).squeeze(-1), outputs)
        staying = grown.drop_ended()
        if not len(grown.rows):
            return grown.result()
        if staying is not None:
            growth.keep(staying)
            chosen = chosen[staying]
        outputs = head.backbone.extend(growth, chosen)


class GrowingResponses:
    """B responses with their log-probs, values and entropies, step by step.

    Args:
        lengths: (B,) int64 >= 1, the largest length of each response.
        no_token: V, the index that stands for no token.
        eos_token_id: Ends a response; None: only the length does.
        keep_states: Keep the backbone's outputs.
    """

    def __init__(
        self, lengths: Tensor, no_token: int, *, eos_token_id: int | None, keep_states: bool
    ) -> None:
        self.rows = torch.arange(len(lengths), device=lengths.device)
        """(N,) int64: the rows that still grow, ascending."""
        self.length = 0
        """Tokens that each of them has."""
        self._lengths = lengths.clone()
        self._no_token = no_token
        self._eos_token_id = eos_token_id
        self._shape = (len(lengths), int(lengths.max()))
        self._ids = torch.full(self._shape, no_token, dtype=torch.int64, device=lengths.device)
        self._numbers = torch.zeros(3, *self._shape, device=lengths.device)  # log-probs, values, entropy
        self._keep_states = keep_states
        self._states: Outputs | None = None

    def append(self, chosen: Tensor, distributions: Distributions, values: Tensor, outputs: Outputs) -> None:
        """Adds one token to each row that still grows.

        Args:
            chosen: (N,) int64.
            distributions: The N distributions that they were drawn from.
            values: (N,) float32.
            outputs: Outputs of the backbone at N positions.
        """
        rows, t = self.rows, self.length
        self._ids[rows, t] = chosen
        self._numbers[0, rows, t] = distributions.logprobs(chosen)
        self._numbers[1, rows, t] = values
        self._numbers[2, rows, t] = distributions.entropy()
        if self._keep_states:
            self._keep(outputs)
        self.length += 1
        if self._eos_token_id is not None:
            ends = rows[chosen == self._eos_token_id]
            self._lengths[ends] = self._lengths[ends].clamp(max=self.length)

    def drop_ended(self) -> Tensor | None:
        """Drops rows that have ended, if they are many or all; returns which stay, (N,) int64, or None: all.

        Tokens that ended rows still grow are masked at the end.
        """
        growing = self._lengths[self.rows] > self.length  # (N,) bool
        ended = len(growing) - int(growing.sum())
        if ended < ENDED_SHARE * len(growing) or not ended:
            return None
        staying = growing.nonzero()[:, 0]
        self.rows = self.rows[staying]
        return staying

    def result(self) -> Generation:
        """Returns the responses, masked after their ends."""
        mask = prefix_mask(self._lengths, self._shape[1])  # (B, T) bool
        logprobs, values, entropy = (self._numbers * mask).unbind(0)
        ids = self._ids.masked_fill(~mask, self._no_token)
        return Generation(ids, mask, logprobs, values, entropy, self._states)

    def _keep(self, outputs: Outputs) -> None:
        if self._states is None:
            self._states = outputs.map(lambda x: x.new_zeros(*self._shape, x.shape[1]))
        for kept, new in zip(self._states, outputs, strict=True):
            if kept is not None and new is not None:
                kept[self.rows, self.length] = new

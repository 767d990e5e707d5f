"""The output head: from a backbone's outputs to the policy's distributions over V tokens.

The one place that cuts off surplus logits and divides by the temperature, for sampling as for scoring.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from agents.policies.backbone import Backbone
from agents.policies.chosen_logprobs import chosen_logprobs, logit_table
from agents.policies.distributions import Distributions
from agents.policies.kind_probabilities import (
    Expectations,
    Wanted,
    expectations,
    expectations_of_logits,
)
from agents.policies.trunks.trunk import Outputs

POSITIONS_AT_ONCE = 256
"""Positions whose distributions are tabled at a time where no gradient is wanted."""


class Head(NamedTuple):
    """The output head of a policy."""

    backbone: Backbone
    vocab_size: int
    """Vocabulary size, V."""
    temperature: float

    @torch.no_grad()
    def table(self, outputs: Outputs) -> Tensor:
        """Returns logits[:V] / temperature at N positions, (V, N) float32, without gradient."""
        linear = self.backbone.linear_head
        if outputs.logits is None and linear is not None:
            sizes = self.vocab_size, self.temperature
            return logit_table(outputs.hidden, linear.weight, linear.bias, *sizes)
        return self._logits(outputs).T.contiguous()

    def distributions(self, outputs: Outputs) -> Distributions:
        """Returns the distributions at N positions, without gradient."""
        with torch.no_grad():
            return Distributions(self.table(outputs))

    def logprobs(self, outputs: Outputs, chosen: Tensor) -> Tensor:
        """Returns the log-probabilities of tokens (N,) int64 at N positions, (N,) float32, with gradient."""
        linear = self.backbone.linear_head
        if outputs.logits is None and linear is not None:
            return chosen_logprobs(
                outputs.hidden, linear, chosen, vocab_size=self.vocab_size, temperature=self.temperature
            )
        return _choose(self._logits(outputs).log_softmax(-1), chosen)

    def logprobs_and_entropy(self, outputs: Outputs, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the same, and the entropies in nats, (N,) float32, with gradient."""
        log_distribution = self._logits(outputs).log_softmax(-1)  # (N, V) float32
        entropy = -(log_distribution.exp() * log_distribution).sum(-1)
        return _choose(log_distribution, chosen), entropy

    def expectations(self, outputs: Outputs, chosen: Tensor, wanted: Wanted) -> Expectations:
        """Returns the log-probabilities of tokens, and what else is wanted, at N positions, with gradient.

        Args:
            outputs: At N positions.
            chosen: (N,) int64.
            wanted: Kinds, and the reference at the same positions.
        """
        linear = self.backbone.linear_head
        if outputs.logits is None and linear is not None:
            return expectations(outputs.hidden, linear, chosen, wanted, temperature=self.temperature)
        return expectations_of_logits(self._logits(outputs), chosen, wanted)

    def kind_probabilities(self, outputs: Outputs, kind_of: Tensor, count: int) -> Tensor:
        """Returns the probability of each kind of tokens at N positions, (N, C) float32, without gradient.

        Args:
            outputs: At N positions.
            kind_of: (V,) int64, the kind of each token.
            count: C.
        """
        starts = range(0, len(outputs.hidden), POSITIONS_AT_ONCE)
        pieces = (outputs.take(slice(start, start + POSITIONS_AT_ONCE)) for start in starts)
        return torch.cat([self.distributions(piece).kinds(kind_of, count) for piece in pieces])

    def compare(
        self, outputs: Outputs, chosen: Tensor, sampled: tuple[Head, Outputs] | None
    ) -> tuple[Tensor, Tensor | None]:
        """Returns log-probabilities as `logprobs` does, and KLs, (N,) float32 each, without gradient.

        Args:
            outputs: At N positions.
            chosen: (N,) int64.
            sampled: Another head, and its backbone's outputs there: the KL is KL(that, this) in nats.
        """
        logprobs: list[Tensor] = []
        divergences: list[Tensor] = []
        for start in range(0, len(chosen), POSITIONS_AT_ONCE):
            piece = slice(start, start + POSITIONS_AT_ONCE)
            distributions = self.distributions(outputs.take(piece))
            logprobs.append(distributions.logprobs(chosen[piece]))
            if sampled is not None:
                other, theirs = sampled
                divergences.append(other.distributions(theirs.take(piece)).divergence_from(distributions))
        return torch.cat(logprobs), None if sampled is None else torch.cat(divergences)

    def _logits(self, outputs: Outputs) -> Tensor:
        logits = self.backbone.logits(outputs)[:, : self.vocab_size]
        return logits if self.temperature == 1.0 else logits / self.temperature


def _choose(log_distribution: Tensor, chosen: Tensor) -> Tensor:
    return log_distribution.gather(-1, chosen[:, None]).squeeze(-1)

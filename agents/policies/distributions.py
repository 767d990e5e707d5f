"""Distributions over the vocabulary at N positions: sampled from, measured and compared, without gradient."""

from __future__ import annotations

from torch import Tensor

from agents.maths.kinds import kind_totals
from agents.policies.sampling import draw_tokens


class Distributions:
    """softmax(logits) at N positions, as one table of exponentials.

    Args:
        logits: (V, N) float32: a column for each position; overwritten.
    """

    def __init__(self, logits: Tensor) -> None:
        self._logits = logits.sub_(logits.amax(0))
        self._weights = self._logits.exp()
        self._total = self._weights.sum(0)
        self._log_total = self._total.log()

    def tilted(self, exponents: Tensor) -> Distributions:
        """Returns distributions in proportion to these times exp(exponents), (V, N) float32."""
        return Distributions(self._logits + exponents)

    def draw(self, uniforms: Tensor) -> Tensor:
        """Returns a token for each position, (N,) int64, as `agents.policies.sampling.draw_tokens` does."""
        return draw_tokens(self._weights, uniforms)

    def most_probable(self) -> Tensor:
        """Returns the most probable token at each position, (N,) int64."""
        return self._logits.argmax(0)

    def logprobs(self, chosen: Tensor) -> Tensor:
        """Returns the log-probabilities of tokens (N,) int64, (N,) float32."""
        return self._logits.gather(0, chosen[None])[0] - self._log_total

    def kinds(self, kind_of: Tensor, count: int) -> Tensor:
        """Returns the probability of each kind of tokens, (N, C) float32.

        Args:
            kind_of: (V,) int64, the kind of each token.
            count: C.
        """
        return (kind_totals(self._weights, kind_of, count) / self._total).T

    def entropy(self) -> Tensor:
        """Returns the entropies in nats, (N,) float32."""
        return self._log_total - (self._weights * self._logits).sum(0) / self._total

    def divergence_from(self, other: Distributions) -> Tensor:
        """Returns KL(these, others) in nats, (N,) float32; rounding below 0 is cut off."""
        differences = (self._weights * (self._logits - other._logits)).sum(0) / self._total
        return (differences - self._log_total + other._log_total).clamp(min=0.0)

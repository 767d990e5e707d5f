"""Protocol of a language model up to its head: hidden states of given texts, and of texts that grow."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from torch import Tensor


class Outputs(NamedTuple):
    """Hidden states, or logits, at the wanted positions."""

    hidden: Tensor
    """(N, H) float32: last hidden states, after the final norm, H wide."""
    logits: Tensor | None
    """(N, L) float32: scores of the next token over all L ids of the model, which may exceed V; None: they
    are the head's of `hidden`.
    """

    def map(self, function: Callable[[Tensor], Tensor]) -> Outputs:
        """Returns a function applied to each tensor."""
        return Outputs(function(self.hidden), None if self.logits is None else function(self.logits))

    def take(self, index: Tensor | slice) -> Outputs:
        """Returns some of the positions."""
        return self.map(lambda x: x[index])


class Growth(Protocol):
    """Texts that grow by a token each, with their cache."""

    def read(self, tokens: Tensor) -> Outputs:
        """Appends one token to each text, (B,) int64, and returns the outputs after it, N = B."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Goes on with some of the texts alone, (N,) int64, ascending."""
        ...


class Trunk(Protocol):
    """A language model up to its head."""

    def read(self, tokens: Tensor, attention_mask: Tensor, *, rows: Tensor, columns: Tensor) -> Outputs:
        """Returns the outputs at positions (rows[n], columns[n]), none of which occurs twice.

        Args:
            tokens: (B, S) int64.
            attention_mask: (B, S) bool, True on real tokens.
            rows: (N,) int64.
            columns: (N,) int64.
        """
        ...

    def open(self, tokens: Tensor, attention_mask: Tensor, room: int) -> tuple[Growth, Outputs]:
        """Returns texts that are to grow, and the outputs after the last token of each, N = B.

        Args:
            tokens: (B, P) int64, the last column real in every row.
            attention_mask: (B, P) bool.
            room: How many tokens will be appended at most.
        """
        ...

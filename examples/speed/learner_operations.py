"""Floating-point operations that one PPO iteration of a GPT-2 cannot do without.

A multiplication and an addition count as two. With L layers of width H, V tokens in the vocabulary:

    one token through the trunk     2 N, with N = 12 L H^2 the weights of its matrices
    attention of one token          4 L H c, with c the tokens it looks at, itself included
    the head at one position        2 H V
    backward                        twice the forward

An iteration reads each response once while it is generated (with a cache), once by the reference, and
forward and backward in each epoch: 2 + 3 * epochs forward passes' worth. The last token of a response is
never read, padding never counts, and the head stands at response positions alone. Norms, activations, softmax
and the optimiser are left out: next to the matrices they are small, and a floor may be too low.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Sizes(NamedTuple):
    """Sizes of a GPT-2 model."""

    layers: int
    """Number of layers, L."""
    width: int
    """Width of the hidden states, H."""
    vocab: int
    """Vocabulary size, V."""


def forward_operations(sizes: Sizes, contexts: Sequence[int], heads: int) -> int:
    """Returns the operations of reading some tokens.

    Args:
        sizes: Of the model.
        contexts: For each token, how many tokens it looks at, itself included.
        heads: Positions at which the head is applied.
    """
    layers, width, vocab = sizes
    trunk = 2 * 12 * layers * width**2 * len(contexts)
    attention = 4 * layers * width * sum(contexts)
    return trunk + attention + 2 * width * vocab * heads


def iteration_operations(
    sizes: Sizes, prompt_lengths: Sequence[int], response_length: int, epochs: int
) -> int:
    """Returns the operations of one iteration, as the module docstring counts them.

    Args:
        sizes: Of the model; the reference has the same.
        prompt_lengths: Tokens of each prompt.
        response_length: T, tokens of each response.
        epochs: Passes over the responses.
    """
    once = sum(
        forward_operations(sizes, range(1, length + response_length), response_length)
        for length in prompt_lengths
    )
    return (2 + 3 * epochs) * once

"""The output head with gradient: from hidden states to the log-probabilities of chosen tokens.

Log-softmax, choice and gradient as autograd would string them together hold four tables of N tokens by V.
One is enough: it holds exponentials, of which the gradient is made as they are. It lies with the vocabulary
along its rows, (V, N), as that is how the product of a (V, H) matrix with few tokens is made fastest.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn


def chosen_logprobs(
    hidden: Tensor, head: nn.Linear, chosen: Tensor, *, vocab_size: int, temperature: float
) -> Tensor:
    """Returns log softmax(logits[:V] / temperature) at the chosen tokens, (N,) float32.

    Args:
        hidden: (N, H) float32.
        head: From H to L >= V logits.
        chosen: (N,) int64.
        vocab_size: V.
        temperature: > 0.
    """
    arguments = (hidden, head.weight, head.bias, chosen, vocab_size, temperature)
    return cast(Tensor, cast(Any, _ChosenLogprobs).apply(*arguments))


def logit_table(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, vocab_size: int, temperature: float
) -> Tensor:
    """Returns logits[:V] / temperature, transposed: (V, N) float32, for hidden states (N, H) and a head."""
    table = torch.mm(weight[:vocab_size], hidden.T)
    if bias is not None:
        table += bias[:vocab_size, None]
    if temperature != 1.0:
        table /= temperature
    return table


class _ChosenLogprobs(torch.autograd.Function):
    """With p the probabilities, d log p(a) / d logits = onehot(a) - p."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        chosen: Tensor,
        vocab_size: int,
        temperature: float,
    ) -> Tensor:
        table = logit_table(hidden, weight, bias, vocab_size, temperature)
        columns = torch.arange(len(chosen), device=chosen.device)
        top = table.amax(0)  # (N,) float32
        logits = table[chosen, columns]
        table.sub_(top).exp_()
        total = table.sum(0)
        ctx.save_for_backward(hidden, weight, chosen, table, total)
        ctx.temperature = temperature
        return logits - top - total.log()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        hidden, weight, chosen, table, total = ctx.saved_tensors
        grad = grads[0] / ctx.temperature  # (N,) float32
        # The factor -grad / total of each position goes onto the narrow matrices, not over the whole table.
        factor, rows = (-grad / total)[:, None], grad[:, None]  # (N, 1) float32 each
        vocab_size = len(table)
        of_hidden = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_hidden = (table.T @ weight[:vocab_size]).mul_(factor).addcmul_(rows, weight[chosen])
        if ctx.needs_input_grad[1]:
            of_weight = _lengthen(table @ (factor * hidden), len(weight)).index_add_(0, chosen, rows * hidden)
        if ctx.needs_input_grad[2]:
            of_bias = _lengthen(table @ factor[:, 0], len(weight)).index_add_(0, chosen, grad)
        return of_hidden, of_weight, of_bias, None, None, None


def _lengthen(x: Tensor, length: int) -> Tensor:
    """Returns x with rows of 0 added up to a length; x itself where it has them all: `pad` would copy."""
    spare = length - len(x)
    return torch.cat([x, x.new_zeros(spare, *x.shape[1:])]) if spare else x

"""Scoring of given responses: log-probs, values, entropy and KL at response tokens alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from agents.maths.tensors import Scored
from agents.policies.head import Head
from agents.policies.trunks.trunk import Outputs


def score_responses(
    head: Head,
    value_head: nn.Module,
    tokens: Tensor,
    attention_mask: Tensor,
    response_length: int,
    *,
    with_entropy: bool = False,
    against: tuple[Head, Outputs] | None = None,
) -> Scored:
    """Returns log-probs and values of given responses; see `CausalLMPolicy.score`.

    The logits that score token t come from the position before it; this shift is made here and nowhere else.

    Args:
        head: Of the policy, with its backbone.
        value_head: From hidden states (N, H) to values (N, 1).
        tokens: (B, P + T) int64, left-padded prompts, then responses.
        attention_mask: (B, P + T) bool.
        response_length: T.
        with_entropy: Return the entropy, with gradient.
        against: Another head, and the outputs of its backbone at the N real response tokens; return the exact
            KL(that head, this head). Only where gradients are off.
    """
    start = tokens.shape[1] - response_length  # P
    response_mask = attention_mask[:, start:]  # (B, T) bool
    rows, steps = response_mask.nonzero(as_tuple=True)  # (N,) int64 each
    if not len(rows):
        scored = _score_nothing(head, value_head, tokens, attention_mask, start)
        return scored._replace(
            entropy=scored.entropy if with_entropy else None, kl=None if against is None else scored.kl
        )
    outputs = head.backbone(tokens, attention_mask, rows=rows, columns=start - 1 + steps)
    chosen = tokens[:, start:][response_mask]  # (N,) int64
    entropy = kl = None
    if with_entropy:
        logprobs, entropy = head.logprobs_and_entropy(outputs, chosen)
    elif torch.is_grad_enabled():
        logprobs = head.logprobs(outputs, chosen)
    else:
        logprobs, kl = head.compare(outputs, chosen, against)

    def spread(x: Tensor) -> Tensor:
        return torch.zeros(response_mask.shape, dtype=x.dtype, device=x.device).index_put((rows, steps), x)

    return Scored(
        logprobs=spread(logprobs),
        values=spread(value_head(outputs.hidden).squeeze(-1)),
        entropy=None if entropy is None else spread(entropy),
        kl=None if kl is None else spread(kl),
    )


def _score_nothing(
    head: Head, value_head: nn.Module, tokens: Tensor, attention_mask: Tensor, start: int
) -> Scored:
    """Returns the scores of responses without a real token: zeros, whose gradients are zeros too."""
    zeros = torch.zeros(attention_mask[:, start:].shape, device=tokens.device)  # (B, T) float32
    if not torch.is_grad_enabled():
        return Scored(zeros, zeros, zeros, zeros)
    first = torch.zeros(1, dtype=torch.int64, device=tokens.device)  # all processes need the same gradients
    outputs = head.backbone(tokens, attention_mask, rows=first, columns=first + start - 1)
    logprobs, entropy = head.logprobs_and_entropy(outputs, first)
    return Scored(zeros * logprobs, zeros * value_head(outputs.hidden).squeeze(-1), zeros * entropy, zeros)

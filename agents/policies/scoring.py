"""Scoring of given responses: log-probs, values, entropy and KL at response tokens alone."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from agents.maths.kinds import States
from agents.maths.tensors import Scored
from agents.policies.head import Head
from agents.policies.kind_probabilities import RefLogits, Wanted
from agents.policies.trunks.trunk import Outputs


class RefScores(NamedTuple):
    """A reference that has scored the same responses."""

    head: Head
    """Output head of the reference."""
    states: States
    """Outputs of its backbone before each token, (B, T, ...)."""
    logprobs: Tensor
    """Its log-probabilities of the tokens, (B, T) float32."""


class KindsAsked(NamedTuple):
    """Kinds of tokens whose probabilities are asked for, and the reference that the KL is measured from."""

    kind_of: Tensor
    """Kind of each token, (V,) int64 in [0, kind_count)."""
    kind_count: int
    """Number of kinds, C."""
    reference: RefScores | None = None
    """Return the exact KL(policy, reference), with gradient; None: no KL."""


def score_responses(
    head: Head,
    value_head: nn.Module,
    tokens: Tensor,
    attention_mask: Tensor,
    response_length: int,
    *,
    with_entropy: bool = False,
    against: tuple[Head, Outputs] | None = None,
    asked: KindsAsked | None = None,
    keep_states: bool = False,
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
        asked: Return the probabilities of these kinds, and the KL from their reference.
        keep_states: Return the outputs of the backbone. Only where gradients are off.
    """
    start = tokens.shape[1] - response_length  # P
    response_mask = attention_mask[:, start:]  # (B, T) bool
    rows, steps = response_mask.nonzero(as_tuple=True)  # (N,) int64 each
    if not len(rows):
        scored = _score_nothing(head, value_head, tokens, attention_mask, start)
        has_kl = against is not None or (asked is not None and asked.reference is not None)
        return scored._replace(
            entropy=scored.entropy if with_entropy else None,
            kl=scored.kl if has_kl else None,
            kinds=None
            if asked is None
            else scored.logprobs.new_zeros(*response_mask.shape, asked.kind_count),
            states=scored.states if keep_states else None,
        )
    outputs = head.backbone(tokens, attention_mask, rows=rows, columns=start - 1 + steps)
    chosen = tokens[:, start:][response_mask]  # (N,) int64
    entropy = kl = kinds = None
    if asked is not None and torch.is_grad_enabled():
        wanted = _wanted(asked, response_mask, with_entropy)
        logprobs, kinds, kl, entropy = head.expectations(outputs, chosen, wanted)
    elif with_entropy:
        logprobs, entropy = head.logprobs_and_entropy(outputs, chosen)
    elif torch.is_grad_enabled():
        logprobs = head.logprobs(outputs, chosen)
    else:
        logprobs, kl = head.compare(outputs, chosen, against)
        if asked is not None:
            kinds = head.kind_probabilities(outputs, asked.kind_of, asked.kind_count)

    def spread(x: Tensor) -> Tensor:
        shape = (*response_mask.shape, *x.shape[1:])
        return torch.zeros(shape, dtype=x.dtype, device=x.device).index_put((rows, steps), x)

    return Scored(
        logprobs=spread(logprobs),
        values=spread(value_head(outputs.hidden).squeeze(-1)),
        entropy=None if entropy is None else spread(entropy),
        kl=None if kl is None else spread(kl),
        kinds=None if kinds is None else spread(kinds),
        states=outputs.map(spread) if keep_states else None,
    )


def _wanted(asked: KindsAsked, response_mask: Tensor, with_entropy: bool) -> Wanted:
    """Returns what is asked of the head at the real response tokens."""
    reference = None
    if asked.reference is not None:
        head, states, logprobs = asked.reference
        outputs = Outputs(*states).take(response_mask)
        reference = RefLogits(head.table(outputs), logprobs[response_mask])
    return Wanted(asked.kind_of, asked.kind_count, reference, with_entropy)


def _spread_nothing(zeros: Tensor, x: Tensor) -> Tensor:
    """Returns zeros (B, T, ...) for no outputs, where x (N, ...) are some."""
    return x.new_zeros(*zeros.shape, x.shape[1])


def _score_nothing(
    head: Head, value_head: nn.Module, tokens: Tensor, attention_mask: Tensor, start: int
) -> Scored:
    """Returns the scores of responses without a real token: zeros, whose gradients are zeros too."""
    zeros = torch.zeros(attention_mask[:, start:].shape, device=tokens.device)  # (B, T) float32
    first = torch.zeros(1, dtype=torch.int64, device=tokens.device)  # all processes need the same gradients
    outputs = head.backbone(tokens, attention_mask, rows=first, columns=first + start - 1)
    if not torch.is_grad_enabled():
        return Scored(zeros, zeros, zeros, zeros, states=outputs.map(partial(_spread_nothing, zeros)))
    logprobs, entropy = head.logprobs_and_entropy(outputs, first)
    return Scored(zeros * logprobs, zeros * value_head(outputs.hidden).squeeze(-1), zeros * entropy, zeros)

"""The output head with gradient, in expectation: probabilities of kinds of tokens, and the exact KL.

Beside the log-probabilities of the chosen tokens it gives the probability of each of C kinds of tokens, the
KL from a reference over the whole vocabulary and the entropy, from one table of exponentials, (V, N) as in
`agents.policies.chosen_logprobs`, and one of the differences of the logits from the reference's. With p the
probabilities, P_c their sums by kind, l = z - z_ref the differences of logits and H the entropy,

    d log p(a) / dz_v = 1[v = a] - p_v          d P_c / dz_v = p_v (1[v in c] - P_c)
    d KL / dz_v = p_v (l_v - sum_u p_u l_u)     d H / dz_v = -p_v (log p_v + H)

so that the gradient of all is p_v times one number a token and position, made a few rows at a time.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from agents.maths.kinds import kind_totals
from agents.policies.chosen_logprobs import logit_table

ROWS_AT_ONCE = 1024
"""Rows of a table, one for each token, that are worked on at a time: no second table is held."""


class RefLogits(NamedTuple):
    """The reference at N positions."""

    table: Tensor
    """Logits over temperature, (V, N) float32; overwritten."""
    logprobs: Tensor
    """Log-probabilities of the chosen tokens, (N,) float32."""


class Wanted(NamedTuple):
    """What is asked of distributions beside the log-probabilities of the chosen tokens."""

    kind_of: Tensor
    """Kind of each token, (V,) int64 in [0, kind_count)."""
    kind_count: int
    """Number of kinds, C."""
    reference: RefLogits | None = None
    """The KL is measured from it; None: it is not measured."""
    with_entropy: bool = False
    """Whether the entropy is wanted."""


class Expectations(NamedTuple):
    """What a policy's distributions at N positions say, with gradient."""

    logprobs: Tensor
    """Log-probabilities of the chosen tokens, (N,) float32."""
    kinds: Tensor
    """Probability of each kind, (N, C) float32."""
    kl: Tensor | None
    """KL from the reference in nats, (N,) float32; None: not wanted."""
    entropy: Tensor | None
    """Entropy in nats, (N,) float32; None: not wanted."""


def expectations(
    hidden: Tensor, head: nn.Linear, chosen: Tensor, wanted: Wanted, *, temperature: float
) -> Expectations:
    """Returns log-probs, probabilities of kinds, KL and entropy of softmax(logits[:V] / temperature).

    Args:
        hidden: (N, H) float32.
        head: From H to L >= V logits.
        chosen: (N,) int64.
        wanted: Kinds, reference, and whether the entropy is wanted.
        temperature: > 0.
    """
    arguments = (hidden, head.weight, head.bias, chosen, wanted, temperature)
    logprobs, kinds, kl, entropy = cast(Any, _Expectations).apply(*arguments)
    return Expectations(logprobs, kinds, kl, entropy)


def expectations_of_logits(logits: Tensor, chosen: Tensor, wanted: Wanted) -> Expectations:
    """Returns the same of logits over temperature, (N, V) float32, by autograd."""
    log_distribution = logits.log_softmax(-1)  # (N, V) float32
    distribution = log_distribution.exp()
    kl = None
    if wanted.reference is not None:
        differences = log_distribution - wanted.reference.table.T.log_softmax(-1)
        kl = (distribution * differences).sum(-1)
    return Expectations(
        log_distribution.gather(-1, chosen[:, None]).squeeze(-1),
        kind_totals(distribution.T, wanted.kind_of, wanted.kind_count).T,
        kl,
        -(distribution * log_distribution).sum(-1) if wanted.with_entropy else None,
    )


class _Sums(NamedTuple):
    """Sums over the vocabulary at N positions: e are the exponentials of y, the logits less the largest."""

    total: Tensor
    """Sum of e, (N,) float32."""
    kinds: Tensor
    """Sum of e by kind, (C, N) float32."""
    ratios: Tensor
    """Sum of e times the logits' difference from the reference's, (N,) float32; 0 without a reference."""
    logits: Tensor
    """Sum of e y, (N,) float32; 0 where the entropy is not wanted."""


def _tabulate(table: Tensor, top: Tensor, wanted: Wanted) -> _Sums:
    """Turns logits (V, N) into exponentials and the reference's into differences, in place; returns sums."""
    sums = _Sums(
        torch.zeros_like(top),
        table.new_zeros(wanted.kind_count, len(top)),
        torch.zeros_like(top),
        torch.zeros_like(top),
    )
    for piece in _pieces(len(table)):
        part = table[piece]  # (rows, N) float32
        if wanted.reference is not None:
            wanted.reference.table[piece].neg_().add_(part)
        part.sub_(top)
        logits = part.clone() if wanted.with_entropy else None
        sums.total.add_(part.exp_().sum(0))
        sums.kinds.index_add_(0, wanted.kind_of[piece], part)
        if wanted.reference is not None:
            sums.ratios.add_((wanted.reference.table[piece] * part).sum(0))
        if logits is not None:
            sums.logits.add_(logits.mul_(part).sum(0))
    return sums


def _add_slopes(
    slopes: Tensor, part: Tensor, differences: Tensor | None, of_kl: Tensor | None, of_entropy: Tensor | None
) -> None:
    """Adds KL and entropy to the slopes of some rows, and multiplies them by the exponentials, in place."""
    if differences is not None and of_kl is not None:
        slopes.addcmul_(differences, of_kl)
    if of_entropy is not None:
        least = torch.finfo(part.dtype).tiny  # 0 log 0 is 0
        slopes.addcmul_(part.clamp(min=least).log_(), of_entropy, value=-1.0)
    slopes.mul_(part)


def _pieces(length: int) -> list[slice]:
    return [slice(start, min(start + ROWS_AT_ONCE, length)) for start in range(0, length, ROWS_AT_ONCE)]


class _Expectations(torch.autograd.Function):
    """The equations of the module docstring."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        chosen: Tensor,
        wanted: Wanted,
        temperature: float,
    ) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        table = logit_table(hidden, weight, bias, len(wanted.kind_of), temperature)
        columns = torch.arange(len(chosen), device=chosen.device)
        reference, top = wanted.reference, table.amax(0)  # (N,) float32
        logits = table[chosen, columns] - top
        ref_logits = None if reference is None else reference.table[chosen, columns]
        sums = _tabulate(table, top, wanted)
        log_total = sums.total.log()
        kinds, difference, logit = (one / sums.total for one in sums[1:])  # (C, N) and (N,) float32 each
        kl = None
        if reference is not None and ref_logits is not None:  # the reference's log of a sum is known by those
            kl = difference - top - log_total + ref_logits - reference.logprobs
        differences = None if reference is None else reference.table
        ctx.save_for_backward(hidden, weight, chosen, wanted.kind_of, table, differences)
        ctx.means, ctx.total, ctx.temperature = (kinds, difference, logit), sums.total, temperature
        return logits - log_total, kinds.T, kl, log_total - logit if wanted.with_entropy else None

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        hidden, weight, chosen, kind_of, table, differences = ctx.saved_tensors
        kinds, difference, logit = ctx.means
        of_chosen, of_kinds = cast(Tensor, grads[0]), cast(Tensor, grads[1]).T.contiguous()  # (N,), (C, N)
        _, _, of_kl, of_entropy = grads
        level = -of_chosen - (of_kinds * kinds).sum(0)  # (N,) float32
        if of_kl is not None:
            level -= of_kl * difference
        if of_entropy is not None:
            level += of_entropy * logit
        # The factor of each position goes onto the narrow matrices, not over the whole table.
        factor = (1.0 / (ctx.total * ctx.temperature))[:, None]  # (N, 1) float32
        rows, scaled = (of_chosen / ctx.temperature)[:, None], factor * hidden
        of_hidden, of_weight, of_bias = (
            torch.zeros_like(x) if needed else None
            for x, needed in zip((hidden, weight, weight[:, 0]), ctx.needs_input_grad[:3], strict=True)
        )
        for piece in _pieces(len(table)):
            slopes = of_kinds.index_select(0, kind_of[piece]).add_(level)  # (rows, N) float32
            _add_slopes(
                slopes, table[piece], None if of_kl is None else differences[piece], of_kl, of_entropy
            )
            if of_hidden is not None:
                of_hidden.addmm_(slopes.T, weight[piece])
            if of_weight is not None:
                of_weight[piece] = slopes @ scaled
            if of_bias is not None:
                of_bias[piece] = slopes @ factor[:, 0]
        if of_hidden is not None:
            of_hidden.mul_(factor).addcmul_(rows, weight[chosen])
        if of_weight is not None:
            of_weight.index_add_(0, chosen, rows * hidden)
        if of_bias is not None:
            of_bias.index_add_(0, chosen, rows[:, 0])
        return of_hidden, of_weight, of_bias, None, None, None

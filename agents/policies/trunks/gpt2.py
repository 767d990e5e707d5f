"""GPT-2 on packed tokens: no padding is read, and the last layer computes the wanted positions alone.

The modules are those of transformers, adapters included. What differs is where tokens stand
(`agents.policies.trunks.layout`), the cache of keys and values, which is made once at its full size, and the
activation, whose many operations are one (`gelu_new` is the tanh form of GELU; Hendrycks and Gimpel 2016,
arXiv 1606.08415).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import embedding, gelu, scaled_dot_product_attention
from transformers import GPT2LMHeadModel, PreTrainedModel
from transformers.activations import NewGELUActivation

from agents.policies.gradient_checkpointing import run_again
from agents.policies.trunks.layout import Layout, from_rows, lay_out, take, to_rows
from agents.policies.trunks.trunk import Outputs

Attend = Callable[[int, Tensor], Tensor]
"""From a layer's number and its queries, keys and values, (N, 3 H), to the attention's output."""


class GPT2Trunk:
    """Reads texts as `agents.policies.trunks.trunk.Trunk` says.

    Args:
        model: For which `is_plain_gpt2` holds.
        recompute: Compute layers again in the backward pass.
    """

    def __init__(self, model: PreTrainedModel, *, recompute: bool = False) -> None:
        self._model = model
        self._run: Callable[..., Tensor] = partial(run_again, _run_block) if recompute else _run_block
        gpt2 = cast(Any, model)
        self._shares_table = gpt2.transformer.wte.weight is gpt2.lm_head.weight
        if self._shares_table and gpt2.lm_head.weight.requires_grad:
            gpt2.lm_head.weight.register_post_accumulate_grad_hook(_make_dense)

    def read(self, tokens: Tensor, attention_mask: Tensor, *, rows: Tensor, columns: Tensor) -> Outputs:
        """Returns hidden states at positions (rows[n], columns[n]), (N, H)."""
        return self._read(tokens, lay_out(attention_mask, rows, columns), keep=None)

    def open(self, tokens: Tensor, attention_mask: Tensor, room: int) -> tuple[GPT2Growth, Outputs]:
        """Returns texts that are to grow, and the hidden state after the last token of each, (B, H)."""
        rows = torch.arange(len(tokens), device=tokens.device)
        layout = lay_out(attention_mask, rows, torch.full_like(rows, tokens.shape[1] - 1))
        lengths = layout.read.sum(-1)  # (B,) int64
        growth = GPT2Growth(self, lengths, layout.width, room)
        return growth, self._read(tokens, layout, keep=growth.fill)

    def split_heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns queries, keys and values (..., heads, width of a head) of (..., 3 H)."""
        heads = int(self._model.config.n_head)
        queries, keys, values = x.view(*x.shape[:-1], 3, heads, -1).unbind(-3)
        return queries, keys, values

    def embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Returns the sum of the embeddings of tokens and positions, (N, H) of (N,) int64 each.

        Where the head has the same matrix, its gradient is a dense table already, to which autograd adds the
        rows of these tokens in place: a second table of the vocabulary would be filled for them alone.
        """
        trunk = self._trunk
        return embedding(tokens, trunk.wte.weight, sparse=self._shares_table) + trunk.wpe(positions)

    def run(self, x: Tensor, attend: Attend, wanted: Tensor | None = None) -> Outputs:
        """Returns the hidden states that the layers make of embeddings (N, H), at `wanted` if it is given."""
        last = len(self._trunk.h) - 1
        for number, block in enumerate(self._trunk.h):
            x = self._run(block, x, number, attend, wanted if number == last else None)
        return Outputs(self._trunk.ln_f(x), None)

    @property
    def _trunk(self) -> Any:
        return cast(Any, self._model).transformer

    def _read(
        self, tokens: Tensor, layout: Layout, keep: Callable[[int, Tensor, Tensor], None] | None
    ) -> Outputs:
        def attend(number: int, x: Tensor) -> Tensor:
            queries, keys, values = (y.transpose(1, 2) for y in self.split_heads(to_rows(x, layout)))
            if keep is not None:
                keep(number, keys, values)
            attended = scaled_dot_product_attention(queries, keys, values, is_causal=True)  # (B, heads, S, .)
            return from_rows(attended.transpose(1, 2), layout)

        return self.run(self.embed(tokens[layout.read], layout.positions), attend, layout.wanted)


class GPT2Growth:
    """Texts that grow, as `agents.policies.trunks.trunk.Growth` says.

    Args:
        trunk: Reads.
        lengths: (B,) int64, tokens of each text.
        width: The largest of them.
        room: How many tokens will be appended at most.
    """

    def __init__(self, trunk: GPT2Trunk, lengths: Tensor, width: int, room: int) -> None:
        self._trunk, self._lengths, self._width, self._room = trunk, lengths, width, room
        self._caches: list[tuple[Tensor, Tensor]] = []  # keys and values, (B, heads, width + room, .)

    def fill(self, number: int, keys: Tensor, values: Tensor) -> None:
        """Keeps the keys and values (B, heads, width, .) of the layer that comes next."""
        assert number == len(self._caches)
        whole = (*keys.shape[:2], self._width + self._room, keys.shape[-1])
        cache = keys.new_zeros(whole), values.new_zeros(whole)
        for kept, new in zip(cache, (keys, values), strict=True):
            kept[:, :, : self._width] = new
        self._caches.append(cache)

    def read(self, tokens: Tensor) -> Outputs:
        """Appends one token to each text, (B,) int64, and returns the hidden state after it."""
        x = self._trunk.embed(tokens, self._lengths)
        self._width += 1
        rows, places = torch.arange(len(tokens), device=tokens.device), self._lengths
        seen = torch.arange(self._width, device=tokens.device) <= places[:, None]  # (B, width) bool

        def attend(number: int, x: Tensor) -> Tensor:
            queries, *new = self._trunk.split_heads(x)  # (B, heads, .) each
            for kept, one in zip(self._caches[number], new, strict=True):
                kept[rows, :, places] = one
            keys, values = (kept[:, :, : self._width] for kept in self._caches[number])
            mask = seen[:, None, None, :]
            attended = scaled_dot_product_attention(queries[:, :, None], keys, values, attn_mask=mask)
            return attended.reshape(len(x), -1)

        outputs = self._trunk.run(x, attend)
        self._lengths = places + 1
        return outputs

    def keep(self, rows: Tensor) -> None:
        """Goes on with some of the texts alone, (N,) int64."""
        self._lengths = self._lengths[rows]
        self._caches = [(keys[rows], values[rows]) for keys, values in self._caches]


def is_plain_gpt2(model: PreTrainedModel) -> bool:
    """Returns whether a model is GPT-2 as its paper has it, without the options that came later."""
    config = model.config
    return (
        type(model) is GPT2LMHeadModel
        and bool(config.scale_attn_weights)
        and not (config.scale_attn_by_inverse_layer_idx or config.reorder_and_upcast_attn)
        and not config.add_cross_attention
    )


def _make_dense(weight: Tensor) -> None:
    """Makes a gradient dense that came from the embedding alone, without the head: optimisers expect that."""
    if weight.grad is not None and weight.grad.is_sparse:
        weight.grad = weight.grad.to_dense()


def _run_block(block: Any, x: Tensor, number: int, attend: Attend, wanted: Tensor | None) -> Tensor:
    """Returns what a layer makes of tokens (N, H), at `wanted` alone if it is given."""
    attended = attend(number, block.attn.c_attn(block.ln_1(x)))
    if wanted is not None:
        x, attended = take(x, wanted), take(attended, wanted)
    x = x + block.attn.c_proj(attended)
    wide = block.mlp.c_fc(block.ln_2(x))
    act = block.mlp.act
    wide = gelu(wide, approximate="tanh") if isinstance(act, NewGELUActivation) else act(wide)
    return x + block.mlp.c_proj(wide)

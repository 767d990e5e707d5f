"""Any causal language model of transformers, on rows of equal width: prompts padded on the left.

The only module that calls a model of transformers as a whole, whose types are loose.
"""

from __future__ import annotations

import inspect
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from agents.policies.trunks.layout import needed
from agents.policies.trunks.trunk import Outputs


class RowTrunk:
    """Reads texts as `agents.policies.trunks.trunk.Trunk` says.

    Args:
        model: A Hugging Face causal language model.
        whole: Run the model with its own head, and return its logits.
    """

    def __init__(self, model: PreTrainedModel, *, whole: bool) -> None:
        self._model = model
        self._whole = whole
        parameters = inspect.signature(cast(Any, model if whole else self._trunk).forward).parameters
        self._takes_positions = "position_ids" in parameters
        self._recurs = "cache_params" in parameters and "past_key_values" not in parameters

    def read(self, tokens: Tensor, attention_mask: Tensor, *, rows: Tensor, columns: Tensor) -> Outputs:
        """Returns the outputs at positions (rows[n], columns[n])."""
        mask = needed(attention_mask, rows, columns)
        first, last = real_columns(mask)
        return self.run(tokens[:, first:last], mask[:, first:last], rows=rows, columns=columns - first)

    def open(self, tokens: Tensor, attention_mask: Tensor, room: int) -> tuple[RowGrowth, Outputs]:
        """Returns texts that are to grow, and the outputs after the last token of each."""
        first, _ = real_columns(attention_mask)
        growth = RowGrowth(self, DynamicCache(config=self._model.config), attention_mask[:, first:], room)
        return growth, growth.extend(tokens[:, first:])

    def run(
        self,
        tokens: Tensor,
        attention_mask: Tensor,
        *,
        rows: Tensor,
        columns: Tensor,
        cache: DynamicCache | None = None,
    ) -> Outputs:
        """Returns the outputs at positions (rows[n], columns[n]) of `tokens`.

        Args:
            tokens: (B, K) int64, the next K tokens of each row.
            attention_mask: (B, S) bool, True on real tokens, of those in the cache followed by the K new
                ones.
            rows: (N,) int64.
            columns: (N,) int64, indices into the K new tokens.
            cache: Keys and values of the tokens before; extended in place.
        """
        count = tokens.shape[1]
        mask = attention_mask[:, -count:] if self._recurs else attention_mask  # a state has no columns
        arguments: dict[str, Any] = {"input_ids": tokens, "attention_mask": mask.long()}
        if self._takes_positions:
            arguments["position_ids"] = position_ids(attention_mask)[:, -count:]
        if cache is not None:
            arguments["cache_params" if self._recurs else "past_key_values"] = cache
        arguments["use_cache"] = cache is not None
        if self._whole:
            whole = self._model(**arguments, output_hidden_states=True)
            return Outputs(whole.hidden_states[-1][rows, columns], whole.logits[rows, columns])
        last = cast(Tensor, self._trunk(**arguments).last_hidden_state)
        return Outputs(last[rows, columns], None)

    @property
    def _trunk(self) -> nn.Module:
        return self._model.base_model


class RowGrowth:
    """Texts that grow, as `agents.policies.trunks.trunk.Growth` says.

    Args:
        trunk: Runs the model.
        cache: Keys and values of the tokens so far.
        prompt_mask: (B, P) bool.
        room: How many tokens will be appended at most.
    """

    def __init__(self, trunk: RowTrunk, cache: DynamicCache, prompt_mask: Tensor, room: int) -> None:
        self._trunk, self._cache, self._width = trunk, cache, 0
        self._mask = torch.nn.functional.pad(prompt_mask, (0, room), value=True)  # (B, P + room) bool

    def read(self, tokens: Tensor) -> Outputs:
        """Appends one token to each text, (B,) int64, and returns the outputs after it."""
        return self.extend(tokens[:, None])

    def extend(self, tokens: Tensor) -> Outputs:
        """Appends (B, K) int64, and returns the outputs after the last."""
        self._width += tokens.shape[1]
        rows = torch.arange(len(tokens), device=tokens.device)
        last = torch.full_like(rows, tokens.shape[1] - 1)
        mask = self._mask[:, : self._width]
        return self._trunk.run(tokens, mask, rows=rows, columns=last, cache=self._cache)

    def keep(self, rows: Tensor) -> None:
        """Goes on with some of the texts alone, (N,) int64."""
        self._mask = self._mask[rows]
        cast(Any, self._cache).reorder_cache(rows)


def position_ids(attention_mask: Tensor) -> Tensor:
    """Returns each token's position among the real ones of its row, (B, S) int64; 0 on leading padding.

    Args:
        attention_mask: (B, S) bool, True on real tokens.
    """
    return (attention_mask.long().cumsum(-1) - 1).clamp(min=0)


def real_columns(mask: Tensor) -> tuple[int, int]:
    """Returns the first column with a real token and the one after the last, of a mask (B, S) bool."""
    used = mask.any(0).nonzero()
    return int(used[0]), int(used[-1]) + 1

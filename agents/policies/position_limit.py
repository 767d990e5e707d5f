"""Longest text that a language model can read: up to the end of its table of positions, if it has one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from torch import Tensor, nn
from transformers import PreTrainedModel

OFFSET = 8
"""Rows that a table may have before position 0: OPT's has 2."""


class PositionLimit(NamedTuple):
    """The last position of a language model."""

    positions: int | None
    """Tokens of the longest text that it was made for; None: its configuration names none."""
    has_table: bool
    """Whether they lie in a table that ends there; else (rotary positions) the model reads on, untrained."""

    def check(self, prompt_length: int, response_length: int) -> None:
        """Checks that prompts and responses can be read; the last token of a response never is.

        Warns where they can, but go beyond what the model was made for.

        Raises:
            ValueError: If the table of positions ends before.
        """
        needed = prompt_length + response_length - 1
        if self.positions is None or needed <= self.positions:
            return
        message = (
            f"policy: expected P + T - 1 <= {self.positions}, the positions of the model, got "
            f"P = {prompt_length} and T = {response_length}; take shorter prompts or responses, "
            "or another model"
        )
        if self.has_table:
            raise ValueError(message)
        warnings.warn(f"{message}: it was not made for texts of that length", UserWarning, stacklevel=3)

    def check_texts(self, attention_mask: Tensor, appended: int = 0) -> None:
        """Checks that texts can be read.

        Args:
            attention_mask: (B, S) bool, True on real tokens.
            appended: Tokens that each grows by; -1: its last one is not read.

        Raises:
            ValueError: If the table of positions ends before.
        """
        width = attention_mask.shape[1] + appended
        if not self.has_table or self.positions is None or width <= self.positions:
            return  # without a look at the tensor, for which a device would have to be waited for
        longest = int(attention_mask.sum(-1).max()) + appended
        if longest > self.positions:
            raise ValueError(
                f"policy: expected texts of at most {self.positions} tokens, the positions of the model, "
                f"got {longest}; take shorter prompts or responses, or another model"
            )


def position_limit(model: PreTrainedModel) -> PositionLimit:
    """Returns where a model's positions end, as its configuration and its tables say."""
    config = cast(Any, model.config).get_text_config()
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        ends = any(positions <= size <= positions + OFFSET for size in _table_sizes(model))
        return PositionLimit(positions, has_table=ends)
    slopes = getattr(config, "max_seq_len", None)  # MPT's, laid out to this length
    return PositionLimit(slopes, has_table=True) if isinstance(slopes, int) else PositionLimit(None, False)


def _table_sizes(model: PreTrainedModel) -> Iterator[int]:
    """Yields the sizes of what could be a table of positions: embeddings, sines or masks in buffers."""
    words: Any = model.get_input_embeddings()
    for module in cast(Any, model).modules():
        if hasattr(module, "make_weights"):  # sines that are computed anew where they end
            continue
        if isinstance(module, nn.Embedding) and module is not words:
            yield module.num_embeddings
        for buffer in cast(Any, module).buffers(recurse=False):
            if buffer is not None and buffer.dim() > 1:
                yield from buffer.shape

"""Any Hugging Face causal language model as one typed function: token ids to hidden states and logits.

The only module that touches transformers, whose types are loose; every cast lives here.

Logits are wanted at response positions only. Where the model's logits are its output embeddings applied to
the trunk's last hidden state (GPT-2, Llama, Qwen, ...), which is tried out on a small input when the model is
wrapped, the trunk runs alone and the head at the wanted positions. Any other model (scaled or soft-capped
logits) runs whole.
"""

from __future__ import annotations

import contextlib
import importlib.resources
import inspect
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedModel
from transformers.utils import logging as transformers_logging

BUNDLED = "gpt2-imdb-4m"
"""Folder under `agents/assets` that the name "bundled" stands for."""
PROBE_TOLERANCE = 1e-4
DTYPES = ("float32", "bfloat16")


class Outputs(NamedTuple):
    """What the model says at the wanted positions."""

    hidden: Tensor
    """(N, H) float32: last hidden states, after the final norm, H wide."""
    logits: Tensor
    """(N, L) float32: scores of the next token over all L ids of the model, which may exceed V."""


class Cache:
    """Keys and values of the tokens that were read so far."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.states = DynamicCache(config=model.config)


class Backbone(nn.Module):
    """A causal language model without dropout, its weights in float32.

    With `dtype="bfloat16"` the trunk's matrix products are made in bfloat16 (autocast), and nothing else: a
    bfloat16 has 8 significant bits, so that a logit of 20 would be off by 0.06, and a weight would not move
    by less than 1/256 of itself. So head, log-probs and weights stay in float32.

    Args:
        model: A Hugging Face causal language model; it is put into float32 and evaluation mode, in place.
        dtype: "float32" or "bfloat16".

    Raises:
        ValueError: The type is another.
    """

    def __init__(self, model: PreTrainedModel, *, dtype: str = "float32") -> None:
        super().__init__()
        if dtype not in DTYPES:
            raise ValueError(f"dtype: expected one of {', '.join(map(repr, DTYPES))}, got {dtype!r}")
        self.model = model
        self.dtype = dtype
        cast(Any, model).float()
        model.eval()
        parameters = inspect.signature(cast(Any, self._trunk).forward).parameters
        self._takes_positions = "position_ids" in parameters
        self.head_is_separate = True
        self.head_is_separate = self._probe_head()

    @property
    def hidden_size(self) -> int:
        """Width of the hidden states."""
        return int(cast(Any, self.model.config).get_text_config().hidden_size)

    @property
    def logit_count(self) -> int:
        """Number of ids that the model gives logits for."""
        return int(cast(Any, self._head).weight.shape[0])

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return cast(torch.device, cast(Any, self.model).device)

    @property
    def _trunk(self) -> nn.Module:
        return self.model.base_model

    @property
    def _head(self) -> nn.Module:
        return cast(nn.Module, self.model.get_output_embeddings())

    def new_cache(self) -> Cache:
        """Returns an empty cache for one batch of sequences."""
        return Cache(self.model)

    def forward(
        self,
        tokens: Tensor,
        attention_mask: Tensor,
        *,
        rows: Tensor,
        columns: Tensor,
        cache: Cache | None = None,
    ) -> Outputs:
        """Returns hidden states and logits at positions (rows[n], columns[n]) of `tokens`.

        Args:
            tokens: (B, K) int64, the next K tokens of each row.
            attention_mask: (B, S) bool, True on real tokens, of those in the cache followed by the K new
                ones.
            rows: (N,) int64.
            columns: (N,) int64, indices into the K new tokens.
            cache: What was read before; it is extended in place.
        """
        arguments: dict[str, Any] = {"input_ids": tokens, "attention_mask": attention_mask.long()}
        if self._takes_positions:
            arguments["position_ids"] = position_ids(attention_mask)[:, -tokens.shape[1] :]
        if cache is not None:
            arguments["past_key_values"] = cache.states
        arguments["use_cache"] = cache is not None
        if not self.head_is_separate:
            with self._precision():
                whole = self.model(**arguments, output_hidden_states=True)
            return Outputs(
                whole.hidden_states[-1][rows, columns].float(), whole.logits[rows, columns].float()
            )
        with self._precision():
            last = cast(Tensor, self._trunk(**arguments).last_hidden_state)
        hidden = last[rows, columns].float()
        return Outputs(hidden, cast(Tensor, self._head(hidden)))

    def save(self, folder: Path) -> None:
        """Writes a Hugging Face folder: config.json and model.safetensors."""
        with _without_progress_bars():
            cast(Any, self.model).save_pretrained(folder)

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        if self.dtype == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    @torch.no_grad()
    def _probe_head(self) -> bool:
        tokens = torch.arange(4, device=self.device).reshape(1, 4) % self.logit_count
        arguments: dict[str, Any] = {"input_ids": tokens, "use_cache": False}
        whole = cast(Tensor, self.model(**arguments).logits)
        hidden = cast(Tensor, self._trunk(**arguments).last_hidden_state)
        parts = cast(Tensor, self._head(hidden))
        return parts.shape == whole.shape and torch.allclose(
            parts, whole, atol=PROBE_TOLERANCE, rtol=PROBE_TOLERANCE
        )


def position_ids(attention_mask: Tensor) -> Tensor:
    """Returns each token's position among the real ones of its row, (B, S) int64; 0 on leading padding.

    Args:
        attention_mask: (B, S) bool, True on real tokens.
    """
    return (attention_mask.long().cumsum(-1) - 1).clamp(min=0)


def load_model(name_or_folder: str | Path, **kwargs: Any) -> PreTrainedModel:
    """Returns a causal language model in float32, read from safetensors only.

    Args:
        name_or_folder: A folder, a name on the Hugging Face hub, or "bundled".
        **kwargs: Passed on to `AutoModelForCausalLM.from_pretrained`, such as `revision`.
    """
    source = str(bundled_folder() if name_or_folder == "bundled" else name_or_folder)
    try:
        with _without_progress_bars():
            model, report = cast(Any, AutoModelForCausalLM).from_pretrained(
                source,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,  # the default would ask at the keyboard
                output_loading_info=True,
                **kwargs,
            )
    except (OSError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"model {source!r}: expected a causal language model with safetensors weights; {_one_line(error)}"
        ) from error
    lacking = sorted([*report["missing_keys"], *report["mismatched_keys"]], key=str)
    if lacking:
        raise ValueError(
            f"model {source!r}: weights do not fit config.json; missing or of another shape: {lacking[:3]}"
        )
    return cast(PreTrainedModel, model)


def bundled_folder() -> Path:
    """Returns the folder of the bundled model."""
    return Path(str(importlib.resources.files("agents"))) / "assets" / BUNDLED


@contextlib.contextmanager
def _without_progress_bars() -> Generator[None, None, None]:
    """Keeps transformers from drawing bars over the caller's terminal."""
    enabled = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            transformers_logging.enable_progress_bar()


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]

"""Any Hugging Face causal language model as one typed function: token ids to hidden states and logits.

Logits are wanted at response positions only. Where the model's logits are its output embeddings applied to
the trunk's last hidden state (GPT-2, Llama, Qwen, ...), which is tried out on a small input when the model is
wrapped, the trunk runs alone and the head at the wanted positions. Any other model (scaled or soft-capped
logits) runs whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from agents.policies.bundled import bundled_folder, is_bundled
from agents.policies.gradient_checkpointing import recompute_in_backward
from agents.policies.model_folder import check_folder
from agents.policies.model_kind import check_kind, explain_failure, has_adapter
from agents.policies.position_limit import position_limit
from agents.policies.probe import check_generation
from agents.policies.trunks.gpt2 import GPT2Trunk, is_plain_gpt2
from agents.policies.trunks.rows import RowTrunk
from agents.policies.trunks.trunk import Growth, Outputs, Trunk
from agents.runs.printable import one_line

PROBE_TOLERANCE = 1e-4
DTYPES = ("float32", "bfloat16")
OWN_ARGUMENTS = {"dtype", "torch_dtype", "use_safetensors", "trust_remote_code", "output_loading_info"}
"""Arguments of transformers' `from_pretrained` that a caller can't pass: they are set here."""


class Backbone(nn.Module):
    """A causal language model without dropout, its weights in float32.

    With `dtype="bfloat16"` the trunk's matrix products are made in bfloat16 (autocast), and nothing else: a
    bfloat16 has 8 significant bits, so that a logit of 20 would be off by 0.06, and a weight would not move
    by less than 1/256 of itself. So head, log-probs and weights stay in float32.

    Args:
        model: A Hugging Face causal language model; it is put into float32 and evaluation mode, in place.
        dtype: "float32" or "bfloat16".
        recompute: Compute layers again in the backward pass.

    Raises:
        ValueError: If the type is another, there are no layers that can be computed again, or the model
            can't be generated from as `agents.policies.probe` tries it.
    """

    def __init__(self, model: PreTrainedModel, *, dtype: str = "float32", recompute: bool = False) -> None:
        super().__init__()
        if dtype not in DTYPES:
            raise ValueError(f"dtype: expected one of {', '.join(map(repr, DTYPES))}, got {dtype!r}")
        check_kind(model)
        self.model = model
        self.dtype = dtype
        cast(Any, model).float()
        model.eval()
        self.trunk: Trunk
        """The model up to its head."""
        self.hidden_size: int
        """Width of the hidden states."""
        self.trunk, self.hidden_size = self._choose_trunk(recompute)
        check_generation(model, self.trunk, self.logits)
        self.limit = position_limit(model)
        """The length of texts that it can read."""
        if recompute:
            recompute_in_backward(model)

    @property
    def logit_count(self) -> int:
        """Number of ids that the model gives logits for."""
        return int(cast(Any, self._head).weight.shape[0])

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return cast(torch.device, cast(Any, self.model).device)

    @property
    def linear_head(self) -> nn.Linear | None:
        """The head, where it is one matrix that nothing is added to or wrapped around."""
        return self._head if type(self._head) is nn.Linear else None

    @property
    def _head(self) -> nn.Module:
        return cast(nn.Module, self.model.get_output_embeddings())

    def forward(self, tokens: Tensor, attention_mask: Tensor, *, rows: Tensor, columns: Tensor) -> Outputs:
        """Returns the model's outputs at positions (rows[n], columns[n]) of `tokens`.

        Args:
            tokens: (B, S) int64.
            attention_mask: (B, S) bool, True on real tokens.
            rows: (N,) int64.
            columns: (N,) int64.
        """
        with self._precision():
            outputs = self.trunk.read(tokens, attention_mask, rows=rows, columns=columns)
        return outputs.map(Tensor.float)

    def open(self, tokens: Tensor, attention_mask: Tensor, room: int) -> tuple[Growth, Outputs]:
        """Returns texts that are to grow, and the outputs after each, as `Trunk.open` does."""
        with self._precision():
            growth, outputs = self.trunk.open(tokens, attention_mask, room)
        return growth, outputs.map(Tensor.float)

    def extend(self, growth: Growth, tokens: Tensor) -> Outputs:
        """Appends one token to each text, (B,) int64, and returns the model's outputs after it."""
        with self._precision():
            outputs = growth.read(tokens)
        return outputs.map(Tensor.float)

    def logits(self, outputs: Outputs) -> Tensor:
        """Returns the scores of the next token over all L ids of the model, (N, L) float32."""
        return cast(Tensor, self._head(outputs.hidden)) if outputs.logits is None else outputs.logits

    def save(self, folder: Path) -> None:
        """Writes a Hugging Face folder: config.json and model.safetensors."""
        with _without_progress_bars():
            cast(Any, self.model).save_pretrained(folder)

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        if self.dtype == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    @torch.no_grad()
    def _choose_trunk(self, recompute: bool) -> tuple[Trunk, int]:
        """Returns the fastest trunk whose logits on a small text are the whole model's, and its width."""
        with explain_failure(self.model):
            return self._try_trunks(recompute)

    def _try_trunks(self, recompute: bool) -> tuple[Trunk, int]:
        tokens = torch.arange(4, device=self.device).reshape(1, 4) % self.logit_count
        rows, columns = torch.zeros_like(tokens[0]), torch.arange(4, device=self.device)
        whole = RowTrunk(self.model, whole=True)
        asked = {"attention_mask": torch.ones_like(tokens).bool(), "rows": rows, "columns": columns}
        said = whole.read(tokens, **asked)
        expected = self.logits(said)
        apart: list[Trunk] = []
        if self.model.base_model is not self.model:
            apart.append(RowTrunk(self.model, whole=False))
        if is_plain_gpt2(self.model):
            apart.insert(0, GPT2Trunk(self.model, recompute=recompute))
        for trunk in apart:
            outputs = trunk.read(tokens, **asked)
            width = outputs.hidden.shape[-1]
            if width != cast(Any, self._head).weight.shape[-1]:  # something stands between trunk and head
                continue
            found = self.logits(outputs)
            if found.shape == expected.shape and _are_close(found, expected):
                return trunk, width
        return whole, said.hidden.shape[-1]


def _are_close(found: Tensor, expected: Tensor) -> bool:
    return torch.allclose(found, expected, atol=PROBE_TOLERANCE, rtol=PROBE_TOLERANCE)


def load_model(name_or_folder: str | Path, **kwargs: Any) -> PreTrainedModel:
    """Returns a causal language model in float32, read from safetensors only, in memory of its own.

    Products of matrices are the same to the bit wherever aligned ones lie, and not otherwise. Code that comes
    with a model is never run.

    Args:
        name_or_folder: A folder, a name on the Hugging Face hub, "bundled", or another of `bundled_names`.
        **kwargs: Passed on to `AutoModelForCausalLM.from_pretrained`, such as `revision`.

    Raises:
        ValueError: If there is no such model, or it is damaged, pickled, quantised or unlike its config.
    """
    name = str(name_or_folder)
    source = str(bundled_folder(name)) if is_bundled(name) else name
    taken = sorted(OWN_ARGUMENTS & kwargs.keys())
    if taken:
        raise ValueError(
            f"model_kwargs: expected none of {sorted(OWN_ARGUMENTS)}, got {taken}; leave them out"
        )
    if Path(source).exists():
        check_folder(Path(source) / str(kwargs.get("subfolder", "")))
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
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # whatever a damaged config.json makes the library raise
        raise ValueError(
            f"model {source!r}: expected a causal language model with safetensors weights; "
            f"{type(error).__name__}: {one_line(error, 300)}"
        ) from error
    _check_loaded(source, model, report)
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()  # where it lies in the file, it need not be aligned
    return cast(PreTrainedModel, model)


def _check_loaded(source: str, model: Any, report: Mapping[str, Any]) -> None:
    """Checks that all weights were read, and that they are numbers."""
    lacking = sorted([*report["missing_keys"], *report["mismatched_keys"]], key=str)
    if lacking:
        raise ValueError(
            f"model {source!r}: weights do not fit config.json; missing or of another shape: {lacking[:3]}"
        )
    if has_adapter(model):
        raise ValueError(
            f"model {source!r}: expected a whole model, got an adapter of peft with its base; fetch it and "
            "give its folder, or merge it (merge_and_unload) and save the model"
        )
    for name, parameter in model.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            raise ValueError(f"model {source!r}: expected finite weights, {name} has others; restore it")


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

"""Low-rank adapters (LoRA): a few trained weights beside a frozen language model.

Where this departs from the usual way of training with peft:

1. Adapters have no dropout and start from a seed of their own: ratios start at 1, equal runs stay equal.
2. The reference is the same model without its adapter. `without_adapter` copies modules, never a frozen
   weight, so that the two may run in any order and nothing is switched on or off in between.
3. Merging makes new weights and leaves the old ones to the reference.

Equation: a layer's W x becomes W x + (alpha / rank) B A x, with B = 0 at the start (Hu et al., 2021,
https://arxiv.org/abs/2106.09685, section 4.1).
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from agents.extras import import_extra
from agents.policies.bundled import bundled_folder, bundled_names
from agents.runs.strict_json import is_number, show

ALL_LINEAR = "all-linear"
"""Stands for every linear layer but the output head."""
LARGEST_RANK = 1 << 16
"""More than the layers of any model are wide."""
NAME = "default"
"""Name that peft gives the one adapter of a model."""


@dataclass(frozen=True)
class LoraSettings:
    """Settings of an adapter.

    Raises:
        ValueError: If a setting is out of range.
    """

    rank: int = 16
    """Rows of A and columns of B."""
    alpha: float = 32.0
    """The product B A is scaled by alpha / rank."""
    targets: str | tuple[str, ...] = ALL_LINEAR
    """Names of the layers that are adapted, or the ends of their names; or "all-linear"."""
    seed: int = 0
    """Rank of the matrices A and B."""

    def __post_init__(self) -> None:
        if isinstance(cast(Any, self.targets), list):  # JSON has no tuples
            object.__setattr__(self, "targets", tuple(self.targets))
        rank, alpha, seed = cast("tuple[Any, Any, Any]", (self.rank, self.alpha, self.seed))
        if type(rank) is not int or rank < 1:
            raise ValueError(f"lora rank: expected a whole number >= 1, got {show(rank)}")
        if rank > LARGEST_RANK:
            raise ValueError(f"lora rank: expected at most {LARGEST_RANK}, got {show(rank)}")
        if not is_number(alpha) or alpha <= 0.0:
            raise ValueError(f"lora alpha: expected a number > 0, got {show(alpha)}")
        if type(seed) is not int or not 0 <= seed < 1 << 64:
            raise ValueError(f"lora seed: expected a whole number >= 0 and below 2^64, got {show(seed)}")
        if self.targets != ALL_LINEAR and not _are_names(self.targets):
            raise ValueError(
                f"lora targets: expected {ALL_LINEAR!r} or a tuple of names of layers, "
                f"got {show(self.targets)}"
            )

    @classmethod
    def read(cls, given: LoraSettings | Mapping[str, Any]) -> LoraSettings:
        """Returns settings, given as such or as a dict of them."""
        return given if isinstance(given, LoraSettings) else cls(**given)

    def to_record(self) -> dict[str, Any]:
        """Returns the settings as JSON has them."""
        targets = self.targets if isinstance(self.targets, str) else list(self.targets)
        return {**asdict(self), "targets": targets}


def _are_names(targets: Any) -> bool:
    names = cast("tuple[Any, ...]", targets if isinstance(targets, tuple) else ())
    return bool(names) and all(isinstance(one, str) for one in names)


class Adapter:
    """The adapter of one language model.

    Args:
        model: Gets the adapter, in place: its own weights are frozen, those of the adapter are float32.
        settings: Rank, scale and layers.

    Raises:
        ImportError: If peft is not installed.
        ValueError: If the model has no such layers.
    """

    def __init__(self, model: PreTrainedModel, settings: LoraSettings) -> None:
        peft = _import_peft()
        self.settings = settings
        self.base_sha256 = hash_weights(model)
        """SHA-256 of the model's own weights, before anything is added to them."""
        self.base = read_source(model)
        """Folder or hub name that the model was read from; empty if it was made in memory."""
        self.base_revision: str | None = getattr(model.config, "_commit_hash", None)
        self._model = model
        targets = settings.targets if isinstance(settings.targets, str) else list(settings.targets)
        self._refuse_embeddings()
        self.peft_config = peft.LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            target_modules=targets,
            fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
        )
        devices = [model.device] if model.device.type == "cuda" else []
        with cast(Any, torch.random).fork_rng(devices):  # peft draws matrices, which `_start` replaces
            try:
                peft.inject_adapter_in_model(self.peft_config, model, adapter_name=NAME)
            except ValueError as error:
                raise ValueError(
                    f"lora targets: expected names of layers of {type(model).__name__}, got {targets!r}"
                ) from error
        del cast(Any, model).peft_config  # the model's own methods are to see a plain model
        model.eval()
        self._start()

    def parameters(self) -> dict[str, nn.Parameter]:
        """Returns the adapter's weights by name, without the adapter's own name, in the model's order."""
        return {
            name.replace(f".{NAME}.", "."): parameter
            for name, parameter in self._model.named_parameters()
            if f".lora_A.{NAME}." in name or f".lora_B.{NAME}." in name
        }

    @torch.no_grad()
    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Takes weights over.

        Args:
            weights: By the names that `parameters` gives.

        Raises:
            ValueError: If names or shapes are others.
        """
        own = self.parameters()
        shapes = {name: tuple(parameter.shape) for name, parameter in own.items()}
        given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
        if shapes != given:
            wrong = sorted(set(shapes.items()) ^ set(given.items()))[:2]
            raise ValueError(f"adapter: its weights do not fit the model's layers: {wrong}")
        for name, parameter in own.items():
            parameter.copy_(weights[name])

    @torch.no_grad()
    def store_frozen_weights(self, dtype: torch.dtype) -> None:
        """Stores the matrices inside the model's layers in another type, so as to save memory.

        Embeddings, the output head, norms and biases stay as they are.
        """
        own = {id(parameter) for parameter in self.parameters().values()}
        kept = {id(module.weight) for module in self._embeddings()}
        for module in self._model.modules():
            if isinstance(module, nn.Linear | Conv1D) and id(module.weight) not in kept | own:
                module.weight.data = module.weight.data.to(dtype)

    @torch.no_grad()
    def merge(self) -> None:
        """Adds the adapter to the model's weights, as new tensors, and takes it out.

        All weights are float32 then, and all can be trained.
        """
        for name, layer in self._layers():
            base = cast(Any, layer).get_base_layer()
            weight = base.weight.float() + cast(Any, layer).get_delta_weight(NAME)
            base.weight = nn.Parameter(weight)
            self._model.set_submodule(name, base)
        cast(Any, self._model).float().requires_grad_(True)

    def sharing_memo(self) -> dict[int, Any]:
        """Returns the memo for `copy.deepcopy` to leave the adapter out and share all other weights."""
        memo: dict[int, Any] = {id(p): p for p in self._model.parameters() if not p.requires_grad}
        for _, layer in self._layers():
            memo[id(layer)] = copy.deepcopy(cast(Any, layer).get_base_layer(), memo)
        memo[id(self)] = self
        return memo

    def _layers(self) -> Iterator[tuple[str, nn.Module]]:
        layer_type = _import_peft().tuners.lora.LoraLayer
        return ((name, module) for name, module in self._modules() if isinstance(module, layer_type))

    def _modules(self) -> list[tuple[str, nn.Module]]:
        return list(cast(Any, self._model).named_modules())

    def _refuse_embeddings(self) -> None:
        weights = {id(module.weight) for module in self._embeddings()}
        tied = [name for name, m in self._modules() if id(getattr(m, "weight", None)) in weights]
        named = () if isinstance(self.settings.targets, str) else self.settings.targets
        if any(f".{name}".endswith(f".{target}") for name in tied for target in named):
            raise ValueError(
                "lora targets: expected layers between the embeddings and the head, "
                f"got {self.settings.targets!r}"
            )

    def _embeddings(self) -> list[Any]:
        model = cast(Any, self._model)
        found = (model.get_input_embeddings(), model.get_output_embeddings())
        return [module for module in found if module is not None]

    @torch.no_grad()
    def _start(self) -> None:
        generator = torch.Generator().manual_seed(self.settings.seed)
        for name, parameter in self.parameters().items():
            drawn = torch.zeros(parameter.shape)
            if ".lora_A." in name:
                nn.init.kaiming_uniform_(drawn, a=math.sqrt(5), generator=generator)
            parameter.copy_(drawn)


def hash_weights(model: nn.Module) -> str:
    """Returns the SHA-256 of a model's weights, with their names, types and shapes."""
    digest = hashlib.sha256()
    for name, parameter in model.named_parameters():
        digest.update(f"{name} {parameter.dtype} {tuple(parameter.shape)}\n".encode())
        whole = parameter.detach().cpu().contiguous()
        digest.update(whole.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def read_source(model: PreTrainedModel) -> str:
    """Returns a bundled name, a hub name or a folder's absolute path; empty for a model made in memory."""
    name = str(model.name_or_path)
    for bundled in bundled_names():
        if name == str(bundled_folder(bundled)):
            return bundled
    return str(Path(name).absolute()) if name and Path(name).is_dir() else name


def _import_peft() -> Any:
    return import_extra("peft", "LoRA needs", package="peft", extra="lora")

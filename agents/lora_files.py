"""An adapter on disk: peft's folder, with a record of the base model that it belongs to.

`lora.json` names the base model and holds the SHA-256 of its weights, `adapter_model.safetensors` the trained
matrices; `adapter_config.json` is there for peft, which reads such a folder too. Nothing is pickled.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple, cast

import safetensors.torch
from torch import Tensor

from agents.lora import Adapter, LoraSettings

RECORD_FILE = "lora.json"
CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
PREFIX = "base_model.model."
"""Before the names of an adapter's weights in a file of peft's."""


class StoredAdapter(NamedTuple):
    """What a folder says of an adapter."""

    settings: LoraSettings
    base: str
    """Name or folder of the base model."""
    base_revision: str | None
    """Commit of the base model, where it came from the hub."""
    base_sha256: str
    """Of the base model's weights."""
    weights: dict[str, Tensor]
    """By the names of `Adapter.parameters`."""

    def fill(self, adapter: Adapter) -> None:
        """Gives an adapter the stored weights.

        Raises:
            ValueError: Its base model has other weights than those the adapter was trained on.
        """
        if adapter.base_sha256 != self.base_sha256:
            raise ValueError(
                f"adapter: expected the base model {self.base!r} with weights of SHA-256 "
                f"{self.base_sha256[:12]}..., got {adapter.base_sha256[:12]}...; restore the model"
            )
        adapter.load(self.weights)


def read_adapter(folder: Path) -> StoredAdapter:
    """Returns the adapter that `write_adapter` wrote.

    Raises:
        ValueError: A file is missing or damaged.
    """
    try:
        record = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        weights = cast("dict[str, Tensor]", cast(Any, safetensors.torch).load_file(folder / WEIGHTS_FILE))
        return StoredAdapter(
            LoraSettings.read(record["settings"]),
            base=record["base"],
            base_revision=record["base_revision"],
            base_sha256=record["base_sha256"],
            weights={name.removeprefix(PREFIX): tensor for name, tensor in weights.items()},
        )
    except (OSError, KeyError, TypeError, ValueError, safetensors.SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"adapter {str(folder)!r}: missing or damaged files: {reason}") from error


def write_adapter(folder: Path, adapter: Adapter) -> None:
    """Writes an adapter.

    Raises:
        ValueError: The base model was not read from anywhere.
    """
    if not adapter.base:
        raise ValueError(
            "adapter: expected a base model that was read from a folder or the hub, got one made in memory; "
            "save it and use CausalLMPolicy.from_pretrained, or merge the adapter first"
        )
    record = {
        "base": adapter.base,
        "base_revision": adapter.base_revision,
        "base_sha256": adapter.base_sha256,
        "settings": adapter.settings.to_record(),
    }
    config = {key: _plain(value) for key, value in adapter.peft_config.to_dict().items()}
    config |= {"base_model_name_or_path": adapter.base, "revision": adapter.base_revision}
    for name, content in ((RECORD_FILE, record), (CONFIG_FILE, config)):
        (folder / name).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    tensors = {PREFIX + name: p.detach().cpu().contiguous() for name, p in adapter.parameters().items()}
    cast(Any, safetensors.torch).save_file(tensors, folder / WEIGHTS_FILE, metadata={"format": "pt"})


def forget_adapter(folder: Path) -> None:
    """Removes an adapter's files, so that a whole model can take their place."""
    for name in (RECORD_FILE, CONFIG_FILE, WEIGHTS_FILE):
        (folder / name).unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    return sorted(cast("set[str]", value)) if isinstance(value, set) else value

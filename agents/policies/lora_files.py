"""An adapter on disk: peft's folder, with a record of the base model that it belongs to.

`lora.json` names the base model and holds the SHA-256 of its weights, `adapter_model.safetensors` the trained
matrices; `adapter_config.json` is there for peft, which reads such a folder too. Nothing is pickled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import safetensors.torch
from torch import Tensor

from agents.policies.bundled import bundled_folder, is_bundled
from agents.policies.lora import Adapter, LoraSettings
from agents.policies.model_folder import CONFIG_FILE as MODEL_FILE
from agents.policies.model_folder import SAMPLING_FILE, check_settings, read_tensors
from agents.runs.plain_files import read_plain
from agents.runs.printable import one_line
from agents.runs.strict_json import show

RECORD_FILE = "lora.json"
CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
LARGEST = 1 << 24
"""Bytes of the largest JSON file that is read."""
PREFIX = "base_model.model."
"""Before the names of an adapter's weights in a file of peft's."""


class StoredAdapter(NamedTuple):
    """An adapter as a folder describes it."""

    settings: LoraSettings
    base: str
    """The base model: a bundled name, a name on the hub, or a folder as seen from the adapter's."""
    base_from_here: str
    """The same, a folder as seen from the working folder of who wrote it."""
    base_revision: str | None
    """Commit of the base model, where it came from the hub."""
    base_sha256: str
    """SHA-256 of the base model's weights."""
    weights: dict[str, Tensor]
    """Tensors by the names of `Adapter.parameters`."""

    def fill(self, adapter: Adapter) -> None:
        """Loads stored weights into an adapter.

        Raises:
            ValueError: If its base model has other weights than those the adapter was trained on.
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
        ValueError: If a file is missing or damaged.
    """
    check_settings(folder / SAMPLING_FILE)
    try:
        record = json.loads(read_plain(folder / RECORD_FILE, largest=LARGEST))
        weights = read_tensors(folder / WEIGHTS_FILE)
        return StoredAdapter(
            LoraSettings.read(record["settings"]),
            base=_read_text(record, "base"),
            base_from_here=_read_config(folder),
            base_revision=_read_text(record, "base_revision", or_none=True),
            base_sha256=_read_text(record, "base_sha256"),
            weights={name.removeprefix(PREFIX): tensor for name, tensor in weights.items()},
        )
    except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        reason = one_line(error)
        raise ValueError(f"adapter {str(folder)!r}: missing or damaged files: {reason}") from error


def find_base(folder: Path, stored: StoredAdapter) -> str:
    """Returns where the base model of an adapter is: its name, or its folder.

    A folder is looked for as seen from the adapter's, which holds when both have moved, and from here.

    Raises:
        ValueError: If it is in neither place.
    """
    if not _is_path(stored.base):
        return stored.base
    for place in (folder / stored.base, Path(stored.base_from_here)):
        if (place / MODEL_FILE).is_file():
            return str(place)
    raise ValueError(
        f"adapter {str(folder)!r}: expected its base model in {str(folder / stored.base)!r}, found none; "
        "say where it is now (base=)"
    )


def write_adapter(folder: Path, adapter: Adapter) -> None:
    """Writes an adapter; a base model in a folder is named by its path from there.

    Raises:
        ValueError: If the base model was not read from anywhere, or the folder holds a whole model.
    """
    if (folder / MODEL_FILE).exists():
        raise ValueError(
            f"adapter: expected a folder without a whole model, got {str(folder)!r}; choose another folder"
        )
    if not adapter.base:
        raise ValueError(
            "adapter: expected a base model that was read from a folder or the hub, got one made in memory; "
            "save it and use CausalLMPolicy.from_pretrained, or merge the adapter first"
        )
    base, base_from_here = _seen_from(folder, adapter.base)
    record = {
        "base": base,
        "base_revision": adapter.base_revision,
        "base_sha256": adapter.base_sha256,
        "settings": adapter.settings.to_record(),
    }
    config = {key: _plain(value) for key, value in adapter.peft_config.to_dict().items()}
    config |= {
        "base_model_name_or_path": base_from_here,  # peft looks for it from where it is asked
        "revision": adapter.base_revision,
        "task_type": "CAUSAL_LM",
        "inference_mode": True,
    }
    for name, content in ((RECORD_FILE, record), (CONFIG_FILE, config)):
        (folder / name).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    tensors = {PREFIX + name: p.detach().cpu().contiguous() for name, p in adapter.parameters().items()}
    cast(Any, safetensors.torch).save_file(tensors, folder / WEIGHTS_FILE, metadata={"format": "pt"})


def forget_adapter(folder: Path) -> None:
    """Removes an adapter's files, so that a whole model can take their place."""
    for name in (RECORD_FILE, CONFIG_FILE, WEIGHTS_FILE):
        (folder / name).unlink(missing_ok=True)


def _is_path(base: str) -> bool:
    return base.startswith(".") or Path(base).is_absolute()


def _seen_from(folder: Path, base: str) -> tuple[str, str]:
    """Returns the base model for the record and for peft: a name, or a path from the folder and from here."""
    if is_bundled(base):
        return base, _relative(bundled_folder(base), Path.cwd())
    if not Path(base).is_absolute():
        return base, base
    return _relative(Path(base), folder.resolve()), _relative(Path(base), Path.cwd())


def _relative(path: Path, start: Path) -> str:
    """Returns a path that begins with a dot, so that it is no name; absolute on another drive."""
    try:
        relative = Path(os.path.relpath(path.resolve(), start)).as_posix()
    except ValueError:
        return str(path)
    return relative if relative.startswith(".") else f"./{relative}"


def _read_text(record: Mapping[str, Any], key: str, *, or_none: bool = False) -> Any:
    value = record[key]
    if not isinstance(value, str) and not (or_none and value is None):
        raise ValueError(f"{key}: expected a text, got {show(value)}")
    return value


def _read_config(folder: Path) -> str:
    """Returns the base model that peft's configuration names."""
    config = json.loads(read_plain(folder / CONFIG_FILE, largest=LARGEST))
    return str(config["base_model_name_or_path"])


def _plain(value: Any) -> Any:
    return sorted(cast("set[str]", value)) if isinstance(value, set) else value

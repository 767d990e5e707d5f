"""A policy on disk: a model's folder or an adapter's, each with the value head; no pickles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import safetensors.torch
from torch import nn
from transformers import PreTrainedModel

from agents.backbone import Backbone, load_model
from agents.foreign_adapter import is_foreign_adapter, merge_foreign_adapter
from agents.lora import Adapter, LoraSettings
from agents.lora_files import (
    RECORD_FILE,
    StoredAdapter,
    find_base,
    forget_adapter,
    read_adapter,
    write_adapter,
)
from agents.model_folder import read_tensors

VALUE_HEAD_FILE = "value_head.safetensors"


def write_folder(folder: Path, backbone: Backbone, adapter: Adapter | None, value_head: nn.Module) -> None:
    """Writes a folder with the adapter, or with the whole model where there is none.

    Raises:
        ValueError: The adapter's base model was not read from anywhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if adapter is None:
        forget_adapter(folder)
        backbone.save(folder)
    else:
        write_adapter(folder, adapter)
    state = {name: tensor.contiguous() for name, tensor in value_head.state_dict().items()}
    cast(Any, safetensors.torch).save_file(state, folder / VALUE_HEAD_FILE)


def fill_value_head(value_head: nn.Module, folder: Path) -> None:
    """Gives a value head the weights in a folder, where it has them.

    Raises:
        ValueError: They are damaged, or of another width.
    """
    file = folder / VALUE_HEAD_FILE
    if not file.is_file():
        return
    stored = read_tensors(file)
    wanted = {name: tuple(tensor.shape) for name, tensor in value_head.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in stored.items()}
    if found != wanted:
        raise ValueError(
            f"value head {str(file)!r}: expected {wanted}, got {found}; "
            "restore it, or remove it to start without a critic"
        )
    value_head.load_state_dict(stored)


def open_model(
    name_or_folder: str | Path,
    model_kwargs: Mapping[str, Any],
    lora: LoraSettings | Mapping[str, Any] | None,
    base: str | Path | None = None,
) -> tuple[PreTrainedModel, StoredAdapter | None]:
    """Returns a model, and the adapter if the folder holds one; the model is its base then.

    Args:
        name_or_folder: A folder, a name on the Hugging Face hub, or "bundled".
        model_kwargs: Passed on to `AutoModelForCausalLM.from_pretrained`.
        lora: Settings of a new adapter; refused where there is one already.
        base: Where the base model of the folder's adapter is now; None: where it was.

    Raises:
        ValueError: There is no such model, or what is there does not go together.
    """
    folder = Path(name_or_folder)
    own, foreign = (folder / RECORD_FILE).is_file(), is_foreign_adapter(folder)
    if lora is not None and (own or foreign):
        raise ValueError(
            f"lora: expected None, as {str(folder)!r} holds an adapter already; leave it out, or merge that "
            "one first: CausalLMPolicy.from_pretrained(it).merge().save_pretrained(another folder)"
        )
    if own:
        stored = read_adapter(folder)
        revision = {} if stored.base_revision is None else {"revision": stored.base_revision}
        return load_model(base or find_base(folder, stored), **{**revision, **model_kwargs}), stored
    if foreign:
        return merge_foreign_adapter(folder, model_kwargs, base=base), None
    if base is not None:
        raise ValueError(
            f"base: expected None, as {str(folder)!r} holds no adapter, got {str(base)!r}; leave it out"
        )
    return load_model(name_or_folder, **model_kwargs), None

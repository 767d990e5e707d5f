"""Makes a whole model of an adapter's folder of peft's, such as supervised fine-tuning leaves it.

What the adapter learned is added to the base model's weights, so that policy and reference both start from
it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from transformers import PreTrainedModel

from agents.extras import import_extra
from agents.policies.backbone import load_model
from agents.policies.model_folder import CONFIG_FILE, read_tensors
from agents.runs.printable import one_line
from agents.runs.strict_json import show

ADAPTER_CONFIG_FILE = "adapter_config.json"
ADAPTER_FILE = "adapter_model.safetensors"
TOLERANCE = 1e-3
"""Largest difference of logits between adapter and merged model, over the largest logit."""


def is_foreign_adapter(folder: Path) -> bool:
    """Returns whether a folder holds an adapter of peft's and no model."""
    return (folder / ADAPTER_CONFIG_FILE).is_file() and not (folder / CONFIG_FILE).is_file()


def merge_foreign_adapter(
    folder: Path, model_kwargs: Mapping[str, Any], *, base: str | Path | None
) -> tuple[PreTrainedModel, str]:
    """Returns the base model with an adapter added to its weights, all trainable, and where that model was.

    Args:
        folder: For which `is_foreign_adapter` holds.
        model_kwargs: Passed on to `AutoModelForCausalLM.from_pretrained`.
        base: The base model; None: what the adapter's configuration names.

    Raises:
        ValueError: If a file is missing or damaged, the adapter can't be added to weights, or
            it does not fit its base model.
        ImportError: If peft is not installed.
    """
    peft = import_extra("peft", "An adapter needs", package="peft", extra="lora")
    named = f"adapter {str(folder)!r}"
    config = _read_config(folder, named)
    stored = read_tensors(folder / ADAPTER_FILE)
    place = str(base or _base_of(folder, config, named))
    model = load_model(place, **model_kwargs)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of weights that are missing: these are compared below
            tuned = peft.PeftModel.from_pretrained(model, str(folder)).eval()
    except Exception as error:  # whatever peft raises for a configuration that does not fit
        reason = one_line(error, 200)
        raise ValueError(
            f"{named}: expected an adapter of {type(model).__name__}, got {type(error).__name__}: {reason}; "
            "give the base model that it was trained on, resized as it was then (base=)"
        ) from error
    if tuned.active_peft_config.is_prompt_learning or not hasattr(tuned.base_model, "merge_and_unload"):
        raise ValueError(
            f"{named}: expected an adapter that can be added to weights, such as LoRA, got "
            f"{config.get('peft_type')}; take another kind, or train the whole model"
        )
    _check_loaded(peft.get_peft_model_state_dict(tuned, save_embedding_layers=False), stored, named)
    try:
        expected = _logits(tuned)
        merged = tuned.merge_and_unload(safe_merge=True)
        _release(merged)
        off = float((_logits(merged) - expected).abs().max() / expected.abs().max())
    except Exception as error:  # whatever peft raises for settings that no training has written
        raise ValueError(
            f"{named}: expected an adapter that can be added to weights, got {type(error).__name__}: "
            f"{one_line(error, 200)}; restore {ADAPTER_CONFIG_FILE}"
        ) from error
    if not off <= TOLERANCE:
        raise ValueError(
            f"{named}: expected the same logits with the adapter and with it merged, got others (off by "
            f"{off:.1g} of the largest); take another kind of adapter"
        )
    return cast(PreTrainedModel, merged), place


def _read_config(folder: Path, named: str) -> dict[str, Any]:
    try:
        config = json.loads((folder / ADAPTER_CONFIG_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{named}: {ADAPTER_CONFIG_FILE} is damaged: {error}; restore it") from error
    if not isinstance(config, dict):
        raise ValueError(
            f"{named}: expected an object in {ADAPTER_CONFIG_FILE}, got {show(config)}; restore it"
        )
    return cast("dict[str, Any]", config)


def _base_of(folder: Path, config: Mapping[str, Any], named: str) -> str:
    """Returns the base model's folder, by its path from here or from the adapter's folder, or its name."""
    base = config.get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        raise ValueError(
            f"{named}: expected base_model_name_or_path, got {base!r}; give the base model (base=)"
        )
    beside = folder / base
    return str(beside) if not Path(base).is_dir() and beside.is_dir() else base


def _check_loaded(found: Mapping[str, Tensor], stored: Mapping[str, Tensor], named: str) -> None:
    """Checks that the adapter in the model is the one in the file, no more and no less."""
    lacking = found.keys() ^ stored.keys()
    pairs = {name: (found[name].cpu(), stored[name]) for name in found.keys() & stored.keys()}
    wrong = sorted({name for name, (a, b) in pairs.items() if not torch.equal(a, b.to(a.dtype))} | lacking)
    if wrong:
        raise ValueError(
            f"{named}: expected weights for the layers that {ADAPTER_CONFIG_FILE} names, and no others, got "
            f"{len(wrong)} that do not fit, such as {wrong[0]}; give the base model that it was trained on"
        )


def _release(model: Any) -> None:
    """Makes an ordinary model of one that an adapter was merged into."""
    model.requires_grad_(True).eval()
    head, words = model.get_output_embeddings(), model.get_input_embeddings()
    if head is not None and head.weight is not words.weight:
        model.config.tie_word_embeddings = False  # the adapter came with a table or a head of its own
    for name in ("peft_config", "_hf_peft_config_loaded"):
        if name in vars(model):
            delattr(model, name)
    model.name_or_path = model.config._name_or_path = ""  # no longer what lies there


@torch.no_grad()
def _logits(model: Any) -> Tensor:
    tokens = torch.arange(4, device=model.device)[None] % int(model.get_input_embeddings().weight.shape[0])
    return cast(Tensor, model(input_ids=tokens).logits).float()

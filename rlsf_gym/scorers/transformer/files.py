"""Reads a sequence classifier of transformers: its model and its tokenizer, from safetensors alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rlsf_gym.arguments import first_line

__all__ = ["import_torch", "load_classifier"]


def import_torch() -> Any:
    """Returns torch.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError("the transformer scorer needs torch: pip install 'rlsf-gym[hf]'") from error
    return torch


def load_classifier(name: str, device: str) -> tuple[Any, Any]:
    """Returns the model, ready for inference, and its tokenizer with a padding token.

    Weights are read in single precision, whatever they are stored in: half of it tells scores of two batches
    apart by 1e-3.

    Args:
        name: A name on the Hugging Face hub or a local folder.
        device: Where the model is put.

    Raises:
        ValueError: If there is no such classifier, or its files are damaged.
        ImportError: If torch and transformers are not installed.
    """
    torch = import_torch()
    library = _import_transformers()
    _check_folder(Path(name), name)
    try:
        model, found = library.AutoModelForSequenceClassification.from_pretrained(
            name,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # of safetensors' and transformers' own, or whatever a damaged file leads to
        raise ValueError(_explain(name, error)) from error
    try:
        tokenizer = library.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except Exception as error:  # the tokenizers library raises bare Exception
        raise ValueError(_explain(name, error)) from error
    if found["missing_keys"]:
        missing = ", ".join(sorted(found["missing_keys"])[:3])
        raise ValueError(
            f"model must be a trained sequence classifier, {name!r} has no weights for {missing}"
        )
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise ValueError(
                f"model must have a padding or an end token, the tokenizer of {name!r} has neither"
            )
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.truncation_side = "right"  # what a text has too many of is ignored at its end
    # GPT-2-like classifiers look for the last token that is not padding.
    model.config.pad_token_id = tokenizer.pad_token_id
    return model.float().to(device).eval(), tokenizer


def _explain(name: str, error: Exception) -> str:
    expected = "model must be a sequence classifier with safetensors"
    return f"{expected}, got {name!r}: {type(error).__name__}: {first_line(error)}"


def _import_transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise ImportError("the transformer scorer needs transformers: pip install 'rlsf-gym[hf]'") from error
    return transformers


def _check_folder(folder: Path, name: str) -> None:
    if not folder.is_dir():
        if folder.is_absolute() or name.startswith("."):
            raise ValueError(f"model must be an existing folder or a name on the hub, got {name!r}")
        return
    if not (folder / "config.json").is_file():
        raise ValueError(f"model folder must hold config.json, {name!r} does not")
    if not any(folder.glob("*.safetensors")):
        pickled = ", ".join(sorted(path.name for path in folder.glob("*.bin")))
        found = f"only pickled weights ({pickled}), which are not loaded" if pickled else "no weights"
        raise ValueError(
            f"model folder must hold safetensors, {name!r} has {found}: save it with safetensors"
        )

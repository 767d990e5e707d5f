"""Refuses models of which it can be seen that a policy can't be made: adapters inside, quantised, no head."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, cast

import torch
from transformers import PreTrainedModel

from agents.runs.printable import one_line


def check_kind(model: PreTrainedModel) -> None:
    """Checks that a model is a whole language model with weights that can be trained.

    Raises:
        ValueError: If it is something else; in one line.
    """
    name = type(model).__name__
    if has_adapter(model):
        raise ValueError(
            f"model {name}: expected one without adapters of peft, got some inside; pass "
            "model.merge_and_unload() of the PeftModel, or give the adapter's folder to from_pretrained"
        )
    if not isinstance(cast(Any, model), PreTrainedModel):
        raise ValueError(
            f"model: expected a causal language model of transformers, got {name}; "
            "read it with AutoModelForCausalLM.from_pretrained"
        )
    config = cast(Any, model.config)
    if getattr(model, "hf_quantizer", None) is not None or getattr(config, "quantization_config", None):
        raise ValueError(
            f"model {name}: expected whole weights, got quantised ones; take the model as it was before, "
            "with dtype='bfloat16' and an adapter (lora=) to save memory"
        )
    if config.is_encoder_decoder:
        raise ValueError(
            f"model {name}: expected a decoder, got an encoder and a decoder; take one such as GPT-2 or Llama"
        )
    if cast(Any, model).get_output_embeddings() is None:
        raise ValueError(
            f"model {name}: expected a head over the vocabulary, got none; "
            "read it with AutoModelForCausalLM.from_pretrained"
        )


def has_adapter(model: Any) -> bool:
    """Returns whether peft has wrapped a model, or put layers of its own into it."""
    return any(type(module).__module__.partition(".")[0] == "peft" for module in model.modules())


@contextlib.contextmanager
def explain_failure(model: PreTrainedModel) -> Generator[None]:
    """Makes one line of whatever a model raises that can't be called as a decoder is."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # whatever such a model raises
        reason = one_line(error, 200)
        raise ValueError(
            f"model {type(model).__name__}: expected a causal language model that takes ids, mask and cache, "
            f"got {type(error).__name__}: {reason}; take a decoder such as GPT-2 or Llama"
        ) from error

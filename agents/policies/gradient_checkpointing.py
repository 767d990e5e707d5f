"""Gradient checkpointing: a layer's activations are computed again in the backward pass, not kept.

transformers' own switch needs training mode, which would turn dropout on; this one follows the layers alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from torch.utils import checkpoint
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer


def recompute_in_backward(model: PreTrainedModel) -> None:
    """Makes each layer of a model keep its inputs alone where gradients are wanted; the same gradients.

    Raises:
        ValueError: If transformers knows of no layers of this model that can be run apart.
    """
    layers = [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]
    if not layers:
        raise ValueError(
            f"gradient_checkpointing: expected a model with GradientCheckpointingLayer modules, "
            f"got {type(model).__name__}; leave it off"
        )
    for layer in layers:
        layer.forward = partial(run_again, layer.forward)


def run_again(forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Returns what a function returns; where gradients are wanted, it runs again in the backward pass."""
    if not torch.is_grad_enabled():
        return forward(*args, **kwargs)
    return cast(Any, checkpoint).checkpoint(
        forward, *args, use_reentrant=False, preserve_rng_state=False, **kwargs
    )  # no dropout, so no generator's state to keep

"""The state of Adam as named tensors, for checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

MOMENTS = ("step", "exp_avg", "exp_avg_sq")

NamedParameters = Iterable[tuple[str, nn.Parameter]]


def read_state(optimizer: torch.optim.Adam, parameters: NamedParameters) -> dict[str, Tensor]:
    """Returns `moment/parameter` to tensor, of the parameters that were stepped so far."""
    states = cast("Mapping[nn.Parameter, dict[str, Tensor]]", optimizer.state)
    return {
        f"{moment}/{name}": states[parameter][moment]
        for name, parameter in parameters
        if parameter in states
        for moment in MOMENTS
    }


def write_state(
    optimizer: torch.optim.Adam, parameters: NamedParameters, tensors: Mapping[str, Tensor]
) -> None:
    """Gives an optimiser that has made no step the state that `read_state` returned.

    Raises:
        ValueError: A moment has another shape than its parameter.
    """
    for name, parameter in parameters:
        if f"{MOMENTS[0]}/{name}" not in tensors:
            continue
        state = {moment: tensors[f"{moment}/{name}"].to(parameter.device).clone() for moment in MOMENTS}
        if state["exp_avg"].shape != parameter.shape:
            got = tuple(state["exp_avg"].shape)
            raise ValueError(f"moments of {name}: expected shape {tuple(parameter.shape)}, got {got}")
        cast(Any, optimizer.state)[parameter] = state

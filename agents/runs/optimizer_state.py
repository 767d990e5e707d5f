"""State of Adam and of random generators as tensors for checkpoints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

MOMENTS = ("step", "exp_avg", "exp_avg_sq")

NamedParameters = Iterable[tuple[str, nn.Parameter]]


def read_state(optimizer: torch.optim.Adam, parameters: NamedParameters) -> dict[str, Tensor]:
    """Returns the state of an optimiser, `moment/parameter` to tensor, for the parameters stepped so far."""
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
    """Loads the state that `read_state` returned into an optimiser that has made no step.

    Args:
        optimizer: Optimiser that the state is loaded into.
        parameters: Its parameters, by name.
        tensors: As `read_state` returned them, and no others.

    Raises:
        ValueError: If a moment is missing, has another shape or type than its parameter, or belongs to none.
    """
    left = set(tensors)
    for name, parameter in parameters:
        mine = [f"{moment}/{name}" for moment in MOMENTS]
        if not left.intersection(mine):
            continue
        for key in reversed(mine):
            _check_moment(key, tensors.get(key), parameter)
        left.difference_update(mine)
        state = {moment: tensors[f"{moment}/{name}"].to(parameter.device).clone() for moment in MOMENTS}
        cast(Any, optimizer.state)[parameter] = state
    if left:
        raise ValueError(f"moments: expected those of the policy's parameters, got {min(left)!r} as well")


def _check_moment(key: str, moment: Tensor | None, parameter: nn.Parameter) -> None:
    shape = () if key.startswith(f"{MOMENTS[0]}/") else tuple(parameter.shape)
    name = key.partition("/")[2]
    if moment is None:
        raise ValueError(f"moments of {name}: expected {', '.join(MOMENTS)}, got no {key.partition('/')[0]}")
    if tuple(moment.shape) != shape:
        raise ValueError(f"moments of {name}: expected shape {shape}, got {tuple(moment.shape)}")
    if not moment.is_floating_point():
        raise ValueError(f"moments of {name}: expected real numbers, got {moment.dtype}")
    least = -math.inf if key.startswith(f"{MOMENTS[1]}/") else 0.0  # the others are a count and squares
    if not bool(((moment >= least) & (moment.abs() < math.inf)).all()):
        kind = "finite numbers" if least else "finite numbers >= 0"
        raise ValueError(f"moments of {name}: expected {kind} in {key.partition('/')[0]}, got others")


def set_generator(generator: torch.Generator, state: Tensor | None) -> None:
    """Sets the state of a random generator from a tensor.

    Raises:
        ValueError: If the state is missing, or not that of a generator on the CPU.
    """
    try:
        if state is None:
            raise TypeError("there is none")
        generator.set_state(state.clone())
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"generator: expected the state of a torch.Generator on the CPU: {error}") from error

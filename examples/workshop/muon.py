"""Muon for stacks of equal matrices: momentum whose every update is made orthogonal.

Follows K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), with the scale
of J. Liu et al., "Muon is scalable for LLM training" (2025). Departures:

1. The iteration runs in the parameters' own precision (`torch.optim.Muon` casts to bfloat16, which is slow
   on processors without it).
2. Matrices of one shape are handled in one batched product.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalise(updates: Tensor, iterations: int = 5) -> Tensor:
    """Returns matrices with the singular vectors of `updates` and singular values near 1.

    Args:
        updates: (N, R, C) float.
        iterations: Number of Newton-Schulz steps of degree 5.

    Returns:
        (N, R, C) float.
    """
    wide = updates.shape[1] <= updates.shape[2]
    x = updates if wide else updates.transpose(1, 2)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _COEFFICIENTS
    for _ in range(iterations):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if wide else x.transpose(1, 2)


class BatchedMuon(torch.optim.Optimizer):
    """Muon with Nesterov momentum and decoupled weight decay over 2-D parameters.

    The update's root mean square is 0.2 `lr`, about that of AdamW at the same `lr`.

    Args:
        params: 2-D parameters.
        lr: Learning rate, above 0.
        momentum: In [0, 1).
        weight_decay: At least 0; a weight shrinks by `lr * weight_decay` of itself per step.
    """

    def __init__(
        self, params: Iterable[Tensor], *, lr: float, momentum: float = 0.95, weight_decay: float = 0.1
    ) -> None:
        super().__init__(list(params), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Applies one update; `closure` is not supported."""
        if closure is not None:
            raise ValueError("closure must be None")
        for group in self.param_groups:
            by_shape: dict[tuple[int, ...], list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape.setdefault(tuple(parameter.shape), []).append(parameter)
            for parameters in by_shape.values():
                self._step_stack(parameters, group)

    def _step_stack(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        momentum = group["momentum"]
        directions: list[Tensor] = []
        for parameter in parameters:
            gradient = parameter.grad
            assert gradient is not None
            state = self.state[parameter]
            if "average" not in state:
                state["average"] = torch.zeros_like(parameter)
            state["average"].lerp_(gradient, 1 - momentum)
            directions.append(gradient.lerp(state["average"], momentum))
        rows, columns = parameters[0].shape
        scale = 0.2 * max(rows, columns) ** 0.5 * group["lr"]
        for parameter, update in zip(parameters, orthogonalise(torch.stack(directions)), strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-scale)

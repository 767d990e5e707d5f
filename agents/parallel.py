"""Data-parallel processes: the share of each, and the collectives that keep weights and decisions equal.

Every process holds the same weights and the same batch and takes the same decisions; what is divided is the
expensive part, collecting rollouts and the forward and backward passes. So little passes between them: the
episodes once per iteration, gradients and a handful of statistics once per optimiser step. All get the same
bits of either, which keeps their weights and their decisions equal.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Generator, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from agents.extras import import_extra
from agents.runs.printable import one_line

PATIENCE = 1_800.0
"""Seconds that a process waits for the others."""
T = TypeVar("T")


class Processes:
    """One process alone: every share is the whole, and nothing is communicated."""

    rank = 0
    """Number of this process; 0 is the main one."""
    count = 1
    """Number of processes that learn together."""
    device: torch.device | None = None
    """Device of this process's policy; None: any."""

    @property
    def is_main(self) -> bool:
        """Whether this is the one that writes logs and checkpoints."""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """Returns this process's rows of (N, ...), the next N / `count` of them."""
        size = len(rows) // self.count
        return rows[self.rank * size : (self.rank + 1) * size]

    def check_divides(self, name: str, value: int) -> None:
        """Checks that every process gets as many rows as the others.

        Raises:
            ValueError: If it does not; `name` is that of the setting.
        """
        if value % self.count:
            raise ValueError(f"{name}: expected a multiple of the {self.count} processes, got {value}")

    def gather_rows(self, x: Tensor) -> Tensor:
        """Returns the rows of all processes, (count * N, ...), in the order of their ranks.

        Args:
            x: (N, ...), of one shape in all processes.
        """
        return x

    def gather_items(self, items: Sequence[T]) -> list[T]:
        """Returns the items of all processes, in the order of their ranks; they are pickled on their way."""
        return list(items)

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Makes the gradient of each parameter that has one the sum over the processes, in place."""

    def copy_from_main(self, module: nn.Module) -> None:
        """Broadcasts the parameters of a module from the main process, in place."""

    def any(self, flag: bool) -> bool:
        """Returns whether a flag is set in at least one process."""
        return flag

    def close(self) -> None:
        """Leaves the group of processes, at the end."""


ALONE = Processes()
"""Processes of a run with one process alone."""


class JoinedProcesses(Processes):
    """One of several processes, joined by Accelerate, whose `gather` and `reduce` pass tensors between them.

    A process that ends makes the others raise ConnectionError where they next wait for it, at once or, where
    it only hangs, after the time that the group was made with.

    Args:
        state: `accelerate.PartialState` of this process.
    """

    def __init__(self, state: Any) -> None:
        self.device = self._place = cast(torch.device, state.device)
        self.rank, self.count = int(state.process_index), int(state.num_processes)
        self._operations: Any = importlib.import_module("accelerate.utils.operations")

    def gather_rows(self, x: Tensor) -> Tensor:
        """Returns the rows of all processes."""
        with self._reporting():
            return self._operations.gather(x.detach().to(self._place)).to(x.device)

    def gather_items(self, items: Sequence[T]) -> list[T]:
        """Returns the items of all processes."""
        with self._reporting():
            return self._operations.gather_object(list(items))

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Sums gradients over the processes, one by one, which costs no second copy of all of them."""
        for gradient in [p.grad for p in parameters if p.grad is not None]:
            with self._reporting():
                gradient.copy_(self._operations.reduce(gradient.to(self._place), reduction="sum"))

    def copy_from_main(self, module: nn.Module) -> None:
        """Copies the main process's parameters."""
        for parameter in module.parameters():
            values = parameter.detach().to(self._place).contiguous()
            with self._reporting():
                parameter.data.copy_(self._operations.broadcast(values))

    def any(self, flag: bool) -> bool:
        """Returns whether a process has set the flag."""
        return bool(self.gather_rows(torch.tensor([flag], dtype=torch.uint8)).any())

    def close(self) -> None:
        """Leaves the process group."""
        cast(Any, torch.distributed).destroy_process_group()

    @contextlib.contextmanager
    def _reporting(self) -> Generator[None]:
        """Returns a context that reports in one line that the others can't be reached."""
        try:
            yield
        except RuntimeError as error:
            reason = one_line(error, 200)
            raise ConnectionError(
                f"process {self.rank} of {self.count} lost the others, whose own message says why: {reason}"
            ) from error


def join_processes(device: str = "cpu", *, patience: float = PATIENCE) -> Processes:
    """Returns the processes that a launcher started this script as, or this one alone.

    Args:
        device: "cpu", or "cuda": each process then takes the GPU of its number on its machine.
        patience: Seconds that a process waits for the others before it gives up.

    Raises:
        ImportError: If there are several, and Accelerate is not installed.
        ValueError: If there are several, and the device names one GPU for all of them.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:  # what torchrun and `accelerate launch` tell a process
        return ALONE
    if device not in ("cpu", "cuda"):
        raise ValueError(f"device: expected 'cpu' or 'cuda' for several processes, got {device!r}")
    accelerate = import_extra("accelerate", "several processes need", package="accelerate", extra="scale")
    state = accelerate.PartialState(cpu=device == "cpu", timeout=timedelta(seconds=patience))
    return JoinedProcesses(state)

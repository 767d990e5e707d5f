"""The processes that learn together: who this one is, its share of the rows, and what passes between them.

Every process holds the same weights and the same batch and takes the same decisions; what is divided is the
expensive part, playing and the forward and backward passes. So what passes between them is few: the episodes
once per iteration, gradients and a handful of figures once per optimiser step. All get the same bits of
either, which is what keeps their weights and their decisions alike.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from agents.extras import import_extra
from agents.runs.printable import one_line

PATIENCE = 1_800.0
"""Seconds that a process waits for the others."""
BUCKET = 1 << 25
"""Numbers that are summed at a time: gradients pass in pieces, which costs no second copy of all of them."""
T = TypeVar("T")


class Processes:
    """One process alone: every share is the whole, and nothing passes."""

    rank = 0
    """Number of this process; 0 is the main one."""
    count = 1
    """How many there are."""
    device: torch.device | None = None
    """Where this process's policy belongs; None: wherever the caller likes."""

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
            ValueError: It doesn't; `name` is what the value is called in the settings.
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
        """Gives the parameters of a module the values that they have in the main process, in place."""

    def any(self, flag: bool) -> bool:
        """Returns whether a flag is set in at least one process."""
        return flag

    def close(self) -> None:
        """Parts from the others, once nothing more will pass."""


ALONE = Processes()
"""This process by itself."""


class JoinedProcesses(Processes):
    """One of several processes, joined by torch's default process group.

    A process that ends makes the others raise ConnectionError where they next wait for it, at once or, where
    it only hangs, after the time that the group was made with.

    Args:
        device: Where tensors are put to pass between processes: the process's GPU, or the CPU.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = self._place = device
        self.rank = dist.get_rank()
        self.count = dist.get_world_size()

    def gather_rows(self, x: Tensor) -> Tensor:
        """Returns the rows of all processes."""
        here = x.detach().to(self._place).contiguous()
        pieces = [torch.empty_like(here) for _ in range(self.count)]
        with self._told():
            cast(Any, dist).all_gather(pieces, here)
        return torch.cat(pieces).to(x.device)

    def gather_items(self, items: Sequence[T]) -> list[T]:
        """Returns the items of all processes."""
        lists: list[Any] = [None] * self.count
        with self._told():
            cast(Any, dist).all_gather_object(lists, list(items))
        return [item for part in lists for item in part]

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Sums gradients over the processes."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        for bucket in _buckets(gradients):
            flat = torch.cat([gradient.reshape(-1) for gradient in bucket]).to(self._place)
            with self._told():
                cast(Any, dist).all_reduce(flat)
            sizes = [gradient.numel() for gradient in bucket]
            pieces: tuple[Tensor, ...] = cast(Any, flat).split(sizes)
            for gradient, piece in zip(bucket, pieces, strict=True):
                gradient.copy_(piece.view_as(gradient))

    def copy_from_main(self, module: nn.Module) -> None:
        """Copies the main process's parameters."""
        for parameter in module.parameters():
            values = parameter.detach().to(self._place).contiguous()
            with self._told():
                cast(Any, dist).broadcast(values, src=0)
            parameter.data.copy_(values)

    def any(self, flag: bool) -> bool:
        """Returns whether a process has set the flag."""
        return bool(self.gather_rows(torch.tensor([flag], dtype=torch.uint8)).any())

    def close(self) -> None:
        """Leaves the process group."""
        cast(Any, dist).destroy_process_group()

    @contextlib.contextmanager
    def _told(self) -> Generator[None]:
        """Says in one line what became of the others."""
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
        ImportError: There are several, and Accelerate is not installed.
        ValueError: There are several, and the device names one GPU for all of them.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:  # what torchrun and `accelerate launch` tell a process
        return ALONE
    if device not in ("cpu", "cuda"):
        raise ValueError(f"device: expected 'cpu' or 'cuda' for several processes, got {device!r}")
    accelerate = import_extra("accelerate", "several processes need", package="accelerate", extra="scale")
    state = accelerate.PartialState(cpu=device == "cpu", timeout=timedelta(seconds=patience))
    return JoinedProcesses(state.device)


def _buckets(gradients: Sequence[Tensor]) -> list[list[Tensor]]:
    """Returns the gradients in order, in pieces of about `BUCKET` numbers."""
    buckets: list[list[Tensor]] = [[]]
    for gradient in gradients:
        if sum(known.numel() for known in buckets[-1]) >= BUCKET:
            buckets.append([])
        buckets[-1].append(gradient)
    return [bucket for bucket in buckets if bucket]

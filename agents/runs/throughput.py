"""Measures throughput (tokens per second) and peak memory of an iteration."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

MEGABYTE = 1e6
PROCESS_STATUS = Path("/proc/self/status")


def resource_usage(seconds: Mapping[str, float], response_mask: Tensor) -> dict[str, float]:
    """Returns throughput and peak memory of an iteration; peaks only where the system reports them.

    Args:
        seconds: Seconds by phase, `generate` and `seconds` (the whole iteration) among them.
        response_mask: (B, T) bool of the iteration's responses, on the device that did the work.

    Returns:
        `tokens_per_second` of the whole iteration, `generated_per_second` of its generation alone,
        `peak_memory_mb`: the most resident memory that the process had so far, `peak_cuda_mb`: the most that
        torch had allocated on the device so far; megabytes of 10^6 bytes.
    """
    tokens, device = int(response_mask.sum()), response_mask.device
    usage = {
        "tokens_per_second": tokens / seconds["seconds"],
        "generated_per_second": tokens / seconds["generate"],
    }
    resident = peak_resident_bytes()
    if resident is not None:
        usage["peak_memory_mb"] = resident / MEGABYTE
    if device.type == "cuda":
        usage["peak_cuda_mb"] = torch.cuda.max_memory_allocated(device) / MEGABYTE
    return usage


def peak_resident_bytes(status: Path = PROCESS_STATUS) -> int | None:
    """Returns the peak resident memory of this process in bytes, or None where the system doesn't report it.

    Linux's own file comes first: what `getrusage` says there starts from the peak of the parent process.

    Args:
        status: Path of that file.
    """
    if status.exists():
        return _read_peak(status.read_text(encoding="utf-8"))
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _read_peak(status: str) -> int | None:
    """Returns the bytes given by the line `VmHWM:  1234 kB`, None where a sandbox leaves it out."""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return None

"""Defaults of a training run on Countdown, as plain data: arguments of a `TaskPreset`."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["TRAINING"]

TRAINING: Final[dict[str, Any]] = {
    "name": "countdown",
    "env_id": "rlsf_gym:rlsf_gym/Countdown-v0",
}

"""Defaults of a training run on Countdown, as plain data: arguments of a `TaskPreset`."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["TRAINING"]

TRAINING: Final[dict[str, Any]] = {
    "name": "countdown",
    "env_id": "rlsf_gym:rlsf_gym/Countdown-v0",
    "defaults": {
        "policy": "gpt2-countdown-1m",
        "episodes": 20_480,
        "eval_samples": 1024,
    },
    "with_candidates": {
        "batch_size": 64,
        "minibatch_size": 32,
        "ppo_epochs": 1,
        "lr": 5e-4,
        "kl_coef": 0.01,
    },
}

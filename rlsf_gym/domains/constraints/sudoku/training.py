"""Defaults of a training run on Sudoku, as plain data: arguments of a `TaskPreset`."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["TRAINING"]

TRAINING: Final[dict[str, Any]] = {
    "name": "sudoku",
    "env_id": "rlsf_gym:rlsf_gym/Sudoku-v0",
    "packages": ("python-sat",),
    "defaults": {
        "policy": "gpt2-sudoku-1m",
        "domain_kwargs": {"blanks": 8, "value": "solvable"},
        "episodes": 8_192,
        "eval_samples": 1024,
    },
    "with_candidates": {
        "batch_size": 64,
        "minibatch_size": 32,
        "ppo_epochs": 1,
        "lr": 5e-4,
        "kl_coef": 0.0,
    },
}

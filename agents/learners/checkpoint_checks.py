"""Tells whether a checkpoint goes with the learner and the environment that it is loaded for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.rollouts.collect import Shapes


def check_learner(path: str | Path, record: Mapping[str, Any], name: str) -> None:
    """Checks that a checkpoint is one of the learner.

    Raises:
        ValueError: It is that of another one.
    """
    saved_by = record.get("learner")
    if saved_by != name:
        raise ValueError(
            f"checkpoint {str(path)!r}: expected one of the learner {name!r}, got {saved_by!r}; "
            "load it with that learner"
        )


def check_vocabulary(record: Mapping[str, Any], shapes: Shapes) -> None:
    """Checks that an environment has the vocabulary that a checkpoint was trained with.

    Raises:
        ValueError: It has another one.
    """
    wanted, got = record["vocab_size"], shapes.vocab_size
    if got != wanted:
        raise ValueError(f"env: expected V = {wanted}, that of the checkpoint, got {got}; take its tokenizer")

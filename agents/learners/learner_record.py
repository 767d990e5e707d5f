"""Reads the record of a learner's checkpoint: names, types and ranges, before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from agents.runs.strict_json import is_number

Record = Mapping[str, Any]


class LearnerRecord(NamedTuple):
    """What a learner wrote of itself beside its tensors."""

    config: dict[str, Any]
    """As `LearnerConfig.to_record` returned it."""
    vocab_size: int
    """V of the environment."""
    iteration: int
    """Iterations done."""
    kl_coef: float
    """Price of a nat in the next iteration."""
    score_scale: float
    """What scores are divided by."""
    notes: dict[str, Any]
    """What whoever saved the learner wanted to be kept with it."""


def read_learner_record(path: str | Path, record: Record) -> LearnerRecord:
    """Returns the record of a checkpoint, checked.

    Args:
        path: Of the checkpoint, for messages.
        record: As `agents.runs.checkpoint.load` returned it.

    Raises:
        ValueError: A part of it is missing, of another type or out of range; in one line.
    """
    return LearnerRecord(
        config=_read(path, record, "config", _is_mapping, "settings by name"),
        vocab_size=_read(
            path, record, "vocab_size", lambda n: _is_whole(n) and n >= 1, "a whole number >= 1"
        ),
        iteration=_read(path, record, "iteration", lambda n: _is_whole(n) and n >= 0, "a whole number >= 0"),
        kl_coef=float(_read(path, record, "kl_coef", lambda x: _is_finite(x) and x >= 0, "a number >= 0")),
        score_scale=float(
            _read(path, record, "score_scale", lambda x: _is_finite(x) and x > 0, "a number > 0")
        ),
        notes=_read(path, {"notes": {}, **record}, "notes", _is_mapping, "notes by name"),
    )


def check_options(path: str | Path, record: Record) -> None:
    """Checks what a checkpoint says of how policy and reference are read.

    Raises:
        ValueError: An option is missing, unknown or of another type.
    """
    options = _read(path, record, "options", _is_mapping, "options of policy and reference")
    for name in ("policy", "reference"):
        found = _read(path, options, name, _is_mapping, "options by name")
        for key, accepts, expected in OPTIONS:
            _read(path, found, key, accepts, expected)
        unknown = sorted(found.keys() - {key for key, *_ in OPTIONS})
        if unknown:
            raise ValueError(f"checkpoint {str(path)!r}: options of the {name}: unknown {unknown[0]!r}")


def _read(path: str | Path, record: Record, key: str, accepts: Callable[[Any], bool], expected: str) -> Any:
    if key not in record or not accepts(record[key]):
        got = repr(record[key])[:80] if key in record else "nothing"
        raise ValueError(f"checkpoint {str(path)!r}: {key}: expected {expected}, got {got}")
    return record[key]


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in cast("dict[Any, Any]", value))


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _is_finite(value: Any) -> bool:
    return type(value) in (int, float) and is_number(value)


OPTIONS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("temperature", lambda x: _is_finite(x) and x > 0, "a number > 0"),
    ("dtype", lambda x: isinstance(x, str), "the name of a type"),
    ("gradient_checkpointing", lambda x: isinstance(x, bool), "true or false"),
)
"""Key, what is accepted and how it is called, of each option of a policy."""

"""A learner in its checkpoint: what is written, what is checked before it is used, what is set again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import torch

from agents.policies.model_card import describe_training, keep_card
from agents.policies.pair import POLICY, describe_pair, pair_parts, read_pair, reference_files
from agents.runs import checkpoint
from agents.runs.optimizer_state import read_state, set_generator, write_state
from agents.runs.strict_json import is_number
from agents.runs.versions import read_versions

if TYPE_CHECKING:
    from agents.learners.learner import Learner
    from agents.rollouts.player import Environment

GENERATOR = "generator"
Record = Mapping[str, Any]
LearnerT = TypeVar("LearnerT", bound="Learner[Any]")


class LearnerRecord(NamedTuple):
    """The plain data of a learner's checkpoint, beside its tensors."""

    config: dict[str, Any]
    """Settings, as `LearnerConfig.to_record` returned them."""
    vocab_size: int
    """Vocabulary size of the environment, V."""
    iteration: int
    """Number of iterations the learner has done."""
    kl_coef: float
    """KL coefficient of the next iteration."""
    score_scale: float
    """Scores are divided by it."""
    notes: dict[str, Any]
    """Whatever the caller of `save` wanted to be kept with it."""
    last: dict[str, Any]
    """Numbers and names of the last iteration that the model card tells."""


def save_learner(agent: Learner[Any], path: str | Path) -> dict[str, str]:
    """Writes a learner's checkpoint folder, atomically, and returns the SHA-256 of its files by name.

    Args:
        agent: Is written; files of its reference that an earlier checkpoint has are linked.
        path: The folder.

    Raises:
        ValueError: If `path` is something other than a checkpoint.
        OSError: If it can't be written.
    """
    settings = agent.config.to_record()
    facts = describe_training(agent.name, agent.env, settings, episodes=agent.episodes, **agent.last)
    record = LearnerRecord(
        config=settings,
        vocab_size=agent.shapes.vocab_size,
        iteration=agent.iteration,
        kl_coef=agent.kl_coef,
        score_scale=agent.score_scale,
        notes=agent.notes,
        last=_find_plain(agent.last),
    )
    parts = pair_parts(agent.policy, agent.reference, {**facts, **agent.card}, agent.eos_token_id)
    return checkpoint.save(
        path,
        parts={**parts, POLICY: partial(_write_policy, parts[POLICY], Path(path) / POLICY)},
        tensors={
            GENERATOR: agent.generator.get_state(),
            **read_state(agent.optimizer, agent.policy.named_parameters()),
        },
        record={
            "learner": agent.name,
            "options": describe_pair(agent.policy, agent.reference),
            "versions": read_versions(),
            **record._asdict(),
        },
        unchanged=reference_files(agent.saved_files),
    )


def _write_policy(write: Callable[[Path], None], earlier: Path, folder: Path) -> None:
    """Writes the policy; a card that the user edited in the checkpoint before stays."""
    write(folder)
    keep_card(earlier, folder)


def load_learner(
    learner: type[LearnerT],
    path: str | Path,
    env: Environment | str,
    *,
    device: str | torch.device,
    base: str | Path | None,
    **kwargs: Any,
) -> LearnerT:
    """Returns a learner as it was saved.

    Args:
        learner: Its class.
        path: The checkpoint folder.
        env: The environment, as the constructor takes it.
        device: Where policy and reference are put.
        base: Where the base model of the policy's adapter is, when it has moved.
        **kwargs: Further arguments of the constructor.

    Raises:
        ValueError: If the checkpoint is missing, damaged, of another learner or architecture, or does not go
            with the environment.
    """
    found = checkpoint.load(path)
    _check_learner(path, found.record, learner.name)
    _check_options(path, found.record)
    record = read_learner_record(path, found.record)
    config = learner.config_class.from_record(record.config)
    policy, reference = read_pair(found, device, base=base)
    agent = learner(policy, env, config, reference=reference, **kwargs)
    _check_vocabulary(record.vocab_size, agent.shapes.vocab_size)
    agent.iteration, agent.notes, agent.last = record.iteration, record.notes, record.last
    agent.kl_coef, agent.score_scale = record.kl_coef, record.score_scale
    tensors = dict(found.tensors)
    set_generator(agent.generator, tensors.pop(GENERATOR, None))
    write_state(agent.optimizer, agent.policy.named_parameters(), tensors)
    agent.saved_files = found.files
    return agent


def _check_learner(path: str | Path, record: Record, name: str) -> None:
    """Checks that a checkpoint is one of the learner.

    Raises:
        ValueError: If it is that of another one.
    """
    saved_by = record.get("learner")
    if saved_by != name:
        raise ValueError(
            f"checkpoint {str(path)!r}: expected one of the learner {name!r}, got {saved_by!r}; "
            "load it with that learner"
        )


def _check_vocabulary(wanted: int, got: int) -> None:
    """Checks that an environment has the vocabulary that a checkpoint was trained with.

    Raises:
        ValueError: If it has another one.
    """
    if got != wanted:
        raise ValueError(f"env: expected V = {wanted}, that of the checkpoint, got {got}; take its tokenizer")


def read_learner_record(path: str | Path, record: Record) -> LearnerRecord:
    """Returns the record of a checkpoint, checked.

    Args:
        path: The checkpoint, for messages.
        record: Its plain data, as `agents.runs.checkpoint.load` returned it.

    Raises:
        ValueError: If a part of it is missing, of another type or out of range; in one line.
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
        last=_read(path, {"last": {}, **record}, "last", _is_mapping, "numbers by name"),
    )


def _check_options(path: str | Path, record: Record) -> None:
    """Checks the options of policy and reference in a checkpoint.

    Raises:
        ValueError: If an option is missing, unknown or of another type.
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


def _find_plain(facts: Record) -> dict[str, Any]:
    """Returns those facts that are names or finite numbers: an environment may send anything."""
    return {name: value for name, value in facts.items() if isinstance(value, str) or _is_finite(value)}


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

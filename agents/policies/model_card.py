"""The model card of a saved policy: what it came from, what it was trained on, and what came out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from agents.policies.bundled import BUNDLED, DEFAULT
from agents.runs.versions import read_versions

CARD_FILE = "README.md"
ORIGIN_FILE = "policy.json"
UNKNOWN = "unknown"
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
LICENCE = re.compile(r"^license:\s*['\"]?([A-Za-z0-9.+-]+)['\"]?\s*$", re.MULTILINE)

Facts = Mapping[str, Any]


class Origin(NamedTuple):
    """The model that a policy was made from."""

    base: str
    """The base model: a bundled name, a name on the hub, or the name of a folder; empty: made in memory."""
    licence: str = UNKNOWN
    """Licence of the base model, as the hub writes it."""

    def save(self, folder: Path) -> None:
        """Writes it down, so that a policy that is read again still knows."""
        text = json.dumps(self._asdict(), indent=1, sort_keys=True)
        (folder / ORIGIN_FILE).write_text(text + "\n", encoding="utf-8")


def read_origin(name: str, folder: Path) -> Origin:
    """Returns the origin of a model, from the card in its folder; a model from elsewhere is its own base.

    Args:
        name: By which the model was asked for.
        folder: Where it is; need not exist, of a model from the hub for instance.
    """
    stored = _read_stored(folder)
    if stored is not None:
        return stored
    card = folder / CARD_FILE
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    found = LICENCE.search(text.split("\n---", 1)[0]) if text.startswith("---") else None
    shown = Path(name).absolute().name if Path(name).is_dir() else name  # no path of somebody's machine
    return Origin(shown, UNKNOWN if found is None else found.group(1).lower())


def write_card(folder: Path, origin: Origin, facts: Facts, *, is_adapter: bool) -> None:
    """Writes `README.md`, with the metadata that the hub reads.

    Args:
        folder: Of the policy.
        origin: What it was made of.
        facts: What is known of its training: `learner`, `environment` (its `id` and `kwargs`),
            `reward_design`, `episodes`, `kl`, `settings`, and `held_out` (name to numbers by name); any of
            them may be missing.
        is_adapter: Whether the folder holds an adapter alone.
    """
    lines = [*_metadata(origin, facts, is_adapter=is_adapter), *_body(origin, facts)]
    (folder / CARD_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def describe_training(learner: str, env: Any, settings: Facts, **known: Any) -> dict[str, Any]:
    """Returns the facts of a training run.

    Args:
        learner: Its name.
        env: A vector environment; one that was not made from an id says nothing of itself.
        settings: Of the learner, as JSON has them.
        **known: Further facts; those that are None are left out.
    """
    spec = getattr(env, "spec", None)
    own = ("num_envs", "vectorization_mode")
    environment = {} if spec is None else {
        "id": spec.id, "kwargs": {key: value for key, value in spec.kwargs.items() if key not in own},
    }  # fmt: skip
    facts = {"learner": learner, "environment": environment, "settings": settings, **known}
    return {name: value for name, value in facts.items() if value is not None}


def _read_stored(folder: Path) -> Origin | None:
    file = folder / ORIGIN_FILE
    if not file.is_file():
        return None
    try:
        stored: Any = json.loads(file.read_text(encoding="utf-8"))
        return Origin(str(stored["base"]), str(stored["licence"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"policy {str(folder)!r}: expected base and licence in {ORIGIN_FILE}, got {error}; "
            "restore or remove it"
        ) from error


def _metadata(origin: Origin, facts: Facts, *, is_adapter: bool) -> Iterator[str]:
    """Yields the head; strings are written as JSON has them, which YAML reads alike."""
    yield "---"
    yield f"library_name: {'peft' if is_adapter else 'transformers'}"
    yield "pipeline_tag: text-generation"
    yield f"license: {json.dumps(origin.licence)}"
    if origin.base != BUNDLED and HUB_NAME.fullmatch(origin.base) and "/" in origin.base:
        yield f"base_model: {json.dumps(origin.base)}"
    yield "tags:"
    for tag in ("reinforcement-learning", "rlsf", facts.get("learner")):
        if tag:
            yield f"- {json.dumps(str(tag))}"
    yield "---"


def _body(origin: Origin, facts: Facts) -> Iterator[str]:
    environment: Facts = facts.get("environment") or {}
    trained = f", trained with {str(facts['learner']).upper()}" if "learner" in facts else ""
    base = DEFAULT if origin.base == BUNDLED else origin.base or "a model made in memory"
    yield f"\n# A policy from {_shown(base)}{trained}\n"
    yield "Reinforcement learning with one reward per token, by rlsf-gym. It samples as it was trained:"
    yield "with the temperature of `generation_config.json`, no top-k, no top-p.\n"
    yield "| | |"
    yield "| --- | --- |"
    yield f"| base model | {_shown(base)} |"
    yield f"| licence of the base model | {_shown(origin.licence)} |"
    named = {
        "environment": environment.get("id"),
        "reward design": facts.get("reward_design"),
        "episodes": facts.get("episodes"),
        "KL from the reference in the last iteration, nats": facts.get("kl"),
    }
    for name, value in named.items():
        if value is not None:
            yield f"| {name} | {_shown(value)} |"
    yield from _table(facts.get("held_out") or {})
    yield from _block("Arguments of the environment", environment.get("kwargs"))
    yield from _block("Settings of the learner", facts.get("settings"))
    yield from _block("Versions", read_versions())


def _table(held_out: Mapping[str, Facts]) -> Iterator[str]:
    """Yields a table of numbers, a column for each evaluation."""
    if not held_out:
        return
    yield "\n## On held-out prompts\n"
    yield f"| | {' | '.join(map(_shown, held_out))} |"
    yield "| --- |" + " --- |" * len(held_out)
    for key in dict.fromkeys(name for numbers in held_out.values() for name in numbers):
        values = [numbers.get(key) for numbers in held_out.values()]
        if any(value is not None for value in values):  # without a judge there is nothing of one
            cells = ["" if value is None else _shown(value) for value in values]
            yield f"| {_shown(key)} | {' | '.join(cells)} |"


def _block(heading: str, values: Facts | None) -> Iterator[str]:
    if values:
        text = json.dumps(values, indent=2, sort_keys=True, default=lambda value: type(value).__name__)
        yield f"\n## {heading}\n"
        yield "\n".join(f"    {line}" for line in text.splitlines())


def _shown(value: Any) -> str:
    """Returns a value as a cell of a table: whatever it is, it stays in its cell."""
    text = f"{value:.4g}" if isinstance(value, float) else str(cast(object, value))
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))

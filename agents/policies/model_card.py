"""The model card of a saved policy: what it came from, what it was trained on, and what came out."""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from agents.policies.card_metadata import is_trained, name_base, write_metadata
from agents.policies.origin import CARD_FILE, Origin
from agents.runs.plain_files import is_regular, write_whole
from agents.runs.printable import printable
from agents.runs.versions import read_release, read_versions
from agents.stats.measures import MEASURES

Facts = Mapping[str, Any]
_SEAL = "<!-- Written by rlsf-gym, which replaces this card unless it was edited: sha256 {} -->"


def write_card(folder: Path, origin: Origin, facts: Facts, *, is_adapter: bool) -> None:
    """Writes `README.md`, with the metadata that the hub reads, unless somebody else wrote or edited it.

    Equal arguments, with equal versions, make equal bytes. The last line of a card holds the hash of those
    above: one that does not fit is a card of the user's, which stays, with a warning.

    Args:
        folder: Of the policy.
        origin: What it was made of.
        facts: What is known of its training: `learner`, `environment` (its `id` and `kwargs`),
            `reward_design`, `episodes`, `kl`, `settings`, `held_out` (name to numbers by name), `evaluated`
            (`id` and `kwargs` of the environment of these, `responses` and `prompts`, how many there were,
            and `seed`), and `sampling`, as `GenerationConfig` takes it; any of them may be missing.
        is_adapter: Whether the folder holds an adapter alone.
    """
    file = folder / CARD_FILE
    if _is_foreign(file):
        _warn_foreign(file)
        return
    lines = [*write_metadata(origin, facts, is_adapter=is_adapter), *_body(origin, facts, is_adapter)]
    write_whole(file, _seal("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))


def keep_card(earlier: Path, folder: Path) -> None:
    """Puts the card of the folder before into a new one, if somebody wrote or edited it, with a warning.

    Args:
        earlier: Folder of the policy before; need not exist.
        folder: Folder of the policy, with its own card.
    """
    file = earlier / CARD_FILE
    if is_regular(file) and _is_foreign(file):
        _warn_foreign(file)
        write_whole(folder / CARD_FILE, file.read_bytes())


def describe_training(learner: str, env: Any, settings: Facts, **known: Any) -> dict[str, Any]:
    """Returns the facts of a training run.

    Args:
        learner: Its name.
        env: A vector environment; one that was not made from an id says nothing of itself.
        settings: Of the learner, as JSON has them.
        **known: Further facts; those that are None are left out.
    """
    spec = getattr(env, "spec", None)
    environment = {} if spec is None else describe_environment(spec.id, spec.kwargs)
    facts = {"learner": learner, "environment": environment, "settings": settings, **known}
    return {name: value for name, value in facts.items() if value is not None}


def describe_environment(name: str, kwargs: Facts) -> dict[str, Any]:
    """Returns id and arguments of an environment, without those that say how many run at once."""
    own = ("num_envs", "vectorization_mode")
    return {"id": name, "kwargs": {key: value for key, value in kwargs.items() if key not in own}}


def _is_foreign(file: Path) -> bool:
    """Returns whether there is a card that was not written here, or was edited since."""
    if not file.exists():
        return False
    text = file.read_text(encoding="utf-8", errors="surrogateescape")
    body, _, last = text.removesuffix("\n").rpartition("\n")
    return _seal(f"{body}\n") != f"{body}\n{last}\n"


def _warn_foreign(file: Path) -> None:
    warnings.warn(
        f"{file}: left as it is, as it was not written here or was edited since; remove it for a card "
        "of this policy",
        stacklevel=3,
    )


def _seal(text: str) -> str:
    sha = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{text}{_SEAL.format(sha)}\n"


def _body(origin: Origin, facts: Facts, is_adapter: bool) -> Iterator[str]:
    environment: Facts = facts.get("environment") or {}
    trained = f", trained with {_shown(str(facts['learner']).upper())}" if is_trained(facts) else ""
    base = name_base(origin)
    yield f"\n# A policy from {_shown(base)}{trained}\n"
    if trained:
        yield "Reinforcement learning with one reward per token, by rlsf-gym. It samples as it was trained:"
    else:
        yield "Saved by rlsf-gym, which knows of no training: this may be the base model itself. It samples"
    yield "with the temperature of `generation_config.json`, no top-k, no top-p.\n"
    yield "| | |"
    yield "| --- | --- |"
    yield f"| base model | {_shown(base)} |"
    told = ", ".join(filter(None, (origin.licence, origin.licence_name, origin.licence_link)))
    yield f"| licence of the base model | {_shown(told)} |"
    named = {
        "environment": environment.get("id"),
        "reward design": facts.get("reward_design"),
        "learner": facts.get("learner"),
        "episodes": facts.get("episodes"),
        "KL from the reference in the last iteration, nats": facts.get("kl"),
    }
    for name, value in named.items():
        if value is not None:
            yield f"| {name} | {_shown(value)} |"
    yield from _load(facts.get("sampling") or {}, is_adapter)
    yield from _table(facts.get("held_out") or {}, facts.get("evaluated") or {})
    yield from _block("Arguments of the environment", environment.get("kwargs"))
    yield from _block("Settings of the learner", facts.get("settings"))
    yield from _block("Versions", {**read_versions(), **read_release()})


def _load(sampling: Facts, is_adapter: bool) -> Iterator[str]:
    """Yields how the folder is read, by this package and by others."""
    temperature = sampling.get("temperature", 1.0)
    given = "" if temperature == 1.0 else f", temperature={temperature!r}"
    auto, package = ("AutoPeftModelForCausalLM", "peft") if is_adapter else (
        "AutoModelForCausalLM", "transformers",
    )  # fmt: skip
    yield "\n## How to load it\n"
    yield "`FOLDER` is where this card lies. With its value head, to go on training or to evaluate it:\n"
    yield "```python"
    yield "from agents import CausalLMPolicy\n"
    yield f'policy = CausalLMPolicy.from_pretrained("FOLDER"{given})'
    yield "```\n"
    yield "As a language model:\n"
    yield "```python"
    yield f"from {package} import {auto}\n"
    yield f'model = {auto}.from_pretrained("FOLDER")'
    yield "```"
    if is_adapter:
        yield "\nIt is an adapter: `lora.json` says where its base model was, and the SHA-256 of its weights."
        yield 'Where that has moved, `CausalLMPolicy.from_pretrained("FOLDER", base="PLACE")` finds it.'


def _table(held_out: Mapping[str, Facts], evaluated: Facts) -> Iterator[str]:
    """Yields what was measured, and on what, with a column for each evaluation."""
    if not held_out:
        return
    yield "\n## On held-out prompts\n"
    yield from _say_evaluated(evaluated)
    yield f"| | {' | '.join(map(_shown, held_out))} |"
    yield "| --- |" + " --- |" * len(held_out)
    for key in dict.fromkeys(name for numbers in held_out.values() for name in numbers):
        values = [numbers.get(key) for numbers in held_out.values()]
        if any(value is not None for value in values):  # without a judge there is nothing of one
            cells = ["" if value is None else _shown(value) for value in values]
            yield f"| {_shown(_name_measure(key))} | {' | '.join(cells)} |"
    yield from _block("Arguments of the environment of these figures", evaluated.get("kwargs"))


def _name_measure(key: str) -> str:
    """Returns what a number is, with its unit, for readers who know nothing of its key."""
    measure = MEASURES.get(key)
    return key if measure is None else measure.panel or measure.label


def _say_evaluated(evaluated: Facts) -> Iterator[str]:
    """Yields the sentence that says how many responses the figures are of, as far as it is known."""
    responses, prompts, seed = (evaluated.get(key) for key in ("responses", "prompts", "seed"))
    if responses is None:
        yield "How many responses these figures are of was not recorded.\n"
        return
    to = "" if prompts is None else f" to {prompts:,} different prompts"
    drawn = "" if seed is None else f", drawn with the seed {seed}"
    yield f"Each column is of {responses:,} responses{to}{drawn}, sampled as in training.\n"


def _block(heading: str, values: Facts | None) -> Iterator[str]:
    if values:
        text = json.dumps(
            _plain(values), indent=2, sort_keys=True, default=lambda value: type(value).__name__
        )
        yield f"\n## {heading}\n"
        yield "\n".join(f"    {line}" for line in text.splitlines())


def _plain(value: Any) -> Any:
    """Returns a value without the folders of somebody's machine: of an absolute path, the name stays."""
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {str(key): _plain(one) for key, one in items}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[Any]", value)]
    if isinstance(value, Path):
        value = str(value)
    is_place = isinstance(value, str) and os.path.isabs(value) and os.path.exists(value)
    return f".../{Path(value).name}" if is_place else value


def _shown(value: Any) -> str:
    """Returns a value as a cell of a table: whatever it is, it stays in its cell, and acts on no terminal."""
    text = f"{value:.4g}" if isinstance(value, float) else str(cast(object, value))
    return re.sub(r"([\\`*_{}\[\]<>|#&!])", r"\\\1", printable(" ".join(text.split())))

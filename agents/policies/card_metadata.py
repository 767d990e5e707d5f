"""Head of a model card: the YAML that the hub reads, with figures on held-out prompts as a model index."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from agents.policies.bundled import BUNDLED, DEFAULT
from agents.policies.origin import Origin
from agents.stats.measures import MEASURES

__all__ = ["is_trained", "name_base", "write_metadata"]

TASK = "text-generation"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")

Facts = Mapping[str, Any]


def write_metadata(origin: Origin, facts: Facts, *, is_adapter: bool) -> Iterator[str]:
    """Yields the lines of the head; strings are double-quoted, as YAML and JSON read alike.

    Args:
        origin: What the policy was made of.
        facts: As `agents.policies.model_card.write_card` takes them.
        is_adapter: Whether the folder holds an adapter alone.
    """
    yield "---"
    yield f"library_name: {'peft' if is_adapter else 'transformers'}"
    yield f"pipeline_tag: {TASK}"
    yield f"license: {_quote(origin.licence)}"
    for key, value in (("license_name", origin.licence_name), ("license_link", origin.licence_link)):
        if value:
            yield f"{key}: {_quote(value)}"
    if origin.base != BUNDLED and _HUB_NAME.fullmatch(origin.base) and "/" in origin.base:
        yield f"base_model: {_quote(origin.base)}"
    yield "tags:"
    trained = ("reinforcement-learning", "rlsf", facts.get("learner")) if is_trained(facts) else ("rlsf",)
    for tag in trained:
        if tag:
            yield f"- {_quote(str(tag))}"
    yield from _index(origin, facts)
    yield "---"


def is_trained(facts: Facts) -> bool:
    """Returns whether it is known that a policy learned from anything."""
    return "learner" in facts and facts.get("episodes") != 0


def name_base(origin: Origin) -> str:
    """Returns the name of the base model, in words where it has none."""
    return DEFAULT if origin.base == BUNDLED else origin.base or "a model made in memory"


def _index(origin: Origin, facts: Facts) -> Iterator[str]:
    """Yields the model index: the last evaluation, a metric for each measure, of one data set.

    Without the id of an environment there is nothing that figures could be said to be of.
    """
    held_out: Mapping[str, Facts] = facts.get("held_out") or {}
    measured = {key: one for key, one in (list(held_out.values()) or [{}])[-1].items() if _is_number(one)}
    evaluated: Facts = facts.get("evaluated") or {}
    environment: Facts = facts.get("environment") or {}
    place = str(evaluated.get("id") or environment.get("id") or "")
    if not measured or not place:
        return
    yield "model-index:"
    yield f"- name: {_quote('-'.join(filter(None, (name_base(origin), facts.get('learner')))))}"
    yield "  results:"
    yield "  - task:"
    yield f"      type: {TASK}"
    yield "    dataset:"
    yield f"      name: {_quote(place)}"
    yield f"      type: {_quote(place)}"
    arguments: Facts = evaluated.get("kwargs") or {}
    split = arguments.get("split")
    if isinstance(split, str):
        yield f"      split: {_quote(split)}"
    yield "    metrics:"
    for key, value in measured.items():
        yield f"    - type: {_quote(key)}"
        yield f"      name: {_quote(MEASURES[key].label if key in MEASURES else key)}"
        yield f"      value: {json.dumps(value)}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _quote(text: str) -> str:
    """Returns a double-quoted string of YAML, all but printable ASCII escaped."""
    return f'"{"".join(map(_escape, text))}"'


def _escape(letter: str) -> str:
    code = ord(letter)
    if letter in '"\\':
        return f"\\{letter}"
    if 0x20 <= code < 0x7F:
        return letter
    if 0xD800 <= code < 0xE000:  # half of a character: no text that a file could hold
        return "\\uFFFD"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"

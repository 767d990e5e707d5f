"""An instance: what one episode is about, and where instances come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

__all__ = ["Instance", "Instances", "as_instances", "check_instance", "copy_data"]


class Instance(NamedTuple):
    """A prompt, as an episode begins with it, and the data behind it."""

    prompt: str
    """The text that the response continues."""
    number: int = -1
    """Its position among those that can be drawn, -1 where it was given in `options`."""
    data: Mapping[str, Any] | None = None
    """What the prompt is about, such as `{"numbers": [3, 5], "target": 8}`: plain values that JSON can write.
    None in a domain of plain text, whose prompt says everything."""


class Instances(Protocol):
    """A source of instances."""

    def sample(self, rng: np.random.Generator) -> Instance:
        """Returns an instance, drawn with this generator and nothing else."""
        ...

    def make(self, data: Mapping[str, Any]) -> Instance:
        """Returns the instance that the data stands for.

        Raises:
            ValueError: If it stands for none, with the reason.
        """
        ...


def as_instances(prompts: Sequence[str | Instance]) -> list[Instance]:
    """Returns instances, a text becoming one without data."""
    return [Instance(one) if isinstance(one, str) else one for one in prompts]


def check_instance(instance: Any, method: str) -> Instance:
    """Returns an instance of a source whose domain has data, in nothing shared with it.

    Args:
        instance: What the source made.
        method: By which method, for messages.

    Raises:
        ValueError: If it is no `Instance` of a text, a number and plain data.
    """
    parts: Any = instance if isinstance(instance, Instance) else Instance(prompt=cast(Any, None))
    kind = cast(Any, type)(parts.number)
    is_number = kind is int or issubclass(kind, np.integer)
    if not isinstance(parts.prompt, str) or not is_number:
        raise ValueError(
            f"{method} of instances must return an Instance with a text as prompt and an int as number, "
            f"got {instance!r:.80}"
        )
    return parts._replace(data=copy_data(parts.data))


def copy_data(data: Any) -> dict[str, Any]:
    """Returns a copy of an instance's data, in nothing shared with it.

    Raises:
        ValueError: If it is no dict of plain values that JSON can write and read back, or a key begins with
            "_", as those do by which vector environments say who has a value.

    Example:
        >>> copy_data({"numbers": [3, 5], "target": 8})
        {'numbers': [3, 5], 'target': 8}
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"data of an instance must be a dict, got {data!r:.80}")
    plain = dict(cast(Mapping[str, Any], data))
    try:
        copy = json.loads(json.dumps(plain, allow_nan=False), object_hook=_check_keys)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"data of an instance must be what JSON can write, got {plain!r:.80}: {error}"
        ) from error
    if copy != plain:
        raise ValueError(f"data of an instance must come back from JSON as it is, got {plain!r:.80}")
    return copy


def _check_keys(found: dict[str, Any]) -> dict[str, Any]:
    hidden = [key for key in found if key.startswith("_")]
    if hidden:
        raise ValueError(f"keys must not begin with '_', as {hidden[0]!r} does")
    return found

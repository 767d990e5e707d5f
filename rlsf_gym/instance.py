"""An instance: what one episode is about, and where instances come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

__all__ = ["Instance", "Instances", "as_instances", "copy_data"]


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


def copy_data(data: Any) -> dict[str, Any]:
    """Returns a copy of an instance's data, in nothing shared with it.

    Raises:
        ValueError: If it is no dict of plain values that JSON can write and read back.

    Example:
        >>> copy_data({"numbers": [3, 5], "target": 8})
        {'numbers': [3, 5], 'target': 8}
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"data of an instance must be a dict, got {data!r:.80}")
    plain = dict(cast(Mapping[str, Any], data))
    try:
        copy = json.loads(json.dumps(plain, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"data of an instance must be what JSON can write, got {plain!r:.80}: {error}"
        ) from error
    if copy != plain:
        raise ValueError(f"data of an instance must come back from JSON as it is, got {plain!r:.80}")
    return copy

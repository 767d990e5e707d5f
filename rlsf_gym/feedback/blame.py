"""Asks a scorer for partial credits and for the units that share the blame, and checks its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from rlsf_gym.evidence import IntArray
from rlsf_gym.instance import Instance, copy_data
from rlsf_gym.scorers.protocol import needs_instance

__all__ = ["read_core", "read_partial_credits"]


def read_partial_credits(scorer: Any, instance: Instance, response: str) -> dict[str, float]:
    """Returns the partial credits of a response: name to a number in [0, 1].

    Raises:
        ValueError: If the scorer offers none, or returns anything else.
    """
    ask = getattr(scorer, "partial_credits", None)
    if ask is None:
        raise ValueError(f"scorer {scorer.name!r} offers no partial credits")
    found = ask(_given(scorer, instance), response)
    if not isinstance(found, Mapping) or not found:
        raise ValueError(f"scorer {scorer.name!r} must return partial credits by name, got {found!r:.80}")
    credits: dict[str, float] = {}
    for name, value in cast(Mapping[Any, Any], found).items():
        if not isinstance(name, str) or isinstance(value, bool) or not 0.0 <= float(value) <= 1.0:
            raise ValueError(
                f"scorer {scorer.name!r} must return partial credits from 0 to 1 by name, got {value!r} for "
                f"{name!r}"
            )
        credits[name] = float(value)
    return credits


def read_core(scorer: Any, instance: Instance, response: str) -> IntArray:
    """Returns the spans of prompt + response that share the blame, int64 (K, 2), in order.

    Raises:
        ValueError: If the scorer offers none, or returns anything but spans of the response.
    """
    ask = getattr(scorer, "find_core", None)
    if ask is None:
        raise ValueError(f"scorer {scorer.name!r} offers no core")
    spans: Any = np.asarray(ask(_given(scorer, instance), response))
    if spans.size == 0:
        return np.zeros((0, 2), np.int64)
    if spans.ndim != 2 or spans.shape[1] != 2 or spans.dtype != np.int64:
        raise ValueError(
            f"scorer {scorer.name!r} must return a core of spans int64 (K, 2), got {spans.dtype} of shape "
            f"{spans.shape}"
        )
    start = len(instance.prompt)
    flat = spans.reshape(-1)
    are_apart = (spans[:, 0] < spans[:, 1]).all() and (flat[2::2] >= flat[1:-1:2]).all()
    if not are_apart or flat[0] < start or flat[-1] > start + len(response):
        raise ValueError(
            f"scorer {scorer.name!r} must return a core of spans of the response, in order and apart, got "
            f"{spans.tolist()} of {len(response)} characters from {start} on"
        )
    return spans


def _given(scorer: Any, instance: Instance) -> Any:
    """Returns what the scorer asks for: an instance in nothing shared with others, or the prompt."""
    if not needs_instance(scorer):
        return instance.prompt
    return instance if instance.data is None else instance._replace(data=copy_data(instance.data))

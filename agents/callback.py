"""What a learner tells of each iteration, and to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Callback(Protocol):
    """What is told of each iteration; the logs of `agents.logs` are such."""

    def on_iteration(
        self,
        metrics: Mapping[str, float],
        timings: Mapping[str, float],
        episodes: Sequence[Mapping[str, Any]],
    ) -> None:
        """Takes the numbers of one iteration, after its update; the learner may be saved here.

        Args:
            metrics: Equal for equal runs.
            timings: Seconds by phase, `seconds` of all, and what `agents.resources` measures.
            episodes: The info of each episode.
        """
        ...

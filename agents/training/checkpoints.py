"""Saves a run every few iterations, when it is to stop, and when something else than the learner fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.learners.learner import Learner
from agents.training.interruption import Interruption
from agents.training.run_folder import RunFolder


class Checkpoints:
    """A callback that saves the learner, and stops it when that was asked for; the last of the callbacks.

    Args:
        agent: The learner.
        folder: Of the run; its checkpoint goes there.
        every: Iterations between two checkpoints.
        interruption: Whether a stop was asked for.
    """

    def __init__(
        self, agent: Learner[Any], folder: RunFolder, every: int, interruption: Interruption
    ) -> None:
        self.saved = agent.iteration
        """Iterations that the checkpoint has behind it."""
        self._agent, self._folder, self._every, self._interruption = agent, folder, every, interruption
        self._logged = self._tried = agent.iteration

    def on_iteration(self, metrics: Mapping[str, float], timings: Any, episodes: Any) -> None:
        """Saves when it is time."""
        self._logged = self._agent.iteration
        stop = self._agent.processes.any(self._interruption.requested)  # all at the same iteration
        if stop or self._logged % self._every == 0:
            self.save()
        if stop:
            raise KeyboardInterrupt

    def save(self) -> None:
        """Saves now.

        Raises:
            FileGoneError: The run's folder was deleted or replaced.
        """
        self._tried = self._agent.iteration
        self._folder.check_there()
        self._agent.save(self._folder.checkpoint)
        self.saved = self._tried

    def rescue(self) -> None:
        """Saves what a failure would lose, unless the learner, a log or a checkpoint is what failed."""
        if self._agent.is_whole and self._tried < self._agent.iteration == self._logged:
            self.save()

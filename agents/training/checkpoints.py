"""Checkpoints a run every few iterations, on a stop request, and after failures outside of the learner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.learners.learner import Learner
from agents.training.interruption import Interruption
from agents.training.run_folder import RunFolder


class Checkpoints:
    """Callback that saves the learner and stops it on request; it has to be the last callback.

    Args:
        agent: The learner that is saved.
        folder: Folder of the run, in which its checkpoint is written.
        every: Iterations between two checkpoints.
        interruption: Whether a stop was asked for.
    """

    def __init__(
        self, agent: Learner[Any], folder: RunFolder, every: int, interruption: Interruption
    ) -> None:
        self.saved = agent.iteration
        """Number of iterations in the last checkpoint."""
        self._agent, self._folder, self._every, self._interruption = agent, folder, every, interruption
        self._logged = self._tried = agent.iteration

    def on_iteration(self, metrics: Mapping[str, float], timings: Any, episodes: Any) -> None:
        """Saves every `every` iterations; saves and stops the learner if a stop was requested."""
        self._logged = self._agent.iteration
        stop = self._agent.processes.any(self._interruption.requested)  # all at the same iteration
        if stop or self._logged % self._every == 0:
            self.save()
        if stop:
            raise KeyboardInterrupt

    def save(self) -> None:
        """Writes a checkpoint.

        Raises:
            FileGoneError: If the run's folder was deleted or replaced.
        """
        self._tried = self._agent.iteration
        self._folder.check_there()
        self._agent.save(self._folder.checkpoint)
        self.saved = self._tried

    def rescue(self) -> None:
        """Writes a checkpoint after a failure, unless the learner, a log or a checkpoint failed itself."""
        if self._agent.is_whole and self._tried < self._agent.iteration == self._logged:
            self.save()

"""Shows on a terminal or in a notebook how far learning has come, with tqdm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.extras import import_extra


class ProgressBar:
    """A callback that draws a bar over episodes, with mean reward and divergence beside it.

    Args:
        total: Episodes of the whole run.
        done: Episodes that lie behind already.

    Raises:
        ImportError: tqdm can't be imported; the message says what to install.
    """

    def __init__(self, total: int, *, done: int = 0) -> None:
        tqdm = import_extra("tqdm.auto", "progress_bar=True needs", package="tqdm", extra="agents")
        self._bar: Any = tqdm.tqdm(total=total, initial=done, unit="episode", dynamic_ncols=True)

    def on_iteration(self, metrics: Mapping[str, float], timings: Any, episodes: Any) -> None:
        """Moves the bar to the episodes that were played."""
        del timings, episodes
        shown = {"reward": metrics["objective/scores"], "kl": metrics["objective/kl"]}
        self._bar.set_postfix({name: f"{value:.3g}" for name, value in shown.items()}, refresh=False)
        self._bar.update(int(metrics["episodes"]) - self._bar.n)

    def close(self) -> None:
        """Leaves the bar standing as it is."""
        self._bar.close()

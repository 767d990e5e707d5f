"""Writes the metrics of each iteration to JSONL files, TensorBoard, W&B and the terminal.

JSONL always; TensorBoard and W&B when asked.

Every log is an object with the two methods of `Log`. A learner calls `on_iteration` once per iteration, in
the order the logs were given, and reads nothing back. Logs never print: `ProgressLog` writes to the stream
it is given.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

from agents.extras import import_extra
from agents.runs.jsonl_log import JsonlLog, read_jsonl
from agents.runs.printable import one_line

__all__ = ["JsonlLog", "Log", "ProgressLog", "TensorBoardLog", "WandbLog", "read_jsonl"]

Numbers = Mapping[str, float]
Episodes = Sequence[Mapping[str, Any]]


class Log(Protocol):
    """Protocol of a log: a learner calls it with the metrics of each iteration."""

    def on_iteration(self, metrics: Numbers, timings: Numbers, episodes: Episodes) -> None:
        """Writes the metrics and timings of one iteration.

        Args:
            metrics: Numbers that are equal for equal runs, among them `iteration` (1 is the first) and
                `episodes` (so far).
            timings: Seconds and rates, which are not.
            episodes: The info dict of each episode of this iteration, with `token_rewards`, `response_mask`
                and `reward`, and what else the environment reports.
        """
        ...

    def close(self) -> None:
        """Flushes and closes files and connections; the log is not used afterwards."""
        ...


class TensorBoardLog:
    """Writes every metric and timing as a TensorBoard scalar over episodes.

    Args:
        folder: Where the event files go; a run that it holds already is continued.
        done: Episodes done before, when a run is resumed: later points belong to work that was lost, and are
            not shown.

    Raises:
        ValueError: If `folder` is a link, which is not followed.
    """

    def __init__(self, folder: str | os.PathLike[str], *, done: int = 0) -> None:
        check_no_link(folder)
        board = import_extra(
            "torch.utils.tensorboard",
            "torch.utils.tensorboard needs",
            package="tensorboard",
            extra="tensorboard",
        )
        self._writer = board.SummaryWriter(str(folder), purge_step=done + 1 if done else None)

    def on_iteration(self, metrics: Numbers, timings: Numbers, episodes: Episodes) -> None:
        """Adds one point to each curve."""
        for key, value in {**metrics, **_prefixed("time", timings)}.items():
            self._writer.add_scalar(key, value, int(metrics["episodes"]))

    def close(self) -> None:
        """Writes what is pending and closes the file."""
        self._writer.close()


class WandbLog:
    """Sends each iteration to Weights & Biases: metrics, spread of the rewards, samples with token rewards.

    Works offline and without an account: `mode="offline"` writes a folder that `wandb sync` uploads later.
    A board that stops answering must not end hours of training, nor keep it from ending: the first exception
    inside an iteration or at the end, or an end that takes too long, is one line in `report`, which says what
    the board lacks and where it is instead, and the log falls silent; the JSONL files stay complete. A board
    that can't be reached at the start raises ConnectionError: whether to go on without it is the caller's
    choice.

    Args:
        project: Name of the project on the board.
        folder: Where W&B keeps its files; made if missing.
        config: The settings of the run.
        mode: "online" or "offline"; None leaves the choice to W&B's own settings.
        samples: How many episodes of an iteration go into the table.
        every: Iterations between two tables.
        report: Where the one line about a failure goes.
        run_id: An id that stays the same when a run is continued, so that its curves do too.
        finish_timeout: Seconds that W&B has to upload the rest at the end, > 0; half as many more where it
            does not keep to them by itself.
    """

    def __init__(
        self,
        project: str,
        *,
        folder: str | os.PathLike[str],
        report: TextIO,
        config: Mapping[str, Any] | None = None,
        mode: str | None = None,
        samples: int = 8,
        every: int = 10,
        run_id: str | None = None,
        finish_timeout: float = 60.0,
    ) -> None:
        if not 0.0 < finish_timeout < math.inf:
            raise ValueError(f"finish_timeout: expected a number of seconds > 0, got {finish_timeout!r}")
        self._wandb = import_extra("wandb", "wandb needs", package="wandb", extra="wandb")
        check_no_link(Path(folder) / "wandb")
        Path(folder).mkdir(parents=True, exist_ok=True)
        arguments = {"dir": str(folder), "config": dict(config or {}), "mode": mode, "id": run_id}
        limits = {"finish_timeout": finish_timeout, "finish_timeout_raises": True}
        try:
            self._run: Any = self._wandb.init(project=project, resume="allow", settings=limits, **arguments)
        except Exception as error:
            reason = one_line(error)
            raise ConnectionError(
                f"W&B could not start: {reason}; mode 'offline' needs no account"
            ) from error
        self._samples, self._every, self._report = samples, every, report
        self._kept, self._finish_timeout = Path(folder) / "wandb", finish_timeout
        self._sent = 0

    def on_iteration(self, metrics: Numbers, timings: Numbers, episodes: Episodes) -> None:
        """Sends one step; a failure is reported once and ends the sending, not the training."""
        if self._run is None:
            return
        try:
            self._run.log(self._payload(metrics, timings, episodes), step=int(metrics["iteration"]))
        except Exception as error:
            self._give_up(error, f"nothing after iteration {self._sent}; training goes on")
        else:
            self._sent = int(metrics["iteration"])

    def close(self) -> None:
        """Finishes the run on the board; a failure is reported, and so is a finish that takes too long."""
        if self._run is None:
            return
        error = _error_within(1.5 * self._finish_timeout, self._run.finish)
        if error is not None:
            self._give_up(error, f"perhaps not all up to iteration {self._sent}")
        if isinstance(
            error, TimeoutError
        ):  # else W&B would wait again, without a limit, when the process ends
            _error_within(1.0, self._wandb.teardown)

    def _give_up(self, error: Exception, what: str) -> None:
        self._run = None
        self._report.write(
            f"W&B stopped: {type(error).__name__}: {one_line(error)}. The board has {what}; metrics.jsonl "
            f"is complete, and what W&B did not upload is in {self._kept}, for `wandb sync`\n"
        )

    def _payload(self, metrics: Numbers, timings: Numbers, episodes: Episodes) -> dict[str, Any]:
        payload: dict[str, Any] = {**metrics, **_prefixed("time", timings)}
        rewards = [float(math.fsum(episode["token_rewards"])) for episode in episodes]
        if rewards:
            payload |= _spread(rewards)
            payload["reward/histogram"] = self._wandb.Histogram(rewards)
        if episodes and (int(metrics["iteration"]) - 1) % self._every == 0:
            payload["samples"] = self._table(episodes[: self._samples])
        return payload

    def _table(self, episodes: Episodes) -> Any:
        table = self._wandb.Table(columns=["prompt", "response", "score", "token_rewards"])
        for episode in episodes:
            length = int(np.sum(episode["response_mask"]))
            rewards = [round(float(r), 4) for r in episode["token_rewards"][:length]]
            table.add_data(
                str(episode.get("prompt", "")),
                str(episode.get("response_text", "")),
                float(episode["score"]) if "score" in episode else None,
                " ".join(map(str, rewards)),
            )
        return table


class ProgressLog:
    """Writes one line that is overwritten on a terminal, or one line per tenth of the way anywhere else.

    Args:
        stream: Where the lines go.
        total: Episodes of the whole run.
        done: Episodes done before, when a run is resumed.
    """

    def __init__(self, stream: TextIO, *, total: int, done: int = 0) -> None:
        self._stream, self._total, self._first = stream, total, done
        self._start = time.perf_counter()
        self._overwrite = stream.isatty()
        self._tenth = 10 * done // max(total, 1)

    def on_iteration(self, metrics: Numbers, timings: Numbers, episodes: Episodes) -> None:
        """Writes reward, share solved where it is known, KL, episodes per second and the time left."""
        done = int(metrics["episodes"])
        tenth = 10 * done // max(self._total, 1)
        if not self._overwrite and tenth == self._tenth:
            return
        self._tenth = tenth
        end = "\r" if self._overwrite else "\n"
        self._stream.write(self._line(done, metrics) + end)
        self._stream.flush()

    def close(self) -> None:
        """Ends the line, which stays on the terminal."""
        if self._overwrite:
            self._stream.write("\n")
            self._stream.flush()

    def _line(self, done: int, metrics: Numbers) -> str:
        rate = (done - self._first) / max(time.perf_counter() - self._start, 1e-9)
        left = max(self._total - done, 0) / max(rate, 1e-9)
        share = min(done / max(self._total, 1), 1.0)
        bar = "#" * round(20 * share)
        solved = f"solved {metrics['env/solved']:.1%}  " if "env/solved" in metrics else ""
        return (
            f"{share:4.0%} [{bar:<20}] {done}/{self._total} episodes  "
            f"reward {metrics['objective/scores']:+.3f}  {solved}KL {metrics['objective/kl']:.2f}  "
            f"{rate:.1f} episodes/s  {_clock(left)} left "
        )


def check_no_link(folder: str | os.PathLike[str]) -> None:
    """Checks that a folder is not a link, through which files would be written elsewhere.

    Raises:
        ValueError: If it is a link.
    """
    if os.path.islink(folder):
        raise ValueError(f"{folder}: expected a folder, got a link, which is not written through; remove it")


def _error_within(seconds: float, call: Callable[[], Any]) -> Exception | None:
    """Returns the exception of a call, or a TimeoutError if it did not return in time and was abandoned.

    A thread can't be ended: the one that hangs is a daemon, which keeps no process alive.
    """
    raised: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="finish", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return TimeoutError(f"it did not finish within {seconds:g} s")
    return raised[0] if raised else None


def _prefixed(group: str, numbers: Numbers) -> dict[str, float]:
    return {key if "/" in key else f"{group}/{key}": value for key, value in numbers.items()}


def _spread(rewards: Sequence[float]) -> dict[str, float]:
    return {
        "reward/mean": float(np.mean(rewards)),
        "reward/median": float(np.median(rewards)),
        "reward/min": min(rewards),
        "reward/max": max(rewards),
    }


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"

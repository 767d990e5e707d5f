"""Process of a reward, seen from the audit: calls with a time limit, a new start after a hang or crash."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final

from rlsf_gym.audit.outcome import Outcome, Paid

__all__ = ["LoadError", "RewardProcess"]

_BEGIN: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from rlsf_gym.audit.worker import main; main()"
)
"""Looks for modules where this process does, by no variable that a reward's own processes would inherit."""
_TO_LOAD: Final = 120.0
"""Seconds that a reward may take to be imported, which may mean a model's libraries."""


class LoadError(ValueError):
    """The reward could not be loaded."""


class RewardProcess:
    """Reward in a process of its own.

    Args:
        reward: `"module:attribute"`, or the id of an environment.
        kwargs: Its keyword arguments.
        signature: A signature to take it for, None to find it.
        time_limit: Seconds that one response may take.
        hash_seed: Seed of the hashes of texts in the process.

    Raises:
        LoadError: If the reward can't be loaded.
    """

    def __init__(
        self,
        reward: str,
        kwargs: Mapping[str, Any],
        signature: str | None,
        time_limit: float,
        *,
        hash_seed: int,
    ) -> None:
        self._order = {"reward": reward, "kwargs": dict(kwargs), "signature": signature}
        self._limit, self._hash_seed = time_limit, hash_seed
        self._seconds = 0.0  # of the slowest response so far that was paid alone
        self.calls = 0
        """Responses that were paid."""
        self.call_seconds = 0.0
        """Wall-clock time of the calls that returned."""
        self.lost = Counter[str]()
        """Calls after which the process had to be started again, by the kind of their outcome."""
        self._start()
        self._told: dict[str, Any] | None = None

    @property
    def told(self) -> dict[str, Any]:
        """What the process says of the reward: kind, columns that it needs, and more."""
        if self._told is None:
            self._told = self._load()
        return self._told

    def _start(self) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN, json.dumps([str(folder) for folder in sys.path])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, encoding="utf-8",
            env={**os.environ, "PYTHONHASHSEED": str(self._hash_seed)},
            start_new_session=True,
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_read_lines, args=(self._process.stdout, self._lines), daemon=True).start()
        self._send(self._order)

    def _load(self) -> dict[str, Any]:
        """Waits until the reward is loaded.

        Raises:
            LoadError: If it is not.
        """
        line = self._receive(_TO_LOAD)
        if line is None:
            raise LoadError(f"{self._order['reward']}: not loaded within {_TO_LOAD:.0f} s")
        told: dict[str, Any] = (
            json.loads(line) if line else {"error": f"its process ended: {self._last_words()}"}
        )
        if "error" in told:
            reward, reason = self._order["reward"], told["error"]
            raise LoadError(reason if reward in reason else f"{reward}: {reason}")
        return told

    def pay(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        chat: bool = False,
        trace: bool = False,
        thread: bool = False,
    ) -> Paid:
        """Returns what responses are paid in one call.

        Args:
            rows: The responses, as `payers.Row`.
            chat: Whether prompts and responses are given as chat messages.
            trace: Whether to collect the exceptions that the reward's own file catches.
            thread: Whether to call from another thread than the main one.
        """
        if self._process.poll() is not None:
            self.close()
            self._start()
            self._load()
        self.told  # noqa: B018  the process is loaded, or says why not
        self.calls += len(rows)
        self._send({"rows": list(rows), "chat": chat, "trace": trace, "thread": thread})
        line = self._receive(self._limit + 4.0 * len(rows) * self._seconds)
        if line is None:
            self.close()
            return self._nothing("hung", f"no answer within {self._limit:.3g} s", len(rows))
        if not line:
            return self._nothing("died", f"its process ended: {self._last_words()}", len(rows))
        paid = _read(json.loads(line))
        self.call_seconds += paid.seconds
        if len(rows) == 1:
            self._seconds = max(self._seconds, paid.seconds)
        return paid

    def _nothing(self, kind: str, told: str, count: int) -> Paid:
        self.lost[kind] += 1
        return Paid((Outcome(kind, told=told),) * count)

    def _send(self, order: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended: the answer will be missing
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()

    def _receive(self, seconds: float) -> str | None:
        """Returns the next line, "" if the process has ended, None if there is none in time."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            return None

    def _last_words(self) -> str:
        """Returns the exit status and the last line that the process wrote to stderr."""
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return f"exit status {status}" + (f", {lines[-1]:.120}" if lines else "")

    def close(self) -> None:
        """Ends the process, and those that it has started."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                if hasattr(os, "killpg"):
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()
            self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._errors.close()


def _read_lines(stream: IO[str] | None, lines: queue.Queue[str]) -> None:
    assert stream is not None
    with stream:
        for line in stream:
            lines.put(line)
    lines.put("")


def _read(answer: dict[str, Any]) -> Paid:
    """Returns what a line of the process says."""
    return Paid(
        outcomes=tuple(Outcome(**one) for one in answer["outcomes"]),
        seconds=answer["seconds"],
        swallowed=tuple(answer["swallowed"]),
        executed=answer["executed"],
        changed=tuple(answer.get("changed", ())),
        tokens=tuple(map(tuple, answer.get("tokens", ()))),
        token_rewards=tuple(map(tuple, answer.get("token_rewards", ()))),
        facts=tuple(answer.get("facts", ())),
    )

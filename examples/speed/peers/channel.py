"""The line protocol between the benchmark and a learner in a process of its own.

The benchmark writes a line, the learner does one iteration and answers with one JSON object: seconds of the
whole, on the clock and of the processor, seconds of its parts, and the largest resident memory of the process
so far. At the end of its input a learner ends.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

from examples.speed.peers.work import Work, read_work


class Channel:
    """The learner's end; whatever else the process prints goes to its stderr.

    Args:
        package: Distribution whose version is named in the report; "": none.
    """

    def __init__(self, package: str = "") -> None:
        self._answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self.package = f"{package} {metadata.version(package)}" if package else ""
        self._started = self._began = 0.0

    def wait(self) -> None:
        """Returns when the next iteration is asked for.

        Raises:
            SystemExit: If no further iteration is asked for.
        """
        if not sys.stdin.readline():
            raise SystemExit(0)
        self._started, self._began = time.perf_counter(), time.process_time()

    def answer(self, **figures: Any) -> None:
        """Reports the iteration that ends now."""
        seconds = time.perf_counter() - self._started
        processor = time.process_time() - self._began
        self._write({"seconds": seconds, "processor": processor, "peak_mb": peak_megabytes(), **figures})

    def ready(self) -> None:
        """Says that the first iteration may be asked for."""
        self._write({"ready": self.package})

    def serve(self, iterate: Callable[[], dict[str, Any]]) -> None:
        """Runs one iteration for each line, until the input ends."""
        self.ready()
        while True:
            self.wait()
            self.answer(**iterate())

    def _write(self, answer: dict[str, Any]) -> None:
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()


class Stopwatch:
    """Adds up the time spent inside `with` blocks, or inside a function that was wrapped."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds += time.perf_counter() - self._start

    def wrap(self, owner: object, name: str) -> None:
        """Times every call of `owner.name` from now on."""
        function = getattr(owner, name)

        def timed(*arguments: Any, **keywords: Any) -> Any:
            with self:
                return function(*arguments, **keywords)

        setattr(owner, name, timed)

    def take(self) -> float:
        """Returns the seconds since the last call, and starts from 0."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds


def read_arguments() -> tuple[Work, str]:
    """Returns the work and the variant that the command line names: WORK THREADS [VARIANT]."""
    if len(sys.argv) < 3:
        sys.exit("error: expected WORK THREADS [VARIANT], such as tiny 2")
    work, threads, *variant = sys.argv[1:]
    torch.set_num_threads(int(threads))
    return read_work(work), "".join(variant)


def peak_megabytes() -> float:
    """Returns the largest resident memory of this process, in MB of 1e6 bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent held when it forked
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6

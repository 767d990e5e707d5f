"""Executors of cells: each call in a fresh process of this machine, or as a task of Ray.

An executor takes a function with its argument and returns a future, as those of `concurrent.futures` do;
whoever submits keeps to its number of slots. Each call gets a process of its own that computes with one
thread, so that equal cells give equal bytes whoever runs them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol, Self, TypeVar

from agents.extras import import_extra

T = TypeVar("T")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Environment variables that keep torch and NumPy to one thread, set before they are imported."""
PATIENCE = 5.0
"""Seconds to wait for a process that was terminated."""


class Executor(Protocol):
    """Protocol of an executor: submits calls to other processes and returns futures."""

    @property
    def slots(self) -> int:
        """Number of calls that run at once."""
        ...

    def submit(self, function: Callable[[Any], T], argument: Any) -> Future[T]:
        """Returns the future result of a call; function and argument have to be picklable."""
        ...

    def close(self) -> None:
        """Shuts the executor down and ends the calls that still run."""
        ...


class ProcessExecutor:
    """Executor that runs each call in a fresh process of this machine.

    The processes hear no Ctrl-C, which is for whoever submits; they end when this process ends, however it
    does.

    Args:
        jobs: Processes at once, >= 1.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._context = multiprocessing.get_context("spawn")
        self._running: set[BaseProcess] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Returns this executor."""
        return self

    def __exit__(self, *_: object) -> None:
        """Shuts the executor down."""
        self.close()

    @property
    def slots(self) -> int:
        """Number of calls that run at once."""
        return self._jobs

    def submit(self, function: Callable[[Any], T], argument: Any) -> Future[T]:
        """Returns the future result of a call.

        The future's exception is that of the call, or a `ChildProcessError` where its process died.
        """
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_call, args=(theirs, function, argument), daemon=False)
        with _environment(ONE_THREAD), _deaf_to_interrupts():
            process.start()
        theirs.close()
        with self._lock:
            self._running.add(process)
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        threading.Thread(target=self._await, args=(process, ours, future), daemon=True).start()
        return future

    def close(self) -> None:
        """Ends the processes that still run."""
        with self._lock:
            processes = list(self._running)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()

    def _await(self, process: BaseProcess, ours: Connection, future: Future[Any]) -> None:
        """Sets the future once the process has answered or died."""
        try:
            succeeded, value = ours.recv()
        except EOFError:
            process.join()
            succeeded, value = False, ChildProcessError(_describe_exit(process.exitcode))
        process.join()
        with self._lock:
            self._running.discard(process)
        if succeeded:
            future.set_result(value)
        else:
            future.set_exception(value)


class RayExecutor:
    """Executor that runs each call as a task of Ray, in a fresh process.

    All nodes need this package and, under the same path, the folder that cells are written to.

    Args:
        jobs: Tasks at once, >= 1; of a cluster that is started here also its processors.
        address: As `ray.init` takes it; None: that of the environment, or a cluster of this machine alone.

    Raises:
        ImportError: If Ray is not installed.
    """

    def __init__(self, jobs: int, *, address: str | None = None) -> None:
        self._jobs = jobs
        self._ray: Any = import_extra("ray", "the executor needs", package="ray", extra="ray")
        address = address or os.environ.get("RAY_ADDRESS")
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        self._ray.init(
            address=address,
            runtime_env={"env_vars": {**ONE_THREAD, "PYTHONPATH": paths}},
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            **({} if address else {"num_cpus": jobs}),
        )

    def __enter__(self) -> Self:
        """Returns this executor."""
        return self

    def __exit__(self, *_: object) -> None:
        """Shuts the executor down."""
        self.close()

    @property
    def slots(self) -> int:
        """Number of calls that run at once."""
        return self._jobs

    def submit(self, function: Callable[[Any], T], argument: Any) -> Future[T]:
        """Returns the future result of a call."""
        task = self._ray.remote(num_cpus=1, max_calls=1, max_retries=0)(function)
        return task.remote(argument).future()

    def close(self) -> None:
        """Cancels the tasks that still run, and disconnects from the cluster."""
        self._ray.shutdown()


def _call(theirs: Connection, function: Callable[[Any], Any], argument: Any) -> None:
    """Sends the result of a call, or its exception, from the new process."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        answer = (True, function(argument))
    except Exception as error:
        answer = (False, RuntimeError(f"{type(error).__name__}: {error}"))
    theirs.send(answer)
    theirs.close()


def _end_with_parent() -> None:
    """Ends this process once the one that started it has ended, even by a signal that can't be caught."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _describe_exit(status: int | None) -> str:
    if status is not None and status < 0:
        number = -status
        killed = " (out of memory?)" if number == 9 else ""
        return f"its process was ended by {signal.Signals(number).name}{killed}"
    return f"its process ended with status {status}"


@contextmanager
def _environment(variables: dict[str, str]) -> Generator[None]:
    """Returns a context with variables in the environment, for a process that is started in it."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _deaf_to_interrupts() -> Generator[None]:
    """Returns a context in which started processes ignore Ctrl-C; this one handles it again afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

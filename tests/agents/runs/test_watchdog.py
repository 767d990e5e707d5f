"""watchdog.py: a call that takes too long ends its process, and no other call notices anything."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from agents.runs.watchdog import deadline, describe_stack

HANG = """
import time
from agents.runs.watchdog import deadline
def sleep():
    time.sleep(600)
print("checkpoint", flush=True)
with deadline(0.2, "env.step"):
    sleep()
print("not reached")
"""


def test_nothing_is_watched_without_a_deadline() -> None:
    before = threading.active_count()
    with deadline(None, "a step"):
        assert threading.active_count() == before


def test_a_call_that_returns_in_time_goes_on() -> None:
    with deadline(0.2, "a step"):
        watching = [thread for thread in threading.enumerate() if thread.name == "watchdog"]
    watching[0].join()
    time.sleep(0.3)  # it would have ended this process


def test_an_exception_ends_the_watch() -> None:
    with pytest.raises(KeyError), deadline(0.2, "a step"):
        raise KeyError("model")
    time.sleep(0.3)


def test_a_call_that_hangs_ends_the_process_and_says_where() -> None:
    done = subprocess.run([sys.executable, "-c", HANG], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "checkpoint\n")
    assert done.stderr == (
        "error: env.step did not return within 0.2 s (step_timeout): it hangs in sleep (<string>:5), "
        "called by <module> (<string>:8)\n"
    )


def test_a_stack_that_is_gone() -> None:
    assert describe_stack(None) == ""


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
def test_seconds_are_checked(seconds: float) -> None:
    with pytest.raises(ValueError, match="step_timeout: expected a number of seconds > 0, or None, got"):
        deadline(seconds, "a step").__enter__()

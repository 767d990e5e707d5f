"""Process that holds a reward and calls it, spoken to by lines of JSON.

A reward that crashes, hangs, prints or changes what is global does so here. The first line says what to load;
each further one is a call. What the reward prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TextIO

from rlsf_gym.arguments import one_line
from rlsf_gym.audit.outcome import Outcome
from rlsf_gym.audit.payers import Payer, load_payer
from rlsf_gym.audit.watching import Executions, place_of, watch_exceptions

__all__ = ["main"]

_LIBRARY: Final = Path(__file__).parents[1]


def main() -> None:
    """Answers lines of stdin until it ends."""
    orders = os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8")
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    with open(os.devnull, "rb") as nothing:  # a reward that asks at the terminal is not to read orders
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    order = json.loads(orders.readline())
    try:
        payer = load_payer(order["reward"], order["kwargs"], order["signature"])
        told = payer.describe()
    except BaseException as error:
        _tell(answers, {"error": _why_not(error)})
        return
    _tell(answers, told)
    executions = Executions()
    for line in orders:
        _tell(answers, _answer(payer, json.loads(line), executions))


def _tell(answers: TextIO, what: Mapping[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _why_not(error: BaseException) -> str:
    """Returns why a reward was not loaded: an exception of its own is told with its place."""
    frames = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    is_own = isinstance(error, ValueError) and frames and frames[-1].is_relative_to(_LIBRARY)
    return one_line(error) if is_own else place_of(error, None, most=500)


def _answer(payer: Payer, order: Mapping[str, Any], executions: Executions) -> dict[str, Any]:
    """Returns what a call brought, in plain values."""
    if not order["thread"]:
        return _call(payer, order, executions)
    found: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: found.append(_call(payer, order, executions)), daemon=True)
    thread.start()
    thread.join()
    return found[0]


def _call(payer: Payer, order: Mapping[str, Any], executions: Executions) -> dict[str, Any]:
    rows: Sequence[dict[str, Any]] = order["rows"]
    executions.clear()
    process = os.getpid()
    more: dict[str, Any] = {}
    started = time.perf_counter()
    with watch_exceptions(payer.file if order["trace"] else None) as caught:
        try:
            outcomes, more = payer.pay(rows, order["chat"])
        except BaseException as error:  # SystemExit and KeyboardInterrupt of a reward, too
            kind = "died" if isinstance(error, SystemExit) else "raised"
            outcomes = [Outcome(kind, told=place_of(error, payer.file))] * len(rows)
    if os.getpid() != process:  # a fork that came back: the process that it was made from answers
        os._exit(0)
    return {
        "outcomes": [asdict(one) for one in outcomes],
        "seconds": time.perf_counter() - started,
        "swallowed": caught,
        "executed": executions.seen,
        **more,
    }

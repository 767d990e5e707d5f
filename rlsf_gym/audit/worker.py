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
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from rlsf_gym.audit.outcome import Outcome
from rlsf_gym.audit.payers import Payer, load_payer
from rlsf_gym.audit.watching import Executions, place_of, watch_exceptions

__all__ = ["main"]


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
    except BaseException as error:
        _tell(answers, {"error": _one_line(error)})
        return
    _tell(answers, payer.describe())
    executions = Executions()
    for line in orders:
        _tell(answers, _answer(payer, json.loads(line), executions))


def _tell(answers: TextIO, what: Mapping[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _one_line(error: BaseException) -> str:
    words = " ".join(str(error).split())
    is_told = isinstance(error, ValueError) and words
    return words if is_told else f"{type(error).__name__}: {words}"


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
    more: dict[str, Any] = {}
    started = time.perf_counter()
    with watch_exceptions(payer.file if order["trace"] else None) as caught:
        try:
            outcomes, more = payer.pay(rows, order["chat"])
        except BaseException as error:  # SystemExit and KeyboardInterrupt of a reward, too
            outcomes = [Outcome("raised", told=place_of(error, payer.file))] * len(rows)
    return {
        "outcomes": [asdict(one) for one in outcomes],
        "seconds": time.perf_counter() - started,
        "swallowed": caught,
        "executed": executions.seen,
        **more,
    }

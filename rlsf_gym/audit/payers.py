"""Payers: what calls a reward of each signature, inside its own process."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from itertools import islice
from types import SimpleNamespace
from typing import Any, Final, Protocol, cast

from rlsf_gym.audit.outcome import Outcome, describe_value
from rlsf_gym.audit.signatures import TRUTH_NAMES, Signature, find_signature
from rlsf_gym.registry import import_attribute

__all__ = ["Payer", "load_payer"]

Row = Mapping[str, Any]
"""A response: `prompt`, `messages`, `response`, `truth` and `columns`."""
Found = tuple[list[Outcome], dict[str, Any]]


class Payer(Protocol):
    """Calls a reward."""

    file: str | None
    """File in which the reward is defined, where there is one."""

    def pay(self, rows: Sequence[Row], chat: bool) -> Found:
        """Returns what each response was paid in one call, and what else an environment tells.

        Args:
            rows: The responses.
            chat: Whether prompts and responses are given as chat messages.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Returns kind, needed columns and more of the reward, in plain values."""
        ...


def load_payer(reward: str, kwargs: Mapping[str, Any], forced: str | None) -> Payer:
    """Returns what calls a reward.

    Args:
        reward: `"module:attribute"`, or the id of an environment.
        kwargs: Its keyword arguments.
        forced: A signature to take it for, None to find it.

    Raises:
        ValueError: If there is no such reward, or it has no signature that is known.
    """
    if forced == "environment":
        from rlsf_gym.audit.playing import EnvironmentPayer

        return EnvironmentPayer(reward, kwargs)
    part = import_attribute("reward", reward)
    file = _file_of(part)
    signature = find_signature(part, kwargs, forced)
    if signature.kind == "trl":
        return TrlPayer(signature, file)
    if signature.kind == "verl":
        return VerlPayer(signature, file)
    from rlsf_gym.audit.scoring import ScorerPayer

    return ScorerPayer(signature, file)


def _file_of(part: Any) -> str | None:
    try:
        return inspect.getsourcefile(
            inspect.unwrap(part) if callable(part) else cast("type[Any]", type(part))
        )
    except TypeError:  # built in
        return None


def _truths(row: Row) -> dict[str, Any]:
    """Returns the columns of a row; a truth goes by every name that has no column of its own."""
    columns: dict[str, Any] = dict(row["columns"])
    truth = columns.get("ground_truth", row["truth"])
    return {**({} if truth is None else dict.fromkeys(TRUTH_NAMES, truth)), **columns}


_LOOP: Final[list[asyncio.AbstractEventLoop]] = []
"""The loop of asynchronous rewards: one for all calls, as in a trainer, so that they may share a client."""


def _await(value: Any) -> Any:
    if not inspect.iscoroutine(value):
        return value
    if not _LOOP:
        _LOOP.append(asyncio.new_event_loop())
    return _LOOP[0].run_until_complete(value)


class _FunctionPayer:
    """Holds a function that is called by keyword.

    Args:
        signature: The function's.
        file: Its file.
    """

    def __init__(self, signature: Signature, file: str | None) -> None:
        self._signature, self.file = signature, file

    def describe(self) -> dict[str, Any]:
        """Returns kind, needed columns and what its trainer passes in vain."""
        signature = self._signature
        return {"kind": signature.kind, "needs": list(signature.needs), "refuses": list(signature.refuses)}

    def call(self, given: Mapping[str, Any]) -> tuple[Any, list[str]]:
        """Returns what the function makes of those of the values that it takes, and which it changed."""
        kept = self._signature.keep(given)
        data: dict[str, Any] = {name: value for name, value in kept.items() if isinstance(value, list | dict)}
        before = deepcopy(data)
        value = _await(self._signature.function(**kept))
        return value, [name for name in data if _differ(data[name], before[name])]


def _differ(one: Any, other: Any) -> bool:
    try:
        return bool(one != other)
    except ValueError:  # the reward put an array in, which is compared by element
        return True


class TrlPayer(_FunctionPayer):
    """Calls a function as TRL's trainers do: all of a batch at once, columns as lists."""

    def pay(self, rows: Sequence[Row], chat: bool) -> Found:
        """Returns what each response was paid in one call."""
        told: dict[str, list[Any]] = {}
        for row in rows:
            for name, value in _truths(row).items():
                told.setdefault(name, []).append(value)
        given: dict[str, Any] = {
            **{name: values for name, values in told.items() if len(values) == len(rows)},
            "prompts": [_prompt(row, chat) for row in rows],
            "completions": [
                [{"role": "assistant", "content": row["response"]}] if chat else row["response"]
                for row in rows
            ],
            "completion_ids": [list(row["response"].encode()) for row in rows],
            "trainer_state": SimpleNamespace(global_step=0, epoch=0.0, max_steps=1_000),
            "log_extra": _log_nothing,
            "log_metric": _log_nothing,
        }
        values, changed = self.call(given)
        return _read_batch(values, len(rows)), {"changed": changed}


def _log_nothing(*_: Any) -> None:
    """Takes what a reward logs."""


def _prompt(row: Row, chat: bool) -> Any:
    return row["messages"] or ([{"role": "user", "content": row["prompt"]}] if chat else row["prompt"])


def _read_batch(values: Any, count: int) -> list[Outcome]:
    """Returns the outcome of each response of a batch from what the function returned, or yields."""
    wanted = f"expected a list of {count}"
    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__iter__"):
        return [Outcome("other", told=f"{wanted}, got {describe_value(values)}")] * count
    if getattr(values, "ndim", 1) == 0:  # an array of no axis says that it can be iterated over
        return [Outcome("other", told=f"{wanted}, got {describe_value(values)}")] * count
    found = list(islice(cast("Iterable[Any]", values), 10 * count + 10))  # a generator may not end
    if len(found) != count:
        told = f"{len(found)} value{'' if len(found) == 1 else 's'}"
        return [Outcome("count", told=f"{wanted}, got {told}")] * count
    return [Outcome.of(value) for value in found]


class VerlPayer(_FunctionPayer):
    """Calls a function as verl's reward managers do: one response at a time, by keyword."""

    def pay(self, rows: Sequence[Row], chat: bool) -> Found:
        """Returns what each response was paid, each by a call of its own."""
        found = [self._pay_one(row) for row in rows]
        return [outcome for outcome, _ in found], {
            "changed": sorted({name for _, one in found for name in one})
        }

    def _pay_one(self, row: Row) -> tuple[Outcome, list[str]]:
        columns = row["columns"]
        given = {
            **{name: value for name, value in columns.items() if name in self._signature.takes},
            "data_source": columns.get("data_source", "audit"),
            "solution_str": row["response"],
            "ground_truth": columns.get("ground_truth", row["truth"]),
            "extra_info": columns.get("extra_info", {"index": 0, "split": "train"}),
        }
        value, changed = self.call(given)
        if isinstance(value, Mapping):
            table = cast("Mapping[str, Any]", value)
            if "score" not in table:
                told = f"a dict without 'score': {json.dumps(sorted(map(str, table)))}"
                return Outcome("other", told=told), changed
            value = table["score"]
        return Outcome.of(value), changed

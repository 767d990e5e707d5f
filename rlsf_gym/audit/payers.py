"""Payers: what calls a reward of each signature, inside its own process."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Protocol, cast

from rlsf_gym.audit.outcome import Outcome
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


def _await(value: Any) -> Any:
    return asyncio.run(value) if inspect.iscoroutine(value) else value


def _describe(signature: Signature) -> dict[str, Any]:
    return {"kind": signature.kind, "needs": list(signature.needs), "refuses": list(signature.refuses)}


class TrlPayer:
    """Calls a function as TRL's trainers do: all of a batch at once, columns as lists.

    Args:
        signature: The function's.
        file: Its file.
    """

    def __init__(self, signature: Signature, file: str | None) -> None:
        self._signature, self.file = signature, file

    def describe(self) -> dict[str, Any]:
        """Returns kind and needed columns."""
        return _describe(self._signature)

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
        values = _await(self._signature.function(**self._signature.keep(given)))
        return _read_batch(values, len(rows)), {}


def _log_nothing(*_: Any) -> None:
    """Takes what a reward logs."""


def _prompt(row: Row, chat: bool) -> Any:
    return row["messages"] or ([{"role": "user", "content": row["prompt"]}] if chat else row["prompt"])


def _read_batch(values: Any, count: int) -> list[Outcome]:
    """Returns the outcome of each response of a batch from what the function returned."""
    wanted = f"expected a list of {count}"
    if isinstance(values, str | Mapping) or not hasattr(values, "__len__") or not hasattr(values, "__iter__"):
        return [Outcome("other", told=f"{wanted}, got {values!r:.40}")] * count
    found = list(cast("Sequence[Any]", values))
    if len(found) != count:
        return [Outcome("count", told=f"{wanted}, got {len(found)} values")] * count
    return [Outcome.of(value) for value in found]


class VerlPayer:
    """Calls a function as verl's reward managers do: one response at a time, by keyword.

    Args:
        signature: The function's.
        file: Its file.
    """

    def __init__(self, signature: Signature, file: str | None) -> None:
        self._signature, self.file = signature, file

    def describe(self) -> dict[str, Any]:
        """Returns kind and needed columns."""
        return _describe(self._signature)

    def pay(self, rows: Sequence[Row], chat: bool) -> Found:
        """Returns what each response was paid, each by a call of its own."""
        return [self._pay_one(row) for row in rows], {}

    def _pay_one(self, row: Row) -> Outcome:
        columns = row["columns"]
        given = {
            **{name: value for name, value in columns.items() if name in self._signature.takes},
            "data_source": columns.get("data_source", "audit"),
            "solution_str": row["response"],
            "ground_truth": columns.get("ground_truth", row["truth"]),
            "extra_info": columns.get("extra_info", {"index": 0, "split": "train"}),
        }
        value = _await(self._signature.function(**self._signature.keep(given)))
        if isinstance(value, Mapping):
            table = cast("Mapping[str, Any]", value)
            if "score" not in table:
                return Outcome("other", told=f"a dict without 'score': {json.dumps(sorted(map(str, table)))}")
            value = table["score"]
        return Outcome.of(value)

"""Describes what can be picked on the explorer's page: designs, examples, and the names of things."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

from rlsf_gym.designs import load_design
from rlsf_gym.domains import Example
from rlsf_gym.envs.task import Task
from rlsf_gym.explorer.question import write_data

LABELS = {"unit": "unit", "amount": "amount", "instance": "instance"}
"""Names on the page where a domain has none of its own."""


def describe_design(name: str) -> dict[str, Any]:
    """Returns a design as a choice: its name, what it returns, and what it declares."""
    design = load_design(name)
    return {
        "name": name,
        "summary": summary(design.function),
        "causal": design.causal,
        "conserving": design.conserving,
        "bounded": design.bounded,
    }


def show_example(example: Example) -> dict[str, Any]:
    """Returns an example as plain data, that of its instance as a page takes it."""
    data = example.instance
    return {**example._asdict(), "instance": "" if data is None else write_data(data)}


def is_taken(task: Task, example: Example) -> bool:
    """Returns whether a task makes an instance of the data of an example."""
    try:
        task.make_instance(example.instance, task.option)
    except ValueError:
        return False
    return True


def summary(function: Any) -> str:
    """Returns what a function returns, by the first line of its docstring.

    >>> summary(partial(summary))
    'what a function returns, by the first line of its docstring'
    """
    while isinstance(function, partial):
        function = function.func
    first = (inspect.getdoc(function) or "").partition("\n")[0]
    return first.removeprefix("Returns ").rstrip(".")

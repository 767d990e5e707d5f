"""The public names of the packages, and the one place where each of them is documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Sequence
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from sphinx.pycode import ModuleAnalyzer

PACKAGES = ("rlsf_gym", "agents")
COMMAND_LINES = ("commands", "flags", "explorer", "presets")
"""Rooms that programs are made of, which docs/command_line.md is about."""


class Name(NamedTuple):
    """A public name of a module."""

    module: str
    name: str
    home: str
    """Dotted name under which its object is documented."""
    part: Any
    kind: str
    """Kind of the object: "class", "exception", "function", "data", or "bare" for data with no docstring."""

    @property
    def dotted(self) -> str:
        """The name behind its module."""
        return f"{self.module}.{self.name}"


def modules() -> list[ModuleType]:
    """Returns the modules of the packages that are no programs, packages before what is in them."""
    found: list[ModuleType] = []
    for package in map(importlib.import_module, PACKAGES):
        found.append(package)
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            parts = info.name.split(".")
            if parts[1] not in COMMAND_LINES and not any(part.startswith("_") for part in parts):
                found.append(importlib.import_module(info.name))
    return found


def exports(module: ModuleType) -> list[str]:
    """Returns the public names of a module: its `__all__`.

    Without one a module of `agents`, and a room of `rlsf_gym` that is one file, exports what it defines
    without an underscore; a module inside a room of `rlsf_gym`, nothing.
    """
    if hasattr(module, "__all__"):
        return list(module.__all__)
    if module.__name__.startswith("rlsf_gym.") and module.__name__.count(".") > 1:
        return []
    documented = documented_data(module.__name__)
    return [
        name
        for name, part in vars(module).items()
        if not name.startswith("_") and (name in documented or is_defined_in(module, part))
    ]


@cache
def documented_data(module: str) -> frozenset[str]:
    """Returns the variables of a module that have a docstring behind them."""
    comments = ModuleAnalyzer.for_module(module).find_attr_docs()
    return frozenset(name for scope, name in comments if not scope)


def is_defined_in(module: ModuleType, part: Any) -> bool:
    """Whether a class or function is a module's own."""
    return (inspect.isclass(part) or inspect.isroutine(part)) and part.__module__ == module.__name__


@cache
def names() -> tuple[Name, ...]:
    """Returns all public names, each with the one place where its object is documented.

    What several modules export is documented with the first of them, which is the shortest name; but data,
    whose docstring stands behind the assignment, with the module that has one.
    """
    listed = [
        (module.__name__, name, getattr(module, name)) for module in modules() for name in exports(module)
    ]
    homes = {
        (name, id(vars(module)[name])): f"{module.__name__}.{name}"
        for module in reversed(modules())
        for name in documented_data(module.__name__).intersection(exports(module))
    }
    found: list[Name] = []
    for module, name, part in listed:
        home = homes.setdefault((name, id(part)), f"{module}.{name}")
        kind = kind_of(part)
        bare = kind == "data" and name not in documented_data(home.rpartition(".")[0])
        found.append(Name(module, name, home, part, "bare" if bare else kind))
    return tuple(found)


def kind_of(part: Any) -> str:
    """Returns the directive of autodoc for an object."""
    if inspect.isclass(part):
        return "exception" if issubclass(part, BaseException) else "class"
    return "function" if inspect.isroutine(part) else "data"


def by_page(listed: Sequence[Name]) -> Iterator[tuple[str, list[Name]]]:
    """Yields the room that a page is about, and the names of its modules."""
    pages: dict[str, list[Name]] = {}
    for name in listed:
        pages.setdefault(room_of(name.module), []).append(name)
    yield from pages.items()


def room_of(module: str) -> str:
    """Returns the part of a package that a module belongs to.

    Example:
        >>> room_of("rlsf_gym.designs.prefix"), room_of("rlsf_gym.domains.countdown.scorer")
        ('rlsf_gym.designs', 'rlsf_gym.domains.countdown')
    """
    parts = module.split(".")
    return ".".join(parts[: 3 if parts[:2] == ["rlsf_gym", "domains"] else 2])

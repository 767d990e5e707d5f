"""API reference: a page for each room of the packages, with every public name in it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from rlsf_site import docstrings
from rlsf_site.api_names import PACKAGES, Name, by_page, names
from rlsf_site.docstring_markup import convert_prose
from rlsf_site.markdown import page, table


def make(docs: Path) -> Iterator[tuple[str, str]]:
    """Yields the pages, and their list."""
    rooms = list(by_page(names()))
    for room, listed in rooms:
        yield f"api/{room}", make_page(room, listed)
    parts = [make_list(package, [room for room, _ in rooms]) for package in PACKAGES]
    yield (
        "api/index",
        page(
            "# API",
            "Every public name of both packages, from their docstrings. What most programs need is in "
            "[rlsf_gym](rlsf_gym.md) and [agents](agents.md) themselves.",
            *parts,
            "```{toctree}\n:hidden:\n\n" + "\n".join(room for room, _ in rooms) + "\n```",
        ),
    )


def make_list(package: str, rooms: list[str]) -> str:
    """Returns the rooms of a package, with what they hold."""
    own = [room for room in rooms if room.partition(".")[0] == package]
    body = [(f"[`{room}`]({room}.md)", about(room)) for room in own]
    return f"## {package}\n\n{table(('module', 'what it holds'), body)}"


def about(module: str) -> str:
    """Returns the first sentence of a module's docstring."""
    return docstrings.summary(docstrings.clean(importlib.import_module(module)))


def make_page(room: str, listed: list[Name]) -> str:
    """Returns the page of a room."""
    parts = [f"# {room}", describe(room)]
    for module, group in groupby(listed, key=lambda name: name.module):
        if module != room:
            parts += [f"## {module}", describe(module)]
        own, elsewhere = [], []
        for name in group:
            (own if name.home == name.dotted else elsewhere).append(name)
        if len(own) > 1:
            parts.append("Here: " + ", ".join(map(mention, own)) + ".")
        parts += [directive(name) for name in own]
        if elsewhere:
            parts.append("Also exported: " + ", ".join(map(mention, elsewhere)) + ".")
    return page(*parts)


def describe(module: str) -> str:
    """Returns the docstring of a module."""
    return docstrings.with_fences(docstrings.clean(importlib.import_module(module)))


def directive(name: Name) -> str:
    """Returns what has Sphinx document a name."""
    if name.kind == "bare":
        told = vars(name.part).get("__doc__") if hasattr(name.part, "__dict__") else None
        said = f"\n   {convert_prose(docstrings.summary(told))}\n" if isinstance(told, str) else ""
        return f"```{{eval-rst}}\n.. py:data:: {name.dotted}\n{said}```"
    options = {"data": "   :no-value:\n", "function": ""}.get(name.kind, "   :members:\n")
    return f"```{{eval-rst}}\n.. auto{name.kind}:: {name.dotted}\n{options}```"


def mention(name: Name) -> str:
    """Returns a link to where a name is documented."""
    role = {"exception": "exc", "function": "func", "bare": "data"}.get(name.kind, name.kind)
    return f"{{py:{role}}}`{name.name} <{name.home}>`"

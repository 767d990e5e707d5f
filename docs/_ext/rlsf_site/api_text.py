"""Names of the API reference as Markdown: signature, docstring, and the members of classes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from sphinx.util.inspect import signature, stringify_signature

from rlsf_gym.registry import import_attribute
from rlsf_site.docstrings import with_fences
from rlsf_site.markdown import fence

SHORTENED = re.compile(r"~(?:\w+\.)*(\w+)")
"""Types as Sphinx marks those of which it shows the last name alone."""
DIRECTIVE = re.compile(r"^\.\. (?:py:|auto)(\w+):: ([\w.]+)$", flags=re.M)


def tell(body: str) -> str:
    """Returns what stands for a directive of the API reference.

    Raises:
        ValueError: If it is another one.
    """
    found = DIRECTIVE.search(body)
    if found is None:
        raise ValueError(f"a directive such as '.. autoclass:: NAME' was expected in {body!r:.80}")
    kind, dotted = found.groups()
    part = resolve(dotted)
    if kind == "data":
        return f"### `{dotted}`\n"
    lines = [f"### `{dotted}`", fence(sign(dotted.rpartition(".")[2], part), "python"), doc(part)]
    if inspect.isclass(part):
        lines += [
            line for name, member in members(part) for line in (f"#### `{sign(name, member)}`", doc(member))
        ]
    return "\n\n".join(line for line in lines if line) + "\n"


def resolve(dotted: str) -> Any:
    """Returns the object of a dotted name, whose last part is an attribute."""
    module, _, name = dotted.rpartition(".")
    return import_attribute("name", f"{module}:{name}")


def sign(name: str, part: Any) -> str:
    """Returns a name with its signature, alone where it has none."""
    if not callable(part):
        return name
    try:
        return name + SHORTENED.sub(r"\1", stringify_signature(signature(part), unqualified_typehints=True))
    except (TypeError, ValueError):  # of a class that is made otherwise, such as a protocol
        return name


def doc(part: Any) -> str:
    """Returns a docstring, its headings below those of the page."""
    return re.sub(r"^## ", "##### ", with_fences(inspect.getdoc(part) or ""), flags=re.M)


def members(part: type) -> Iterator[tuple[str, Any]]:
    """Yields the public methods and properties that a class itself defines and documents."""
    for name, member in vars(part).items():
        member = getattr(member, "__func__", member)
        is_member = inspect.isfunction(member) or isinstance(member, property)
        if is_member and not name.startswith("_") and member.__doc__:
            yield name, member

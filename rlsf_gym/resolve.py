"""Turns a name, an object or `"module:attribute"` into a part."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, MutableMapping
from typing import Any

from rlsf_gym.arguments import ArgumentError, PythonOnly, did_you_mean

_OR_AN_OBJECT = " or an object"


def resolve(kind: str, spec: Any, table: Mapping[str, Any]) -> Any:
    """Returns the part that `spec` stands for.

    Args:
        kind: What is looked for, for messages: "scorer", "reward design", ...
        spec: An object (returned as it is), a name in `table`, or `"module:attribute"`.
        table: Name to part, or to the part's own `"module:attribute"`, imported when asked for.

    Raises:
        ValueError: If the name, the module or the attribute is unknown.

    Example:
        >>> resolve("number", "one", {"one": 1, "pi": "math:pi"})
        1
        >>> resolve("number", "pi", {"one": 1, "pi": "math:pi"})
        3.141592653589793
        >>> resolve("number", "math:e", {})
        2.718281828459045
    """
    if not isinstance(spec, str):
        return spec
    if spec in table:
        part = table[spec]
        return import_attribute(kind, part) if isinstance(part, str) else part
    if ":" in spec:
        return import_attribute(kind, spec)
    known = unknown_name(kind, spec, table).removesuffix(_OR_AN_OBJECT)
    raise ArgumentError(known, PythonOnly(_OR_AN_OBJECT))


def unknown_name(kind: str, name: str, table: Mapping[str, Any]) -> str:
    """Returns the one-line message for a `name` that is not in `table`.

    Example:
        >>> unknown_name("part", "blt", {"bolt": 0})
        "unknown part 'blt' (did you mean 'bolt'?): expected one of 'bolt', 'module:attribute' or an object"
    """
    known = "".join(f"{entry!r}, " for entry in sorted(table))
    guess = did_you_mean(name, table)
    return f"unknown {kind} {name!r}{guess}: expected one of {known}'module:attribute'{_OR_AN_OBJECT}"


def import_attribute(kind: str, path: str) -> Any:
    """Returns the attribute that `"module:attribute"` names; dots go deeper on both sides.

    Raises:
        ValueError: If there is no such module, or no such attribute in it.
    """
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute or ":" in attribute:
        raise ValueError(f"{kind} must be written 'module:attribute', got {path!r}")
    part: Any = _import_module(kind, path, module_name)
    for name in attribute.split("."):
        if not hasattr(part, name):
            where = f", which is {part.__file__}" if getattr(part, "__file__", None) else ""
            raise ValueError(f"{kind} {path!r}: module {module_name!r} has no attribute {attribute!r}{where}")
        part = getattr(part, name)
    return part


def register(kind: str, name: str, part: Any, table: MutableMapping[str, Any]) -> None:
    """Adds `part` to `table` under `name`; nothing is ever replaced silently.

    Raises:
        ValueError: If the name is empty, holds a colon, or belongs to another part already.
    """
    if not name or ":" in name:
        raise ValueError(f"{kind} name must be a non-empty string without ':', got {name!r}")
    if name in table and table[name] is not part:
        raise ValueError(
            f"{kind} {name!r} is registered already: choose another name, or delete the old entry"
        )
    table[name] = part


def _import_module(kind: str, path: str, module_name: str) -> Any:
    """Returns the module; a module that is there and fails to import keeps its own error."""
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as missing:
        parents = {module_name} | {
            module_name[:end] for end, letter in enumerate(module_name) if letter == "."
        }
        if missing.name not in parents:
            raise
        raise ValueError(f"{kind} {path!r}: there is no module {module_name!r} to import") from missing
    except (TypeError, ValueError) as malformed:  # a relative or an empty name
        raise ValueError(f"{kind} {path!r}: {module_name!r} is not a module name") from malformed

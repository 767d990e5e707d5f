"""The ids of the environments, and the table by which parts are found under their names."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import FunctionType
from typing import Any, Final, cast

from rlsf_gym.arguments import Argument, ArgumentError, PythonOnly, describe_mismatch, did_you_mean

__all__ = ["IDS", "Table", "import_attribute"]


def _name_forms(name: str, domain: str, **text_kwargs: Any) -> dict[str, dict[str, Any]]:
    """Returns the rows of a domain: a step is one response of token ids, one string, or one token.

    Args:
        name: Beginning of the ids.
        domain: Name of the domain.
        **text_kwargs: Further arguments where a step is a string.
    """
    kwargs = {"domain": domain}
    return {
        f"rlsf_gym/{name}-v0": {
            "entry_point": "rlsf_gym.envs.response:ResponseEnv",
            "vector_entry_point": "rlsf_gym.envs.vector:ResponseVectorEnv",
            "kwargs": kwargs,
        },
        f"rlsf_gym/{name}Text-v0": {
            "entry_point": "rlsf_gym.envs.text:TextEnv",
            "vector_entry_point": "rlsf_gym.envs.vector:TextVectorEnv",
            "kwargs": {**kwargs, **text_kwargs},
        },
        f"rlsf_gym/{name}Token-v0": {"entry_point": "rlsf_gym.envs.token:TokenEnv", "kwargs": kwargs},
    }


_BYTES: Final = {"tokenizer": "bytes", "max_new_tokens": 128}

IDS: Final[dict[str, dict[str, Any]]] = {
    **_name_forms("Sentiment", "sentiment"),
    "rlsf_gym/SentimentTokenToy-v0": {
        "entry_point": "rlsf_gym.envs.token:TokenEnv",
        "kwargs": {
            "domain": "sentiment",
            "tokenizer": "toy",
            "prompts": "toy",
            "boundary": "open",
            "max_prompt_tokens": 3,
            "max_new_tokens": 8,
        },
    },
    **_name_forms("Countdown", "countdown", **_BYTES, max_prompt_tokens=64),
    **_name_forms("Sudoku", "sudoku", tokenizer="bytes"),
    **_name_forms("KnightsAndKnaves", "knights", **_BYTES, max_prompt_tokens=768),
    **_name_forms("Constraints", "constraints", tokenizer="bytes"),
}
"""The registered environments, with the arguments of `gymnasium.register`."""

_OR_AN_OBJECT = " or an object"


class Table(dict[str, Any]):
    """Parts of one kind by name.

    A value is a part, or its `"module:attribute"`, imported when it is asked for.

    Args:
        kind: What the parts are, for messages: "scorer", "reward design", ...
        rows: Name to part.

    Example:
        >>> table = Table("number", {"one": 1, "pi": "math:pi"})
        >>> table.load("one"), table.load("pi"), table.load("math:e"), table.load(5)
        (1, 3.141592653589793, 2.718281828459045, 5)
    """

    def __init__(self, kind: str, rows: Mapping[str, Any]) -> None:
        super().__init__(rows)
        self.kind = kind

    def copy(self) -> Table:
        """Returns a table of the same rows."""
        return Table(self.kind, self)

    def load(self, spec: Any) -> Any:
        """Returns the part that a name, a place or an object stands for.

        Args:
            spec: An object (returned as it is), a name in this table, or `"module:attribute"`.

        Raises:
            ValueError: If the name, the module or the attribute is unknown.
        """
        if not isinstance(spec, str):
            return spec
        if spec in self:
            part = self[spec]
            return import_attribute(self.kind, part) if isinstance(part, str) else part
        if ":" in spec:
            return import_attribute(self.kind, spec)
        known = "".join(f"{entry!r}, " for entry in sorted(self))
        told = f"unknown {self.kind} {spec!r}{did_you_mean(spec, self)}: expected one of {known}"
        raise ArgumentError(f"{told}'module:attribute'", PythonOnly(_OR_AN_OBJECT))

    def register(self, name: str, part: Any) -> None:
        """Adds a part under a name; nothing is ever replaced silently.

        The copy of a function that pickling made counts as the function, where it closes over nothing.

        Raises:
            ValueError: If the name is empty, holds a colon, or belongs to another part already.
        """
        if not isinstance(cast(object, name), str) or not name or ":" in name:
            raise ValueError(f"{self.kind} name must be a non-empty string without ':', got {name!r}")
        if name in self and not _is_same(self[name], part):
            raise ValueError(
                f"{self.kind} {name!r} is registered already: choose another name, or delete the old entry"
            )
        self[name] = part

    def bind(self, spec: Any, factory: Any, kwargs: Mapping[str, Any]) -> Any:
        """Returns what a class or function makes of keyword arguments; its own exceptions stay as they are.

        Args:
            spec: What the user wrote, for the message.
            factory: A class or function; anything else takes no arguments, and is returned.
            kwargs: The arguments, `<kind>_kwargs` in messages.

        Raises:
            ValueError: If it does not take these arguments.
        """
        argument = Argument(f"{self.kind.replace(' ', '_')}_kwargs")
        shown = getattr(spec, "__name__", None) or getattr(spec, "name", None) or spec
        if not callable(factory):
            if kwargs:
                names = ", ".join(sorted(kwargs))
                raise ArgumentError(
                    argument, f" must be left out: {self.kind} {shown!r} takes none, got {names}"
                )
            return factory
        mismatch = describe_mismatch(factory, kwargs)
        if mismatch is not None:
            raise ArgumentError(argument, f" must fit {self.kind} {shown!r}: {mismatch}")
        return factory(**kwargs)


def _is_same(old: Any, new: Any) -> bool:
    """Whether two parts are one, or equal places, or functions of the same code that hold no values."""
    if old is new or (isinstance(old, str) and old == new):
        return True
    both: list[Any] = [one for one in (old, new) if isinstance(one, FunctionType)]
    holds = any(one.__closure__ or one.__defaults__ or one.__kwdefaults__ for one in both)
    codes = {(one.__module__, one.__code__) for one in both}
    return len(both) == 2 and len(codes) == 1 and not holds


def import_attribute(kind: str, path: str) -> Any:
    """Returns the attribute that `"module:attribute"` names; dots go deeper on both sides.

    Args:
        kind: What is looked for, for messages.
        path: The place of the part.

    Raises:
        ValueError: If there is no such module, or no such attribute in it.
    """
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute or ":" in attribute:
        raise ValueError(f"{kind} must be written 'module:attribute', got {path!r}")
    part: Any = _import_module(kind, path, module_name)
    for name in attribute.split("."):
        if not hasattr(part, name):
            where = f" in {part.__file__}" if getattr(part, "__file__", None) else ""
            told = f"has no attribute {attribute!r}{did_you_mean(name, dir(part))}{where}"
            raise ValueError(f"{kind} {path!r}: module {module_name!r} {told}")
        part = getattr(part, name)
    return part


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
        guess = f" (did you mean {path.replace('.py:', ':')!r}?)" if module_name.endswith(".py") else ""
        raise ValueError(f"{kind} {path!r}: there is no module {module_name!r} to import{guess}") from missing
    except (TypeError, ValueError) as malformed:  # a relative or an empty name
        raise ValueError(f"{kind} {path!r}: {module_name!r} is not a module name") from malformed

"""Words for messages: which argument is wrong, what was meant by an unknown name, a reason in one line."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Argument",
    "ArgumentError",
    "PythonOnly",
    "describe_mismatch",
    "did_you_mean",
    "first_line",
    "one_line",
    "signature_of",
]

_LONGEST = 500
"""Characters of what another library says; it may repeat a file."""
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True)
class Argument:
    """An argument of an environment, in a message.

    Example:
        >>> f"{Argument('scorer_kwargs.label_values')} must be a dict"
        'label_values must be a dict'
    """

    path: str
    """Its name, behind that of the argument which holds it and a dot where there is one."""

    def __str__(self) -> str:
        """Returns the name as Python code has it."""
        return self.path.rpartition(".")[2]


class PythonOnly(str):
    """A part of a message that is of use in Python alone, such as that an object would do."""

    __slots__ = ()


class ArgumentError(ValueError):
    """An argument is wrong; where it goes by another name, such as that of a flag, `told` says so.

    Args:
        *parts: Texts and arguments that make up the message.

    Example:
        >>> error = ArgumentError(Argument("max_new_tokens"), " must be at least 1, got 0")
        >>> str(error)
        'max_new_tokens must be at least 1, got 0'
        >>> error.told({"max_new_tokens": "--response-length"}.__getitem__)
        '--response-length must be at least 1, got 0'
    """

    def __init__(self, *parts: str | Argument) -> None:
        super().__init__("".join(map(str, parts)))
        self.parts = parts

    def told(self, call: Callable[[str], str]) -> str:
        """Returns the message with each argument as `call` names it, given its path."""
        kept = (part for part in self.parts if not isinstance(part, PythonOnly))
        return "".join(call(part.path) if isinstance(part, Argument) else part for part in kept)


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Returns " (did you mean 'x'?)" for the known name that is closest, "" if none is close.

    Args:
        name: What was given.
        known: What could have been meant.
        cutoff: How alike two names must be, in [0, 1], as `difflib` measures it.

    Example:
        >>> did_you_mean("blt", ["bolt", "nut"])
        " (did you mean 'bolt'?)"
    """
    closest = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f" (did you mean {closest[0]!r}?)" if closest else ""


def one_line(error: BaseException, most: int | None = None) -> str:
    r"""Returns the message of an error in one line, of at most so many characters; without one, its type.

    Example:
        >>> one_line(ValueError("no such\n  file")), one_line(MemoryError())
        ('no such file', 'MemoryError')
        >>> print(one_line(ValueError("no \x1b[31mfile")))
        no \x1b[31mfile
    """
    return _escape(" ".join(str(error).split()) or type(error).__name__)[:most]


def first_line(error: BaseException) -> str:
    r"""Returns the first line of the message of an error of another library, which may go on for a page.

    Example:
        >>> first_line(ValueError("no such file\nTraceback ..."))
        'no such file'
    """
    return _escape((str(error).strip().splitlines() or [""])[0][:_LONGEST])


def _escape(text: str) -> str:
    """Returns the text with each character that acts on a terminal written as Python writes it."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Returns the signature of a callable, none of whose annotations has to have a value.

    Python 3.14 evaluates annotations when they are asked for, where those that name what is imported for type
    checkers alone raise NameError: there they are read as text.

    Raises:
        TypeError: If it can't be called.
        ValueError: If it tells none, as some functions written in C.
    """
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.STRING)
    return inspect.signature(function)


def describe_mismatch(
    function: Callable[..., Any], kwargs: Mapping[str, Any], *, hidden: Iterable[str] = ()
) -> str | None:
    """Returns why a function can't be called with these keywords, None where it can.

    Args:
        function: What would be called; it is not.
        kwargs: The keywords.
        hidden: Parameters that whoever calls fills in.

    Example:
        >>> describe_mismatch(lambda scale, shift=0: None, {"scael": 2})
        "it takes (scale, shift): got an unexpected keyword argument 'scael' (did you mean 'scale'?)"
        >>> describe_mismatch(lambda scale: None, {"scale": 2}) is None
        True
    """
    try:
        signature = signature_of(function)
    except ValueError:  # some functions written in C tell none: calling it will say
        return None
    shown = {name: one for name, one in signature.parameters.items() if name not in hidden}
    known = [name for name, one in shown.items() if one.kind in _NAMED]
    unknown = [name for name in kwargs if name not in known]
    if unknown and not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in shown.values()):
        reason = f"got an unexpected keyword argument {unknown[0]!r}{did_you_mean(unknown[0], known)}"
        return f"it takes ({', '.join(shown)}): {reason}"
    try:
        signature.bind(**{**kwargs, **dict.fromkeys(hidden)})
    except TypeError as mismatch:
        return f"it takes ({', '.join(shown)}): {mismatch}"
    return None

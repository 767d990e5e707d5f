"""Watches a call from inside its process: exceptions that are caught, text that is executed."""

from __future__ import annotations

import ast
import importlib
import os
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, Final

import gymnasium

import rlsf_gym
from rlsf_gym.arguments import one_line

__all__ = ["CANARIES", "Executions", "place_of", "watch_exceptions"]

CANARIES: Final = ("271828", "rlsf_audit_canary")
"""Marks of the texts that show whether a reward executes what the model wrote."""
_MOST: Final = 20
"""Exceptions that are kept of one call."""
_NOT_ITS_OWN: Final = (
    "<frozen",
    *(f"{Path(file).parent}{os.sep}" for file in (rlsf_gym.__file__, gymnasium.__file__, importlib.__file__)),
)
"""Beginnings of the files of what calls and imports a reward."""


class Executions:
    """Sees source with a canary being compiled and then executed, by audit events of the interpreter.

    `ast.parse` and `ast.literal_eval` compile without executing, and are not taken for it. Source that is
    executed in another process is not seen.
    """

    def __init__(self) -> None:
        self._suspects: set[str] = set()
        self.seen = False
        """Whether such source was executed."""
        sys.addaudithook(self._hear)  # can't be taken away again: one for each process

    def clear(self) -> None:
        """Forgets what was seen."""
        self._suspects.clear()
        self.seen = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "compile":
            source, name = arguments[0], arguments[1]
            text = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
            if isinstance(text, str) and any(mark in text for mark in CANARIES):
                self._suspects.add(str(name))
        elif event == "exec" and self._suspects:
            code = arguments[0]
            self.seen |= isinstance(code, CodeType) and code.co_filename in self._suspects and _is_ours(code)


def _is_ours(code: CodeType) -> bool:
    """Returns whether a constant of the code, at any depth, is part of a canary."""
    values = [*code.co_consts, *code.co_names]
    return any(mark in str(value) for value in values for mark in (*CANARIES, str(271828 + 314159)))


@contextmanager
def watch_exceptions(file: str | None) -> Generator[list[str]]:
    """Collects exceptions at lines of a file that stand under a broad `except`: bare, or of Exception.

    Args:
        file: The file of the reward; None collects nothing.
    """
    caught: list[str] = []
    broad = _broad_lines(file) if file is not None else frozenset[int]()
    if file is None or not broad:
        yield caught
        return

    def local(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "exception" and len(caught) < _MOST:
            kind, value = argument[0], argument[1]
            is_end = issubclass(kind, StopIteration | GeneratorExit)
            if frame.f_lineno in broad and not is_end and not _is_of_response(value, argument[2]):
                caught.append(f"{kind.__name__}: {value!s:.80} ({Path(file).name}:{frame.f_lineno})")
        return local

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        return local if frame.f_code.co_filename == file else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        yield caught
    finally:
        sys.settrace(before)


def _is_of_response(error: BaseException, trace: TracebackType | None) -> bool:
    """Returns whether an exception comes from text that is executed, which a reward is right to catch."""
    if isinstance(error, SyntaxError) and str(error.filename).startswith("<"):
        return True
    frames = traceback.walk_tb(trace)
    return any(frame.f_code.co_filename.startswith("<string") for frame, _ in frames)


@cache
def _broad_lines(file: str) -> frozenset[int]:
    """Returns the lines of a file in the body of a `try` with a broad handler that raises nothing."""
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):  # no source to look at
        return frozenset()
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(map(_is_broad, node.handlers)):
            for part in node.body:
                lines |= set(range(part.lineno, (part.end_lineno or part.lineno) + 1))
    return frozenset(lines)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {one.id for one in kinds if isinstance(one, ast.Name)}
    is_broad = handler.type is None or bool(names & {"Exception", "BaseException"})
    return is_broad and not any(
        isinstance(node, ast.Raise) for part in handler.body for node in ast.walk(part)
    )


def place_of(error: BaseException, file: str | None, most: int = 160) -> str:
    """Returns the kind and words of an exception, with the last line of the reward's code that it passed.

    Args:
        error: The exception.
        file: The reward's file; the last line in it is told. Without one, or where it was not passed, it is
            the last one that is neither this library's nor of what imports a reward.
        most: Characters of the words.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == file]
    others = [frame for frame in frames if not frame.filename.startswith(_NOT_ITS_OWN)]
    frame = (own or others or [None])[-1]
    words = one_line(error, most) if str(error).strip() else ""
    where = f" ({Path(frame.filename).name}:{frame.lineno})" if frame is not None else ""
    return f"{type(error).__name__}{': ' if words else ''}{words}{where}"

"""Cases of an audit: a prompt with answers that are known to be right and wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from rlsf_gym.arguments import one_line

__all__ = ["Case", "read_cases"]

_OWN = ("prompt", "good", "bad", "ground_truth")
"""Keys of a line that are fields of a case; all others are columns."""


@dataclass(frozen=True)
class Case:
    """Prompt with what is known of its answers."""

    prompt: str
    """What the response answers or continues."""
    good: tuple[str, ...] = ()
    """Whole responses that are right."""
    bad: tuple[str, ...] = ()
    """Whole responses that are wrong."""
    truth: str | None = None
    """Right answer as text; None where there is none, as in judging style."""
    wrong: tuple[str, ...] = ()
    """Wrong answers of the same kind as `truth`."""
    columns: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Further columns of the data set, by name, as the reward is given them."""
    messages: tuple[Mapping[str, Any], ...] = ()
    """The prompt as chat messages, where the user gave it so."""


def read_cases(path: Path) -> list[Case]:
    """Returns the cases of a JSONL file, one object a line.

    Keys: `prompt` (a text, or chat messages), `good` and `bad` (a response or a list of them),
    `ground_truth`; all other keys are columns. Only `prompt` is required.

    Raises:
        ValueError: If a line is not such an object, or there is none.
        OSError: If the file can't be read.
    """
    if not path.is_file():
        raise ValueError(f"{path}: expected a file with a JSON object in each line, found none")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected text in UTF-8, got {one_line(error)}") from error
    lines = text.split("\n")  # JSON may hold what else splits lines
    rows = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        raise ValueError(f"cases must hold at least one line, got none in {path}")
    return [_read_line(line, f"{path}:{number}") for number, line in rows]


def _read_line(line: str, place: str) -> Case:
    try:
        given: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place}: expected a JSON object, got {line!r:.60}") from error
    if not isinstance(given, dict):
        raise ValueError(f"{place}: expected a JSON object, got {line!r:.60}")
    row = cast("dict[str, Any]", given)
    if "prompt" not in row:
        raise ValueError(f"{place}: expected the key 'prompt', got {', '.join(row) or 'none'}")
    truth = row.get("ground_truth")
    if truth == "":
        raise ValueError(
            f"{place}: ground_truth must be the right answer, got '': leave it out where there is none"
        )
    columns = {key: value for key, value in row.items() if key not in _OWN}
    if truth is not None:
        columns["ground_truth"] = truth
    prompt, messages = _read_prompt(row["prompt"], place)
    return Case(
        prompt=prompt,
        messages=messages,
        good=_read_texts(row.get("good"), "good", place),
        bad=_read_texts(row.get("bad"), "bad", place),
        truth=truth if isinstance(truth, str) or truth is None else _plain_number(truth),
        columns=columns,
    )


def _plain_number(truth: Any) -> str | None:
    """Returns a number as it is written; None for a truth that is no text, such as a list of tests."""
    return str(truth) if isinstance(truth, int | float) and not isinstance(truth, bool) else None


def _read_prompt(prompt: Any, place: str) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """Returns the text of a prompt, the last message's of a chat, and the messages."""
    if isinstance(prompt, str):
        return prompt, ()
    if isinstance(prompt, list):
        messages = cast("list[Any]", prompt)
        if messages and all(map(_is_message, messages)):
            return messages[-1]["content"], tuple(messages)
    raise ValueError(f"{place}: prompt must be a text or a list of messages, got {prompt!r:.60}")


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(cast("dict[str, Any]", value).get("content"), str)


def _read_texts(value: Any, key: str, place: str) -> tuple[str, ...]:
    texts: Sequence[Any] = () if value is None else (value,) if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{place}: {key} must be a text or a list of texts, got {value!r:.60}")
    return tuple(cast("Sequence[str]", texts))

"""Selects sample responses of evaluations, equal prompts before and after, and writes `samples.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from agents.rollouts.evaluation import first_responses
from agents.runs.plain_files import write_whole
from agents.runs.strict_json import is_number, show

COUNT = 24
"""Number of prompts whose responses are kept as samples."""

TokenTexts = Callable[[Sequence[int]], list[Any]]
"""Function from token ids to each token's text, its bytes, or its id."""


def pick(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns the first response to each of the first prompts, as plain records.

    Args:
        rows: Rows from `agents.evaluate`; equal seeds give equal prompts in equal order.
    """
    return [_record(row) for row in first_responses(rows, COUNT)]


def count_prompts(rows: Iterable[Mapping[str, Any]]) -> int:
    """Returns the number of different prompts of rows from `agents.evaluate`."""
    return len({row["info"].get("prompt", number) for number, row in enumerate(rows)})


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    info, length = row["info"], row["length"]
    found = {
        "prompt": info.get("prompt"),
        "instance": info.get("instance"),
        "response": info.get("response_text"),
        "tokens": row["tokens"],
        "token_rewards": [float(reward) for reward in info["token_rewards"][:length]],
        "score": row.get("score"),
        "utility": row.get("utility"),
        "reward_design": info.get("reward_design"),
        "solved": info.get("solved"),
        "certificate": info.get("certificate"),
        "certificate_payload": info.get("certificate_payload"),
        "candidates": row.get("candidates"),
        "prefix_values": _numbers(info.get("prefix_values"), length),
        "rules": {key: float(info[key]) for key in sorted(info) if _is_rule(key, info[key])} or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _is_rule(key: str, value: Any) -> bool:
    """Returns whether a key of info holds what a rule has of the reward."""
    return key.startswith("reward_") and isinstance(value, float | np.floating)


def _numbers(array: Any, length: int) -> list[float] | None:
    return None if array is None else [float(one) for one in array[:length]]


def write_samples(
    path: Path,
    evaluations: Mapping[str, Sequence[Any]],
    token_texts: TokenTexts,
    *,
    environment: str | None = None,
) -> None:
    """Writes `samples.jsonl`: a line for each response, as docs/samples.md describes it.

    Args:
        path: The file; a link in its place is replaced, not followed.
        evaluations: Heading, such as "before", to records of `pick`.
        token_texts: Function from token ids to their texts, bytes or ids.
        environment: Id of the environment, which each line tells; None: none does.

    Raises:
        ValueError: If a record does not have the form that `pick` returns.
    """
    lines: list[str] = []
    place = {} if environment is None else {"environment": environment}
    for group, records in evaluations.items():
        for number, record in enumerate(records, start=1):
            where = f"sample {number} of {group!r}"
            lines.append(json.dumps(place | _line(where, group, record, token_texts)) + "\n")
    write_whole(path, "".join(lines).encode("ascii"), alone=True)


def _line(where: str, group: str, record: Any, token_texts: TokenTexts) -> dict[str, Any]:
    check_record(where, record)
    try:
        tokens = token_texts(record["tokens"])
        others = {key: _with_texts(record[key], token_texts) for key in ("candidates",) if key in record}
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    kept = {NAMES.get(key, key): record[key] for key in KEPT if key in record}
    told = {"response_ids": record["tokens"], **record.get("rules", {})}
    return {"group": group, **kept, "tokens": tokens, "rewards": record["token_rewards"], **told, **others}


def _with_texts(standings: Any, token_texts: TokenTexts) -> list[dict[str, Any]]:
    """Returns standings of tokens with texts in the places of ids."""
    ids = sorted({token for one in standings for end in ENDS for token, _ in one[end]})
    texts = dict(zip(ids, token_texts(ids), strict=True))
    return [
        {end: [[texts[token], reward] for token, reward in one[end]] for end in ENDS}
        | {count: one[count] for count in COUNTS}
        for one in standings
    ]


KEPT: tuple[str, ...] = (
    *("prompt", "instance", "prefix_values"),
    *("score", "utility", "solved", "reward_design", "certificate", "certificate_payload"),
)
"""Keys of a record that a line copies unchanged."""
NAMES = {"reward_design": "design"}
"""Keys of a record that a line renames, to the new name."""
ENDS = ("best", "worst")
"""Keys of a token's standing that hold pairs of a token and its reward."""
COUNTS = ("rank", "shared", "of")
"""Keys of a token's standing that hold numbers of tokens."""


def check_record(where: str, record: Any) -> None:
    """Checks that a record, from an untrusted file, has the form that `pick` returns.

    Raises:
        ValueError: If a part of it is missing or of another type.
    """
    if not isinstance(record, dict):
        raise ValueError(f"{where}: expected a record, got {show(record)}")
    found = cast("dict[str, Any]", record)
    for key, holds, expected in PARTS:
        if (key in found or key in NEEDED) and not holds(found.get(key)):
            raise ValueError(f"{where}: {key}: expected {expected}, got {show(found.get(key))}")
    named = {"token_rewards": "a reward", "candidates": "candidates", "prefix_values": "a value"}
    for key, name in named.items():
        if len(found.get(key, found["tokens"])) != len(found["tokens"]):
            raise ValueError(
                f"{where}: expected {name} for each token, got {len(found[key])} for {len(found['tokens'])}"
            )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(holds, cast("list[Any]", value)))


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_rules(value: Any) -> bool:
    return _is_table(value) and all(
        key.startswith("reward_") and is_number(one) for key, one in cast("dict[str, Any]", value).items()
    )


def _is_choice(value: Any) -> bool:
    pair = cast("list[Any]", value) if isinstance(value, list) else []
    return len(pair) == 2 and _is_id(pair[0]) and is_number(pair[1])


def _is_standing(value: Any) -> bool:
    found = cast("dict[str, Any]", value) if _is_table(value) else {}
    choices = all(_is_list(_is_choice)(found.get(end)) for end in ENDS)
    return choices and all(_is_id(found.get(count)) for count in COUNTS)


NEEDED = ("tokens", "token_rewards")
PARTS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    *((key, _is_text, "a text") for key in ("prompt", "response", "reward_design")),
    *((key, is_number, "a number") for key in ("score", "utility", "solved")),
    ("tokens", _is_list(_is_id), "token ids"),
    ("token_rewards", _is_list(is_number), "numbers"),
    ("certificate", _is_list(_is_table), "a list of records"),
    *((key, _is_table, "an object") for key in ("certificate_payload", "instance")),
    ("prefix_values", _is_list(is_number), "numbers"),
    ("rules", _is_rules, "numbers by the names of rules"),
    ("candidates", _is_list(_is_standing), "a list of best, worst, rank, shared and of"),
)
"""Key, test and name in words of each part of a record."""

"""Keeps a few evaluated responses and shows them on a page: the same prompts before and after."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.runs.plain_files import write_whole
from agents.runs.strict_json import is_number, show
from rlsf_gym.render import Sample, html_page, make_sample
from rlsf_gym.tokenizer import Tokenizer

COUNT = 24
"""Prompts on the page."""


def pick(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns the first response to each of the first prompts, as plain records.

    Args:
        rows: From `agents.evaluate`; equal seeds give equal prompts in equal order.
    """
    first: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        first.setdefault(row["info"]["prompt"], row)
    return [_record(row) for row in list(first.values())[:COUNT]]


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    info = row["info"]
    return {
        "prompt": info["prompt"],
        "response": info["response_text"],
        "tokens": row["tokens"],
        "token_rewards": [float(reward) for reward in info["token_rewards"][: row["length"]]],
        "score": row["score"],
        "utility": row["utility"],
        "reward_design": info["reward_design"],
        "certificate": info["certificate"],
    }


def write_page(
    path: str | os.PathLike[str],
    evaluations: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    tokenizer: Tokenizer,
    title: str,
) -> None:
    """Writes samples.html.

    Args:
        path: The page; a link in its place is replaced, not followed.
        evaluations: Heading, such as "before", to records of `pick`.
        tokenizer: That of the environment.
        title: The page's title.

    Raises:
        ValueError: A record is not one of `pick`.
    """
    for group, records in evaluations.items():
        for number, record in enumerate(records, start=1):
            check_record(f"sample {number} of {group!r}", record, tokenizer.vocab_size)
    samples = [
        _sample(record, group, tokenizer) for group, records in evaluations.items() for record in records
    ]
    page = html_page(samples, title=title)
    write_whole(Path(path), page.encode("utf-8", "backslashreplace"), alone=True)


def check_record(where: str, record: Any, vocab_size: int) -> None:
    """Checks that a record, out of a file that anybody may have written, is one of `pick`.

    Raises:
        ValueError: A part of it is missing or of another type.
    """
    if not isinstance(record, dict):
        raise ValueError(f"{where}: expected a record, got {show(record)}")
    for key, holds, expected in PARTS:
        if not holds(record.get(key)):
            raise ValueError(f"{where}: {key}: expected {expected}, got {show(record.get(key))}")
    if len(record["tokens"]) != len(record["token_rewards"]):
        raise ValueError(
            f"{where}: expected a reward for each token, got {len(record['token_rewards'])} for "
            f"{len(record['tokens'])}"
        )
    if max(record["tokens"], default=0) >= vocab_size:
        raise ValueError(f"{where}: expected tokens below {vocab_size}, got {max(record['tokens'])}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(holds, value))


def _is_id(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_evidence(value: Any) -> bool:
    """Returns whether a value is a record of a certificate, as far as a page shows one."""
    if not isinstance(value, dict):
        return False
    spans = [value.get(key) for key in ("word", "trigger")]
    return (
        all(_is_list(_is_id)(span) and len(span) == 2 for span in spans)
        and all(_is_text(value.get(key)) for key in ("rule", "status"))
        and is_number(value.get("amount"))
    )


PARTS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    *((key, _is_text, "a text") for key in ("prompt", "response", "reward_design")),
    *((key, is_number, "a number") for key in ("score", "utility")),
    ("tokens", _is_list(_is_id), "token ids"),
    ("token_rewards", _is_list(is_number), "numbers"),
    ("certificate", _is_list(_is_evidence), "records of a certificate"),
)
"""Key, what is accepted and how it is called, of each part of a record."""


def _sample(record: Mapping[str, Any], group: str, tokenizer: Tokenizer) -> Sample:
    return make_sample(
        record["prompt"],
        [tokenizer.token_bytes(token) for token in record["tokens"]],
        record["token_rewards"],
        score=record["score"],
        utility=record["utility"],
        design=record["reward_design"],
        certificate=record["certificate"],
        group=group,
    )

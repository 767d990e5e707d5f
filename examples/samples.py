"""Keeps a few evaluated responses and shows them on a page: the same prompts before and after."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

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
        path: The page.
        evaluations: Heading, such as "before", to records of `pick`.
        tokenizer: That of the environment.
        title: The page's title.
    """
    samples = [
        _sample(record, group, tokenizer) for group, records in evaluations.items() for record in records
    ]
    Path(path).write_text(html_page(samples, title=title), encoding="utf-8")


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

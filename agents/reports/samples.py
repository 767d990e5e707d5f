"""Responses of a study's arms, their tokens coloured by what each was paid.

Nothing here reads text: whoever makes a report hands in a function that turns ids into texts, with the
tokenizer that the cells' settings name, or says that it may not. Without one, and where it does not, a
response is shown as the text that the environment told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.reports.arms import Arm
from agents.reports.escapes import shown
from agents.reports.page import render
from agents.reports.tables import number
from agents.studies.settings import look_up

TokenTexts = Callable[[Any, Sequence[int]], "Sequence[str] | None"]
"""From a tokenizer as the settings of a cell name it (None: not at all) and ids to the text of each token.

None where that tokenizer may not be loaded: what a file names is not imported, opened or fetched because of
that. ValueError, in one line, where it does not know an id.
"""
PROMPTS = 3
LEVELS = 10
TOKENIZER = "env_kwargs.tokenizer"
VISIBLE = 5e-3
"""A smaller reward has no colour."""
HIDDEN = "; its tokenizer is not one of this package, so its tokens are not shown (--tokenizer)"

Facts = dict[str, Any]


def samples_html(arms: Sequence[Arm], token_texts: TokenTexts | None = None) -> str:
    """Returns the same prompts under each arm, the arms of the first panel open; empty without samples.

    Args:
        arms: In the order of the report.
        token_texts: From a tokenizer's name and ids to texts; None: tokens are not shown.

    Raises:
        ValueError: If a tokenizer does not know a token of a response.
    """
    panels: dict[str, list[Arm]] = {}
    for arm in arms:
        if any(result.samples for result in arm.results):
            panels.setdefault(arm.panel, []).append(arm)
    told = [
        {"title": title or "all arms", "prompts": _prompts(members, token_texts)}
        for title, members in panels.items()
    ]
    return render("samples.html", panels=told) if told else ""


def _prompts(arms: Sequence[Arm], token_texts: TokenTexts | None) -> list[Facts]:
    """Returns the first prompts, each with a response per arm, all on one scale."""
    found = [(arm.label, *_samples_of(arm)) for arm in arms]
    samples = [one for _, _, records in found for one in records.values()]
    scale = max((abs(reward) for one in samples for reward in one["token_rewards"]), default=0.0) or 1.0
    prompts = list(dict.fromkeys(prompt for _, _, records in found for prompt in records))
    return [
        {
            "text": prompt,
            "responses": [
                _response(
                    label, records[prompt], _texts(label, tokenizer, records[prompt], token_texts), scale
                )
                for label, tokenizer, records in found
                if prompt in records
            ],
        }
        for prompt in prompts[:PROMPTS]
    ]


def _samples_of(arm: Arm) -> tuple[Any, dict[str, Mapping[str, Any]]]:
    """Returns the name of the tokenizer, and the first seed's sample of each prompt."""
    result = next(result for result in arm.results if result.samples)
    first: dict[str, Mapping[str, Any]] = {}
    for one in result.samples:
        first.setdefault(str(one["prompt"] or ""), one)
    return look_up(result.settings, TOKENIZER), first


def _texts(
    label: str, tokenizer: Any, record: Mapping[str, Any], token_texts: TokenTexts | None
) -> Sequence[str] | None:
    if token_texts is None:
        return None
    try:
        return token_texts(tokenizer, record["tokens"])
    except ValueError as error:
        raise ValueError(f"samples of {shown(label)}: {error}") from error


def _response(label: str, record: Mapping[str, Any], texts: Sequence[str] | None, scale: float) -> Facts:
    facts = f"score {number(record.get('score'), 2)}"
    if record.get("judge") is not None:
        facts += f", judge {number(record['judge'], 2)}"
    tokens = [
        {"text": text, "kind": _kind(reward, scale), "reward": number(reward)}
        for text, reward in zip(texts or (), record["token_rewards"], strict=texts is not None)
    ]
    return {
        "label": label,
        "facts": facts + ("" if texts is not None else HIDDEN),
        "text": record["response"],
        "tokens": None if texts is None else tokens,
    }


def _kind(reward: float, scale: float) -> str:
    """Returns the classes of a token: its sign, and one of `LEVELS` depths; empty for a small reward."""
    level = round(LEVELS * min(1.0, abs(reward) / scale)) if abs(reward) >= VISIBLE else 0
    return f"{'plus' if reward > 0 else 'minus'} s{max(1, level)}" if level else ""

"""Responses of a study's arms, their tokens coloured by what each was paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from agents.study_settings import look_up
from reporting.arms import Arm
from reporting.tables import number
from rlsf_gym.render import make_sample
from rlsf_gym.render.sample import Sample, TokenView
from rlsf_gym.tokenizer import load_tokenizer

PROMPTS = 3
LEVELS = 10
TOKENIZER = "env_kwargs.tokenizer"
VISIBLE = 5e-3
"""A smaller reward has no colour."""


def samples_html(arms: Sequence[Arm]) -> str:
    """Returns the same prompts under each arm, the arms of the first panel open; empty without samples.

    Args:
        arms: In the order of the report.
    """
    panels: dict[str, list[Arm]] = {}
    for arm in arms:
        if any(result.samples for result in arm.results):
            panels.setdefault(arm.panel, []).append(arm)
    parts: list[str] = []
    for title, members in panels.items():
        opened = "" if parts else " open"
        heading = f"<summary>{escape(title)}</summary>" if title else "<summary>all arms</summary>"
        parts.append(f'<details class="samples"{opened}>{heading}{_panel_html(members)}</details>')
    return "".join(parts)


def _panel_html(arms: Sequence[Arm]) -> str:
    """Returns a block per prompt, in it a response per arm, all on one scale."""
    shown = {arm.name: (arm.label, *_samples_of(arm)) for arm in arms}
    samples = [one for _, _, records in shown.values() for one in records.values()]
    scale = max((abs(reward) for one in samples for reward in one["token_rewards"]), default=0.0) or 1.0
    prompts = list(dict.fromkeys(prompt for _, _, records in shown.values() for prompt in records))
    blocks: list[str] = []
    for prompt in prompts[:PROMPTS]:
        rows = [
            _response_html(label, records[prompt], tokenizer, scale)
            for label, tokenizer, records in shown.values()
            if prompt in records
        ]
        blocks.append(f'<div class="prompt"><h4>{escape(prompt)}</h4>{"".join(rows)}</div>')
    return "".join(blocks)


def _samples_of(arm: Arm) -> tuple[Any, dict[str, Mapping[str, Any]]]:
    """Returns the tokenizer, None where it is not to be had, and the first seed's sample of each prompt."""
    result = next(result for result in arm.results if result.samples)
    try:
        tokenizer = load_tokenizer(look_up(result.settings, TOKENIZER) or "bundled")
    except (ValueError, OSError, ImportError):
        tokenizer = None
    first: dict[str, Mapping[str, Any]] = {}
    for one in result.samples:
        first.setdefault(str(one["prompt"] or ""), one)
    return tokenizer, first


def _response_html(label: str, record: Mapping[str, Any], tokenizer: Any, scale: float) -> str:
    facts = f"score {number(record.get('score'), 2)}"
    if record.get("judge") is not None:
        facts += f", judge {number(record['judge'], 2)}"
    text = escape(str(record["response"]))
    if tokenizer is not None:
        text = _tokens_html(_decode(record, tokenizer).tokens, scale)
    else:
        facts += "; its tokenizer is not to be had here, so its tokens are not shown"
    who = f'<p class="who"><b>{escape(label)}</b> {facts}</p>'
    return f'<div class="response">{who}<p class="text">{text}</p></div>'


def _decode(record: Mapping[str, Any], tokenizer: Any) -> Sample:
    return make_sample(
        record["prompt"],
        [tokenizer.token_bytes(int(token)) for token in record["tokens"]],
        record["token_rewards"],
        score=0.0,  # neither is shown from here
        utility=0.0,
    )


def _tokens_html(tokens: Iterable[TokenView], scale: float) -> str:
    parts: list[str] = []
    for token in tokens:
        level = round(LEVELS * min(1.0, abs(token.reward) / scale)) if abs(token.reward) >= VISIBLE else 0
        kind = f' class="{"plus" if token.reward > 0 else "minus"} s{max(1, level)}"' if level else ""
        parts.append(f'<span{kind} title="{number(token.reward)}">{escape(token.text)}</span>')
    return "".join(parts)

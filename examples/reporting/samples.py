"""Responses of a study's arms, their tokens coloured by what each was paid.

Ids of tokens become text with the tokenizer that the cells' settings name. What a file names is not imported,
opened or fetched because of that: the tokenizers of `BUILT_IN` are taken, and others where whoever reads the
study has allowed them by name; without one the response is shown as the text that it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from agents.studies.settings import look_up
from reporting.arms import Arm
from reporting.escapes import LONGEST_TEXT, shown, to_html
from reporting.tables import number
from rlsf_gym.render import make_sample
from rlsf_gym.render.sample import Sample, TokenView
from rlsf_gym.tokenizer import load_tokenizer

PROMPTS = 3
LEVELS = 10
TOKENIZER = "env_kwargs.tokenizer"
BUILT_IN = ("bundled", "bytes", "toy")
"""Tokenizers that come with this package: no file or module of anybody else's makes them."""
VISIBLE = 5e-3
"""A smaller reward has no colour."""


def samples_html(arms: Sequence[Arm], tokenizers: Collection[str] = ()) -> str:
    """Returns the same prompts under each arm, the arms of the first panel open; empty without samples.

    Args:
        arms: In the order of the report.
        tokenizers: Those that may be loaded beside `BUILT_IN`, as the settings of cells name them.

    Raises:
        ValueError: A tokenizer that may be loaded does not know a token of a response.
    """
    panels: dict[str, list[Arm]] = {}
    for arm in arms:
        if any(result.samples for result in arm.results):
            panels.setdefault(arm.panel, []).append(arm)
    parts: list[str] = []
    for title, members in panels.items():
        opened = "" if parts else " open"
        heading = f"<summary>{to_html(title)}</summary>" if title else "<summary>all arms</summary>"
        parts.append(
            f'<details class="samples"{opened}>{heading}{_panel_html(members, tokenizers)}</details>'
        )
    return "".join(parts)


def _panel_html(arms: Sequence[Arm], tokenizers: Collection[str]) -> str:
    """Returns a block per prompt, in it a response per arm, all on one scale."""
    told = {arm.name: (arm.label, *_samples_of(arm, tokenizers)) for arm in arms}
    samples = [one for _, _, records in told.values() for one in records.values()]
    scale = max((abs(reward) for one in samples for reward in one["token_rewards"]), default=0.0) or 1.0
    prompts = list(dict.fromkeys(prompt for _, _, records in told.values() for prompt in records))
    blocks: list[str] = []
    for prompt in prompts[:PROMPTS]:
        rows = [
            _response_html(label, records[prompt], tokenizer, scale)
            for label, tokenizer, records in told.values()
            if prompt in records
        ]
        blocks.append(f'<div class="prompt"><h4>{to_html(prompt, LONGEST_TEXT)}</h4>{"".join(rows)}</div>')
    return "".join(blocks)


def _samples_of(arm: Arm, tokenizers: Collection[str]) -> tuple[Any, dict[str, Mapping[str, Any]]]:
    """Returns the tokenizer, None where it may not be loaded, and the first seed's sample of each prompt."""
    result = next(result for result in arm.results if result.samples)
    name = look_up(result.settings, TOKENIZER) or BUILT_IN[0]
    tokenizer = load_tokenizer(name) if name in BUILT_IN or name in tokenizers else None
    first: dict[str, Mapping[str, Any]] = {}
    for one in result.samples:
        first.setdefault(str(one["prompt"] or ""), one)
    return tokenizer, first


def _response_html(label: str, record: Mapping[str, Any], tokenizer: Any, scale: float) -> str:
    facts = f"score {number(record.get('score'), 2)}"
    if record.get("judge") is not None:
        facts += f", judge {number(record['judge'], 2)}"
    text = to_html(record["response"], LONGEST_TEXT)
    if tokenizer is not None:
        text = _tokens_html(_decode(record, tokenizer, label).tokens, scale)
    else:
        facts += "; its tokenizer is not one of this package, so its tokens are not shown (--tokenizer)"
    who = f'<p class="who"><b>{to_html(label)}</b> {facts}</p>'
    return f'<div class="response">{who}<p class="text">{text}</p></div>'


def _decode(record: Mapping[str, Any], tokenizer: Any, label: str) -> Sample:
    unknown = [token for token in record["tokens"] if not 0 <= token < tokenizer.vocab_size]
    if unknown:
        raise ValueError(
            f"samples of {shown(label)}: tokens: expected ids from 0 to {tokenizer.vocab_size - 1}, those of "
            f"the tokenizer that the settings name, got {unknown[0]}"
        )
    return make_sample(
        record["prompt"] or "",
        [tokenizer.token_bytes(token) for token in record["tokens"]],
        record["token_rewards"],
        score=0.0,  # neither is shown from here
        utility=0.0,
    )


def _tokens_html(tokens: Iterable[TokenView], scale: float) -> str:
    parts: list[str] = []
    for token in tokens:
        level = round(LEVELS * min(1.0, abs(token.reward) / scale)) if abs(token.reward) >= VISIBLE else 0
        kind = f' class="{"plus" if token.reward > 0 else "minus"} s{max(1, level)}"' if level else ""
        parts.append(f'<span{kind} title="{number(token.reward)}">{to_html(token.text)}</span>')
    return "".join(parts)

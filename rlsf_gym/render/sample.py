"""Sample to be rendered: a response with its tokens, their rewards, and the evidence in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from rlsf_gym.render.spans import IntArray, by_token, find_runs, tokens_of_span, tokens_of_word
from rlsf_gym.render.standing import Standing, make_standings, rankings_from_info
from rlsf_gym.render.visible import show_controls, show_piece
from rlsf_gym.text.bytes import decode_pieces, token_spans
from rlsf_gym.text.segmentation import Segmentation
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["RecordView", "Sample", "TokenView", "describe_standings", "make_sample", "sample_from_info"]

FACTS = ("score", "utility", "reward")
"""Names of the numbers of a whole response that are shown."""


@dataclass(frozen=True)
class RecordView:
    """Record of a certificate, with the texts of its spans."""

    word: str
    rule: str
    amount: float
    """Amount that the rule adds to the sum of valences."""
    trigger: str
    """The text that made the rule apply; the word itself for its own value."""
    status: str
    """Status of the record: `"kept"`, `"added"`, `"withdrawn"` or `"passing"`."""

    def describe(self) -> str:
        """Returns the record in one line, with control characters made visible."""
        cause = "" if self.trigger == self.word else f" by {self.trigger!r}"
        status = "" if self.status == "added" else f", {self.status}"
        return show_controls(f"{self.word}: {self.rule} {self.amount:+.3f}{cause}{status}")


@dataclass(frozen=True)
class TokenView:
    """Token of a response, with its reward and the records about it."""

    text: str
    """The characters that the token completed, controls made visible; its bytes if it completed none."""
    reward: float
    total: float
    """Running total of the rewards, this token's included."""
    records: tuple[RecordView, ...] = ()
    """Records about the token's word, and about the word before if the token opens one."""
    evidence: float = 0.0
    """Sum of the amounts that the rules of the whole text give to the token's words."""
    standing: Standing | None = None
    """The token among those that could have stood in its place; None: unknown."""


@dataclass(frozen=True)
class Sample:
    """Response to be rendered: prompt, tokens, scores and certificate."""

    prompt: str
    """The prompt, control characters made visible."""
    tokens: tuple[TokenView, ...]
    score: float | None
    """Score of prompt + response; None: unknown."""
    utility: float | None
    """The objective's value of the score; None: unknown."""
    design: str = ""
    records: tuple[RecordView, ...] = ()
    """Records of the certificate, except those that held at some words of the response only."""
    group: str = ""
    """Heading of the sample's group, such as `"before"`."""

    @property
    def facts(self) -> dict[str, float]:
        """Known numbers of the whole response, by name: score, utility and reward."""
        found = zip(FACTS, (self.score, self.utility, self.total), strict=True)
        return {name: value for name, value in found if value is not None}

    @property
    def total(self) -> float:
        """Sum of the token rewards."""
        return self.tokens[-1].total if self.tokens else 0.0


def make_sample(
    prompt: str,
    pieces: Sequence[bytes],
    token_rewards: Sequence[float] | npt.NDArray[np.floating[Any]],
    *,
    score: float | None = None,
    utility: float | None = None,
    design: str = "",
    certificate: Iterable[Mapping[str, Any]] = (),
    group: str = "",
    segmentation: Segmentation | None = None,
    standings: Sequence[Standing | None] = (),
) -> Sample:
    """Returns a sample from the bytes of its tokens.

    Args:
        prompt: The prompt.
        pieces: The bytes of each of K tokens of the response; none for the end token.
        token_rewards: K rewards.
        score: Score of prompt + response, where it is known.
        utility: The objective's value of it, where it is known.
        design: Name of the reward design.
        certificate: Plain records, as in `info["certificate"]`; passing ones are left out, as they are part
            of neither score.
        group: Heading that the sample stands under.
        segmentation: Says what a unit is; without it, what stands between white space is one.
        standings: Each token among those that could have stood in its place; none: unknown.

    Raises:
        ValueError: If there are not as many rewards, or standings, as tokens.
    """
    if len(pieces) != len(token_rewards):
        raise ValueError(
            f"token_rewards must be one for each of {len(pieces)} tokens, got {len(token_rewards)}"
        )
    if len(standings) not in (0, len(pieces)):
        raise ValueError(
            f"standings must be one for each of {len(pieces)} tokens, or none, got {len(standings)}"
        )
    response, char_ends = decode_pieces(pieces)
    text = prompt + response
    spans = token_spans(char_ends) + len(prompt)  # (K, 2) int64
    plain = [record for record in certificate if record["status"] != "passing"]
    views = tuple(view_record(record, text) for record in plain)
    words = find_runs(text, segmentation)
    told = by_token([tokens_of_word(words, spans, *record["word"]) for record in plain], len(pieces))
    found = _evidence(plain, spans)
    rewards = [float(reward) for reward in token_rewards]
    tokens = [
        TokenView(
            show_piece(piece, text[start:end]),
            reward,
            total,
            tuple(views[record] for record in records),
            found[number],
            standings[number] if standings else None,
        )
        for number, (piece, (start, end), reward, total, records) in enumerate(
            zip(pieces, spans.tolist(), rewards, accumulate(rewards), told, strict=True)
        )
    ]
    numbers = _number(score), _number(utility)
    return Sample(show_controls(prompt), tuple(tokens), *numbers, design, views, group)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def sample_from_info(
    info: Mapping[str, Any],
    *,
    prompt: str,
    ids: Sequence[int] | npt.NDArray[np.int64],
    tokenizer: Tokenizer,
    group: str = "",
    segmentation: Segmentation | None = None,
) -> Sample:
    """Returns a sample from the info of a step.

    Args:
        info: The step's info dict.
        prompt: `info["prompt"]` of the reset.
        ids: The action, (T,); what follows the end of the response is ignored.
        tokenizer: The environment's tokenizer.
        group: Heading that the sample stands under.
        segmentation: Says what a unit is, as `make_sample` takes it.
    """
    length = int(info["response_length"])
    rankings = rankings_from_info(info, chosen=ids[:length], vocab_size=tokenizer.vocab_size)
    return make_sample(
        prompt,
        [tokenizer.token_bytes(int(token_id)) for token_id in ids[:length]],
        info["token_rewards"][:length],
        score=info["score"],
        utility=info["utility"],
        design=info["reward_design"],
        certificate=info["certificate"],
        group=group,
        segmentation=segmentation,
        standings=make_standings(rankings, tokenizer),
    )


def describe_standings(sample: Sample) -> list[str]:
    """Returns a line for each token that was paid: its reward, and what others would have earned instead."""
    return [
        f"{token.text!r} {token.reward:+.2f}; {token.standing.describe()}"
        for token in sample.tokens
        if token.standing is not None and token.reward
    ]


def view_record(record: Mapping[str, Any], text: str) -> RecordView:
    """Returns the view of a plain record, with the texts of its spans in `text`."""
    (start, end), (trigger_start, trigger_end) = record["word"], record["trigger"]
    return RecordView(
        word=show_controls(text[start:end]),
        rule=str(record["rule"]),
        amount=float(record["amount"]),
        trigger=show_controls(text[trigger_start:trigger_end]),
        status=str(record["status"]),
    )


def _evidence(certificate: Sequence[Mapping[str, Any]], spans: IntArray) -> list[float]:
    """Returns the sum of the amounts that stand on each token; a classifier's stands on no word."""
    held = [one for one in certificate if one["status"] in ("kept", "added") and "labels" not in one]
    amounts = [float(record["amount"]) for record in held]
    standing = by_token([tokens_of_span(spans, *record["word"]) for record in held], len(spans))
    return [sum((amounts[record] for record in records), 0.0) for records in standing]

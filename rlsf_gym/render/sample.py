"""Sample to be rendered: a response with its tokens, their rewards, and the evidence in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlsf_gym.domains.board import Board
from rlsf_gym.render.numbers import show_number
from rlsf_gym.render.proof import ToldProof
from rlsf_gym.render.standing import Standing
from rlsf_gym.render.verdict import ToldVerdict, show_value
from rlsf_gym.render.visible import show_controls

__all__ = ["RecordView", "Sample", "TokenView", "describe_standings", "describe_verdict", "view_record"]

FACTS = ("solved", "score", "utility", "reward")
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
        return show_controls(f"{self.word}: {self.rule} {show_number(self.amount)}{cause}{status}")


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
    value: float | None = None
    """Value of the response up to it, in [0, 1], where a verdict is proved; else None."""
    mark: str = ""
    """Its part in the verdict: "fatal", "core", "end" or "", as `mark_tokens` says."""
    completion: str | None = None
    """What would make the response up to it right; None if nothing can, or without a verdict."""


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
    solved: float | None = None
    """1 for a right answer, 0 for a wrong one; None where answers are not right or wrong."""
    verdict: ToldVerdict | None = None
    """What the certificate proves of the answer, in words; None where it proves no such thing."""
    prompt_value: float | None = None
    """Value before the first token, where a verdict is proved."""
    proof: ToldProof | None = None
    """The proof that the answer is lost, where the certificate holds one."""
    board: Board | None = None
    """The puzzle with the answer at its places, where its instance can be drawn."""
    environment: str = ""
    """Id of the environment that it comes from; empty: unknown."""

    @property
    def facts(self) -> dict[str, float]:
        """Known numbers of the whole response, by name: solved, or score; utility, if it differs; reward."""
        utility = None if self.utility == self.solved else self.utility
        score = self.score if self.solved is None else None  # which is the same
        found = zip(FACTS, (self.solved, score, utility, self.total), strict=True)
        return {name: value for name, value in found if value is not None}

    @property
    def told_facts(self) -> list[str]:
        """The facts in words: `"solved"` or `"not solved"`, the others with their numbers."""
        solved = [] if self.solved is None else ["solved" if self.solved else "not solved"]
        numbers = [f"{name} {show_number(value)}" for name, value in self.facts.items() if name != "solved"]
        return [*solved, *numbers]

    @property
    def total(self) -> float:
        """Sum of the token rewards."""
        return self.tokens[-1].total if self.tokens else 0.0


def describe_standings(sample: Sample) -> list[str]:
    """Returns a line for each token that was paid: its reward, and what others would have earned instead."""
    return [
        f"{token.text!r} {show_number(token.reward, 2)}; {token.standing.describe()}"
        for token in sample.tokens
        if token.standing is not None and token.reward
    ]


def describe_verdict(sample: Sample) -> list[str]:
    """Returns why an answer is not right, what would be, and the values after its tokens; none without."""
    if sample.verdict is None or sample.prompt_value is None:
        return []
    lines, before = sample.verdict.lines(), sample.prompt_value
    changes: list[str] = []
    for token in sample.tokens:
        if token.value is not None and token.value != before:
            changes.append(f"{token.text!r} {show_value(token.value)}")
            before = token.value
    made = f"; after {', '.join(changes)}" if changes else ""
    return [*lines, show_controls(f"value {show_value(sample.prompt_value)}{made}")]


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

"""Checks of token rewards: what an environment's design promises, held to what it pays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from rlsf_gym.audit.bundled import VARIED
from rlsf_gym.audit.findings import Finding, Passed, Result, Severity, Undecided
from rlsf_gym.audit.outcome import Paid
from rlsf_gym.audit.standing import Standing
from rlsf_gym.audit.subject import Asked

__all__ = ["check_vectors"]

_TOLERANCE: Final = 1e-5  # of float32
_BOUND: Final = 2.0
Played = tuple[Asked, Paid]


def check_vectors(standing: Standing) -> Iterator[Result]:
    """Yields whether token rewards are causal, conserving and bounded; nothing but for environments."""
    subject = standing.subject
    if subject.kind != "environment":
        return
    for case, own in enumerate(subject.cases):
        for text in (*own.good, *own.bad, *VARIED[:3]):
            for part in (text, text[: len(text) // 2], text[: len(text) // 2] + text[:5]):
                subject.ask(case, part)
    played = [
        (asked, paid)
        for asked, paid in subject.paid.items()
        if paid.outcomes[0].is_number and paid.token_rewards
    ]
    yield _causal(standing, played)
    yield _conserving(standing, played)
    yield _bounded(standing, played)


def _severity(standing: Standing, key: str) -> Severity:
    """Returns how bad it is to break a promise: an error where it was made."""
    return Severity.ERROR if standing.subject.told["declared"][key] else Severity.WARNING


def _causal(standing: Standing, played: list[Played]) -> Result:
    """Whether a token is paid the same whatever follows it; the pair that differs most is told."""
    design = standing.subject.told["design"]
    pairs, worst, shown = 0, _TOLERANCE, None
    for (one, paid), (other, twin) in combinations(played, 2):
        common = _common(paid.tokens[0], twin.tokens[0]) if one.case == other.case else 0
        common = min(common, len(paid.tokens[0]) - 1, len(twin.tokens[0]) - 1)  # the last may be paid more
        pairs += common > 0
        for place, (mine, others) in enumerate(
            zip(paid.token_rewards[0], twin.token_rewards[0], strict=False)
        ):
            if place < common and abs(mine - others) > worst:
                worst, shown = abs(mine - others), (one, place, mine, others, other.text)
    if shown is not None:
        one, place, mine, others, text = shown
        told = f"{mine:.4g} for token {place}"
        evidence = standing.subject.show(one, told, f"{others:.4g} in {text!r:.40}")
        title = f"`{design}` pays a token otherwise when later ones change"
        return Finding("causal", _severity(standing, "causal"), title, (evidence,))
    if not pairs:
        return Undecided("causal", "no two responses begin with the same tokens")
    return Passed("causal", f"`{design}`: no reward changed with later tokens, in {pairs} pairs of responses")


def _common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    size = min(len(one), len(other))
    return next((place for place in range(size) if one[place] != other[place]), size)


def _conserving(standing: Standing, played: list[Played]) -> Result:
    design = standing.subject.told["design"]
    paid_some = [(asked, paid) for asked, paid in played if paid.tokens[0]]  # no token, no reward
    starts: dict[int, float] = {}
    worst: tuple[float, Asked, Paid] | None = None
    for asked, paid in paid_some:  # rewards and utilities may begin at different levels: up to a constant
        start = starts.setdefault(asked.case, paid.facts[0]["utility"] - paid.outcomes[0].value)
        error = abs(paid.outcomes[0].value - (paid.facts[0]["utility"] - start))
        if worst is None or error > worst[0]:
            worst = (error, asked, paid)
    if worst is None:
        return Undecided("conserving", "no response of a token was played")
    error, asked, paid = worst
    if error <= _TOLERANCE:
        return Passed(
            "conserving",
            f"`{design}` adds up to the gain of utility up to a constant, on {len(paid_some)} responses",
        )
    gain = paid.facts[0]["utility"] - starts[asked.case]
    evidence = standing.subject.show(asked, paid.outcomes[0].describe(), f"gain of utility {gain:.4g}")
    title = f"`{design}` does not add up to the gain of utility"
    return Finding("conserving", _severity(standing, "conserving"), title, (evidence,))


def _bounded(standing: Standing, played: list[Played]) -> Result:
    rows = [(max(map(abs, paid.token_rewards[0]), default=0.0), asked, paid) for asked, paid in played]
    if not rows:
        return Undecided("bounded", "no response was played")
    largest, asked, paid = max(rows, key=lambda row: row[0])
    if largest <= _BOUND + _TOLERANCE:
        return Passed("bounded", f"a token is paid {largest:.4g} at most, in absolute terms")
    evidence = standing.subject.show(asked, paid.outcomes[0].describe())
    title = f"a token is paid {largest:.4g}, beyond the bound of {_BOUND:g}"
    return Finding("bounded", _severity(standing, "bounded"), title, (evidence,))

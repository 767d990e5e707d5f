"""Checks of repetition: the same response paid again, in a batch, in another process, in another thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rlsf_gym.audit.findings import Finding, Passed, Result, Severity, Undecided
from rlsf_gym.audit.outcome import Outcome
from rlsf_gym.audit.standing import Standing, alike
from rlsf_gym.audit.subject import Asked, Subject

__all__ = ["check_repeats"]

_MOST: Final = 120
"""Responses that are asked about again."""
_MOST_OF_SLOW: Final = 24
"""The same of a reward that takes its time."""


def check_repeats(standing: Standing, compares: bool) -> Iterator[Result]:
    """Yields the result of each check of repetition.

    Args:
        standing: What is known of the reward.
        compares: Whether responses were paid otherwise in company than alone.
    """
    subject = standing.subject
    asked = [one for one, paid in subject.paid.items() if paid.outcomes[0].is_number][:: _step(subject)]
    if not asked or subject.gave_up:
        for check in ("not-repeatable", "other-process", "other-thread", "batch-composition", "batch-order"):
            yield Undecided(check, "too few responses were paid a number")
        return
    first = [subject.paid[one].outcomes[0] for one in asked]
    again = [subject.call(_with_company(subject, one)).outcomes[0] for one in asked]
    repeated = _compare(standing, "not-repeatable", asked, first, again)
    yield repeated
    if isinstance(repeated, Finding):
        for check in ("other-process", "other-thread", "batch-composition", "batch-order"):
            yield Undecided(check, "the same call is paid otherwise each time: see not-repeatable")
        return
    away = [subject.call(_with_company(subject, one), other=True).outcomes[0] for one in asked]
    yield _compare(standing, "other-process", asked, first, away)
    ranked = sorted(range(len(asked)), key=lambda number: first[number].value)
    chosen = [asked[number] for number in dict.fromkeys((*ranked[:6], *ranked[-6:]))]
    before = [subject.paid[one].outcomes[0] for one in chosen]
    threaded = [subject.call(_with_company(subject, one), thread=True).outcomes[0] for one in chosen]
    yield _compare(standing, "other-thread", chosen, before, threaded)
    yield from _check_batches(standing, asked, chosen, compares)


def _step(subject: Subject) -> int:
    return max(1, -(-len(subject.paid) // (_MOST_OF_SLOW if subject.is_slow else _MOST)))


def _with_company(subject: Subject, one: Asked) -> list[Asked]:
    return [one, *(Asked(one.case, text) for text in subject.company)]


def _check_batches(
    standing: Standing, asked: Sequence[Asked], chosen: Sequence[Asked], compares: bool
) -> Iterator[Result]:
    """Yields whether rewards depend on the responses beside them, on equal ones too, and on their order."""
    subject = standing.subject
    if subject.kind not in ("trl", "scorer"):
        for check in ("batch-composition", "batch-order"):
            yield Undecided(check, "it is called with one response at a time")
        return
    if not any(one.kind in ("number", "none") for one in subject.together):
        for check in ("batch-composition", "batch-order"):
            yield Undecided(check, "a batch is paid no numbers")
        return
    batch = [*asked, *chosen]  # a group often holds a response twice
    together = subject.call(batch).outcomes
    alone = [subject.call([one]).outcomes[0] for one in batch] if subject.company else None
    first = alone or [subject.paid[one].outcomes[0] for one in batch]
    composed = _compare(standing, "batch-composition", batch, first, together)
    yield composed
    if compares and isinstance(composed, Passed):
        yield Undecided("batch-order", "in a batch of few it was paid otherwise, in one of many not")
        return
    turned = subject.call(batch[::-1]).outcomes[::-1]
    yield _compare(standing, "batch-order", batch, together, turned)


_TITLES: Final = {
    "not-repeatable": "the same response is paid otherwise when it is asked again",
    "other-process": "another process of the same code pays otherwise",
    "other-thread": "called from another thread than the main one, it pays otherwise",
    "batch-composition": "a response is paid otherwise beside others than alone",
    "batch-order": "a response is paid otherwise where the batch is in another order",
}


def _compare(
    standing: Standing, check: str, asked: Sequence[Asked], one: Sequence[Outcome], other: Sequence[Outcome]
) -> Result:
    """Returns a finding where outcomes differ, the clearest difference first."""
    rows = [row for row in zip(asked, one, other, strict=True) if not alike(row[1], row[2])]
    if not rows:
        return Passed(check, f"{len(asked)} responses are paid the same")
    place, before, after = max(rows, key=_distance)
    evidence = standing.subject.show(place, before.describe(), f"then {after.describe()}")
    return Finding(
        check, Severity.ERROR, _TITLES[check], (evidence,), f"{len(rows)} of {len(asked)} responses"
    )


def _distance(row: tuple[Asked, Outcome, Outcome]) -> float:
    _, one, other = row
    return abs(one.value - other.value) if one.is_number and other.is_number else float("inf")

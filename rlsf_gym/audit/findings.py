"""Findings of an audit: what a check found, how bad it is, and on what evidence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Evidence", "Finding", "Passed", "Result", "Severity", "Undecided", "exit_status"]


class Severity(IntEnum):
    """How bad a finding is."""

    NOTE = 0
    """What to know; nothing is wrong by itself."""
    WARNING = 1
    """Likely to be learned instead of the task, or to cost right answers."""
    ERROR = 2
    """What training will exploit, or stumble over."""


@dataclass(frozen=True)
class Evidence:
    """The very text that shows a finding, and what it was paid."""

    response: str
    """The response."""
    paid: str
    """What it was paid, or what came in place of a number."""
    prompt: str = ""
    """The prompt that it answers."""
    beside: str = ""
    """What it is to be compared with, such as what a right answer was paid."""
    truth: str = ""
    """The ground truth that it was paid by, where there is one."""


@dataclass(frozen=True)
class Finding:
    """What a check found."""

    check: str
    """Name of the check, as in `checks.CHECKS`."""
    severity: Severity
    """How bad it is."""
    title: str
    """What was found, in one line."""
    evidence: tuple[Evidence, ...]
    """Texts that show it, the clearest first."""
    count: str = ""
    """In how many cases it was found, in words."""


@dataclass(frozen=True)
class Passed:
    """A check that found nothing."""

    check: str
    """Name of the check."""
    told: str
    """What was seen, in one line."""


@dataclass(frozen=True)
class Undecided:
    """A check that could not decide."""

    check: str
    """Name of the check."""
    reason: str
    """Why not, in one line."""


Result = Finding | Passed | Undecided


def exit_status(findings: list[Finding], fail_on: Severity | None = Severity.WARNING) -> int:
    """Returns the exit status of an audit: 2 for an error, 1 for a warning, 0 else.

    Args:
        findings: What was found.
        fail_on: The least severity that counts; a note counts as 1. None: the status is 0.
    """
    if fail_on is None:
        return 0
    counted = [finding.severity for finding in findings if finding.severity >= fail_on]
    return max(1, max(counted)) if counted else 0

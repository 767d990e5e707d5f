"""Report as plain values, for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from rlsf_gym.audit.checks import CHECKS
from rlsf_gym.audit.report import Report

__all__ = ["SCHEMA", "plain"]

SCHEMA: Final = 1
"""Version of the keys; a key is only ever added under the same version."""


def plain(report: Report, *, status: int) -> dict[str, Any]:
    """Returns a report as values that JSON can write.

    Args:
        report: The report.
        status: The exit status.
    """
    return {
        "schema": SCHEMA,
        "reward": report.reward,
        "signature": report.signature,
        "chat": report.chat,
        "forms": list(report.forms),
        "cases": report.cases,
        "own_cases": report.own_cases,
        "calls": report.calls,
        "seconds": report.seconds,
        "seconds_per_call": report.seconds_per_call,
        "status": status,
        "findings": [
            {
                "check": one.check,
                "severity": one.severity.name.lower(),
                "title": one.title,
                "count": one.count,
                "evidence": [asdict(evidence) for evidence in one.evidence],
                **CHECKS[one.check]._asdict(),
            }
            for one in report.findings
        ],
        "passed": [asdict(one) for one in report.passed],
        "undecided": [asdict(one) for one in report.undecided],
        "designs": [asdict(one) for one in report.designs],
    }

"""Severity of findings as an exit status."""

import pytest

from rlsf_gym.audit.checks import CHECKS
from rlsf_gym.audit.findings import Finding, Severity, exit_status

NOTE, WARNING, ERROR = (Finding("slow", one, "", ()) for one in Severity)


@pytest.mark.parametrize(
    ("findings", "fail_on", "status"),
    [
        ([], Severity.WARNING, 0),
        ([NOTE], Severity.WARNING, 0),
        ([NOTE, WARNING], Severity.WARNING, 1),
        ([WARNING, ERROR], Severity.WARNING, 2),
        ([NOTE], Severity.NOTE, 1),
        ([WARNING], Severity.ERROR, 0),
        ([WARNING, ERROR], Severity.ERROR, 2),
        ([ERROR], None, 0),
    ],
)
def test_the_worst_finding_is_the_status(findings, fail_on, status):
    assert exit_status(findings, fail_on) == status


def test_checks_say_why_and_how_to_mend():
    assert all(check.why and check.mend and len(check.why) < 90 for check in CHECKS.values())

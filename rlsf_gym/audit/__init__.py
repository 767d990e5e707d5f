"""Audit of a reward: what it pays that it must not, and what it is as a token reward.

`rlsf-audit module:reward` shows a report on one screen; `audit_reward` returns it.
"""

from rlsf_gym.audit.case import Case, read_cases
from rlsf_gym.audit.checks import CHECKS
from rlsf_gym.audit.findings import Finding, Passed, Severity, Undecided
from rlsf_gym.audit.process import LoadError
from rlsf_gym.audit.report import Report, audit_reward

__all__ = [
    "CHECKS",
    "Case",
    "Finding",
    "LoadError",
    "Passed",
    "Report",
    "Severity",
    "Undecided",
    "audit_reward",
    "read_cases",
]

"""Checkers of certificates: what proves scores, prefixes and rewards without trusting a scorer."""

from rlsf_gym.certificates.checking import (
    CHECKERS,
    Checker,
    find_checker,
    prove_response,
    register_checker,
    verify,
)
from rlsf_gym.certificates.claimed import CertificateError, Claimed, ClaimedRecord
from rlsf_gym.certificates.proof import Known, Proof
from rlsf_gym.certificates.rewards import (
    RECOMPUTABLE,
    check_rewards,
    compare_rewards,
    recompute_from,
    recompute_rewards,
)

__all__ = [
    "CHECKERS",
    "RECOMPUTABLE",
    "CertificateError",
    "Checker",
    "Claimed",
    "ClaimedRecord",
    "Known",
    "Proof",
    "check_rewards",
    "compare_rewards",
    "find_checker",
    "prove_response",
    "recompute_from",
    "recompute_rewards",
    "register_checker",
    "verify",
]

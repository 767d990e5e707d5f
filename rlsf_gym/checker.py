"""Checkers of certificates: what proves scores, prefixes and rewards without trusting a scorer."""

from rlsf_gym.certificates.claimed import Claimed, ClaimedRecord
from rlsf_gym.certificates.errors import CertificateError
from rlsf_gym.domains.sentiment.checker import (
    PROVABLE,
    RECOMPUTABLE,
    Known,
    check_rewards,
    compare_rewards,
    prove_response,
    prove_score,
    read_rules,
    recompute_from,
    recompute_rewards,
    verify,
)

__all__ = [
    "PROVABLE",
    "RECOMPUTABLE",
    "CertificateError",
    "Claimed",
    "ClaimedRecord",
    "Known",
    "check_rewards",
    "compare_rewards",
    "prove_response",
    "prove_score",
    "read_rules",
    "recompute_from",
    "recompute_rewards",
    "verify",
]

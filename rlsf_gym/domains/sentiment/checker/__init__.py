"""Proves the certificate of a score by VADER's rules from the texts, sharing no code with the scorer.

It reads texts, records, the library's lexicon and constants, and, for the knowledge-based scorer, the file of
the graph, which has to be the one that the certificate names, to the byte. It imports neither the scorer nor
the certificate. For each word, `claims` lists what the rules entitle it to, in the library's order: which
rule, which words trigger it, and the valence that it leaves. `growth` has the words of the text arrive one by
one and keeps which claims change the valence, and since when and until when they do. Each of these must be
the next record, with that word, trigger, amount and lifetime. A record that is no such claim is refused, and
so is a claim that no record makes.
"""

from rlsf_gym.certificates.claimed import Claimed, ClaimedRecord
from rlsf_gym.certificates.errors import CertificateError
from rlsf_gym.domains.sentiment.checker.certify import prove_score
from rlsf_gym.domains.sentiment.checker.header import PROVABLE, read_rules
from rlsf_gym.domains.sentiment.checker.known import Known
from rlsf_gym.domains.sentiment.checker.rewards import (
    RECOMPUTABLE,
    check_rewards,
    compare_rewards,
    prove_response,
    recompute_from,
    recompute_rewards,
)
from rlsf_gym.domains.sentiment.checker.verification import verify

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

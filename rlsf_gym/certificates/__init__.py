"""Certificates: the evidence behind scores as plain data, that a checker proves from the texts."""

from rlsf_gym.certificates.certificate import (
    KNOWLEDGE_RULES,
    RULES,
    Certificate,
    CertificateError,
    Record,
    Rule,
    Status,
    Totals,
)

__all__ = [
    "KNOWLEDGE_RULES",
    "RULES",
    "Certificate",
    "CertificateError",
    "Record",
    "Rule",
    "Status",
    "Totals",
]

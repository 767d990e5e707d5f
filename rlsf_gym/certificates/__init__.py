"""Certificates: the evidence behind scores as plain data, that a checker proves from the texts."""

from rlsf_gym.certificates.certificate import Certificate, utility_slope
from rlsf_gym.certificates.checking import CHECKERS, register_checker
from rlsf_gym.certificates.claimed import CertificateError
from rlsf_gym.certificates.proof import Proof
from rlsf_gym.certificates.record import Record, Status

__all__ = [
    "CHECKERS",
    "Certificate",
    "CertificateError",
    "Proof",
    "Record",
    "Status",
    "register_checker",
    "utility_slope",
]

"""Reads the head of a certificate: whose rules prove it."""

from importlib.metadata import version
from typing import Final

from rlsf_gym.checker.claimed import Claimed, explain_header, tell
from rlsf_gym.checker.errors import CertificateError
from rlsf_gym.checker.knowledge import Knowledge, load_knowledge
from rlsf_gym.checker.proof import Rules

PROVABLE: Final[tuple[str, ...]] = ("vader", "knowledge")
"""The scorers whose certificates can be proved."""

_OPTIONS = {"vader": ("but",), "knowledge": ("but", "graph", "graph_sha256")}
_RULES = (
    *("base", "booster", "dampener", "capitals", "negation"),
    *("no", "least", "idiom", "but", "punctuation"),
)
_INSTALLED = version("vaderSentiment")


def read_rules(certificate: Claimed) -> Rules:
    """The rules that a certificate was made by.

    Raises:
        CertificateError: there are no such rules, or not here, or a field has another type than it should.
    """
    wrong = explain_header(certificate)
    if wrong:
        raise CertificateError(wrong)
    but = certificate.options.get("but")
    if not certificate.verifiable or certificate.scorer not in PROVABLE:
        raise CertificateError(
            f"certificate must come from 'vader' or 'knowledge', whose rules have proofs, but comes from "
            f"{tell(certificate.scorer)} with verifiable={certificate.verifiable}"
        )
    if certificate.version != _INSTALLED:
        raise CertificateError(
            f"version must be {_INSTALLED!r}, that of the installed lexicon, "
            f"but is {tell(certificate.version)}"
        )
    if but not in ("library", "documented"):
        raise CertificateError(f"options['but'] must be 'library' or 'documented', but is {tell(but)}")
    rules = Rules(_read_graph(certificate), but == "library")
    _check_claims(certificate)
    return rules


def _check_claims(certificate: Claimed) -> None:
    """Refuse what else a certificate may say, as nothing proves it."""
    unknown = [key for key in certificate.options if key not in _OPTIONS[certificate.scorer]]
    if unknown:
        raise CertificateError(f"options must not hold {tell(unknown[0])}, which no rule asks for")
    if certificate.labels:
        raise CertificateError(
            f"labels must be empty where rules give the score, but are {tell(certificate.labels)}"
        )
    rules = _RULES if certificate.scorer == "vader" else (*_RULES, "knowledge")
    if tuple(certificate.rules) != rules:
        raise CertificateError(
            f"rules must be {', '.join(rules)} where the scorer is {certificate.scorer!r}, "
            f"but are {tell(certificate.rules)}"
        )


def _read_graph(certificate: Claimed) -> Knowledge | None:
    if certificate.scorer == "vader":
        return None
    name, digest = (certificate.options.get(key) for key in ("graph", "graph_sha256"))
    if name is None or digest is None:
        raise CertificateError(
            f"options must hold 'graph' and 'graph_sha256' where the scorer is {certificate.scorer!r}, "
            f"but are {tell(dict(certificate.options))}"
        )
    return load_knowledge(name, digest)

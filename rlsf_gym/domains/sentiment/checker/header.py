"""Reads the head of a certificate: whose rules prove it."""

from importlib.metadata import version
from typing import Final

from rlsf_gym.certificates.claimed import Claimed, Head, read_head, tell
from rlsf_gym.certificates.errors import CertificateError
from rlsf_gym.domains.sentiment.checker.certify import Rules
from rlsf_gym.domains.sentiment.checker.knowledge import Knowledge, load_knowledge

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
    head = read_head(certificate)
    but = head.options.get("but")
    if not head.verifiable or head.scorer not in PROVABLE:
        raise CertificateError(
            f"certificate must come from 'vader' or 'knowledge', whose rules have proofs, but comes from "
            f"{tell(head.scorer)} with verifiable={head.verifiable}"
        )
    if head.version != _INSTALLED:
        raise CertificateError(
            f"version must be {_INSTALLED!r}, that of the installed lexicon, but is {tell(head.version)}"
        )
    if but not in ("library", "documented"):
        raise CertificateError(f"options['but'] must be 'library' or 'documented', but is {tell(but)}")
    rules = Rules(_read_graph(head), but == "library")
    _check_claims(head)
    return rules


def _check_claims(head: Head) -> None:
    """Refuse what else a certificate may say, as nothing proves it."""
    unknown = [key for key in head.options if key not in _OPTIONS[head.scorer]]
    if unknown:
        raise CertificateError(f"options must not hold {tell(unknown[0])}, which no rule asks for")
    if head.labels:
        raise CertificateError(
            f"labels must be empty where rules give the score, but are {tell(head.labels)}"
        )
    rules = _RULES if head.scorer == "vader" else (*_RULES, "knowledge")
    if head.rules != rules:
        raise CertificateError(
            f"rules must be {', '.join(rules)} where the scorer is {head.scorer!r}, "
            f"but are {tell(head.rules)}"
        )


def _read_graph(head: Head) -> Knowledge | None:
    if head.scorer == "vader":
        return None
    name, digest = (head.options.get(key) for key in ("graph", "graph_sha256"))
    if name is None or digest is None:
        raise CertificateError(
            f"options must hold 'graph' and 'graph_sha256' where the scorer is {head.scorer!r}, "
            f"but are {tell(head.options)}"
        )
    return load_knowledge(name, digest)

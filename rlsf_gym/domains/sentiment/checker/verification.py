"""Proves a whole certificate: its records, scores and slope."""

from functools import partial
from importlib.metadata import version
from typing import Any, Final

from rlsf_gym.certificates.claimed import CertificateError, Claimed, tell
from rlsf_gym.certificates.proof import Proof
from rlsf_gym.domains.sentiment.checker.certify import Rules, prove_score, prove_texts
from rlsf_gym.domains.sentiment.checker.knowledge import Knowledge, load_knowledge
from rlsf_gym.domains.sentiment.checker.matching import match
from rlsf_gym.domains.sentiment.checker.reading import Reading

# Largest error of a score or a slope.
_TOLERANCE = 1e-9

_OPTIONS: Final = {"vader": ("but",), "knowledge": ("but", "graph", "graph_sha256")}
_RULES: Final = (
    *("base", "booster", "dampener", "capitals", "negation"),
    *("no", "least", "idiom", "but", "punctuation"),
)
_SPREAD: Final = ("punctuation",)  # that of the prompt turns with the sign of the whole text
_INSTALLED = version("vaderSentiment")


def verify(certificate: Claimed, instance: Any, prompt: str, response: str) -> Proof:
    """Returns the proof that exactly these records give both scores and those between them.

    Each record must be there with its lifetime: at each word of the response, those that live are what the
    rules claim of the text up to there, no more and no less.

    Linear in the text, but for the library's "but" loop, which is replayed as it stands.

    Args:
        certificate: the claimed certificate.
        instance: not used by these rules.
        prompt: the prompt.
        response: the response.

    Returns:
        The proof, with the scores of prefixes and of any other text.

    Raises:
        CertificateError: If a record or a score is wrong; the message names it.
    """
    rules = read_rules(certificate)
    proved = prove_texts(prompt, response, rules)
    match(certificate.records, proved.entries)
    for name, claimed, value, why in (
        ("prompt_score", certificate.prompt_score, proved.prompt_score, "as the records add up"),
        ("score", certificate.score, proved.score, "as the records add up"),
        ("slope", certificate.slope, proved.slope, "that of S / sqrt(S^2 + 15) between the two sums"),
    ):
        if not abs(value - claimed) <= _TOLERANCE:
            raise CertificateError(f"{name} must be {value!r}, {why}, but is {claimed!r}")
    reading = Reading(prompt, response, rules, proved.totals, proved.spelling, proved.runs)
    return Proof(
        records=proved.entries,
        prompt_score=proved.prompt_score,
        score=proved.score,
        rules=_rules_of(certificate.scorer),
        slope=proved.slope,
        spread=_SPREAD,
        prefix_scores=reading.prefix_scores,
        text_score=partial(prove_score, rules=rules),
        closed_ends=reading.closed_ends,
        units=reading.units,
        unit_sums=reading.unit_sums,
    )


def read_rules(certificate: Claimed) -> Rules:
    """Returns the rules by which a certificate was made.

    Raises:
        CertificateError: If there are no such rules, or not on this machine, or it says what no rule proves.
    """
    if certificate.scorer not in _OPTIONS:
        raise CertificateError(f"scorer must be 'vader' or 'knowledge', but is {tell(certificate.scorer)}")
    if certificate.version != _INSTALLED:
        raise CertificateError(
            f"version must be {_INSTALLED!r}, that of the installed lexicon, but is "
            f"{tell(certificate.version)}"
        )
    but = certificate.options.get("but")
    if but not in ("library", "documented"):
        raise CertificateError(f"options['but'] must be 'library' or 'documented', but is {tell(but)}")
    rules = Rules(_read_graph(certificate), but == "library")
    _check_claims(certificate)
    return rules


def _check_claims(certificate: Claimed) -> None:
    """Refuse further content of a certificate, which nothing would prove."""
    scorer = certificate.scorer
    unknown = [key for key in certificate.options if key not in _OPTIONS[scorer]]
    if unknown:
        raise CertificateError(f"options must not hold {tell(unknown[0])}, which no rule asks for")
    if certificate.labels:
        raise CertificateError(
            f"labels must be empty where rules give the score, but are {tell(certificate.labels)}"
        )
    if certificate.payload is not None:
        raise CertificateError(
            f"payload must be None where rules give the score, but is {tell(certificate.payload)}"
        )
    for name, claimed, rules in (
        ("rules", certificate.rules, _rules_of(scorer)),
        ("spread", certificate.spread, _SPREAD),
    ):
        if tuple(claimed) != rules:
            raise CertificateError(
                f"{name} must be {', '.join(rules)} where the scorer is {scorer!r}, but are {tell(claimed)}"
            )


def _rules_of(scorer: str) -> tuple[str, ...]:
    return _RULES if scorer == "vader" else (*_RULES, "knowledge")


def _read_graph(certificate: Claimed) -> Knowledge | None:
    if certificate.scorer == "vader":
        return None
    name, digest = (certificate.options.get(key) for key in ("graph", "graph_sha256"))
    if name is None or digest is None:
        raise CertificateError(
            f"options must hold 'graph' and 'graph_sha256' where the scorer is {certificate.scorer!r}, "
            f"but are {tell(certificate.options)}"
        )
    return load_knowledge(name, digest)

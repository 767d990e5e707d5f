"""Proves the certificate of a score by VADER's rules from the texts, sharing no code with the scorer.

It reads texts, records, the library's lexicon and constants, and, for the knowledge-based scorer, the file of
the graph, which has to be the one that the certificate names, to the byte. It imports neither the scorer nor
the certificate. For each word, `claims` lists what the rules entitle it to, in the library's order: which
rule, which words trigger it, and the valence that it leaves. A claim that changes the valence must be the
next record, with that word, trigger and amount. A record that is no such claim is refused, and so is a claim
that no record makes.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Protocol

from rlsf_gym.checker.errors import CertificateError
from rlsf_gym.checker.knowledge import Knowledge, load_knowledge
from rlsf_gym.checker.proof import ClaimedRecord, Proof, describe

__all__ = ["CertificateError", "Claimed", "ClaimedRecord", "verify"]

_INSTALLED = version("vaderSentiment")
# Amounts closer than this are the same amount.
_SAME_AMOUNT = 1e-12
# Largest error of a score.
_TOLERANCE = 1e-9


class Claimed(Protocol):
    """What the checker reads of a certificate."""

    @property
    def scorer(self) -> str:
        """Name of the scorer."""
        ...

    @property
    def version(self) -> str:
        """Version of its lexicon."""
        ...

    @property
    def verifiable(self) -> bool:
        """Whether there is anything to prove."""
        ...

    @property
    def options(self) -> Mapping[str, str]:
        """Options of the scorer; `but`, `graph` and `graph_sha256` are read."""
        ...

    @property
    def prompt_score(self) -> float:
        """Score of the prompt."""
        ...

    @property
    def score(self) -> float:
        """Score of prompt + response."""
        ...

    @property
    def records(self) -> Sequence[ClaimedRecord]:
        """All records, in order."""
        ...


def verify(certificate: Claimed, prompt: str, response: str) -> None:
    """Prove that the records, all of them and no others, give both scores.

    Linear in the text, but for the library's "but" loop, which is replayed as it stands.

    Args:
        certificate: the claimed certificate.
        prompt: the prompt.
        response: the response.

    Raises:
        CertificateError: something does not hold; the message names the record.
    """
    _check_header(certificate)
    knowledge = _read_graph(certificate)
    quirk = certificate.options["but"] == "library"
    owners: dict[int, int] = {}
    for name, claimed, text, absent in (
        ("prompt_score", certificate.prompt_score, prompt, "added"),
        ("score", certificate.score, prompt + response, "withdrawn"),
    ):
        proof = Proof(text, certificate.records, absent, knowledge)
        proved = proof.run(quirk)
        owners |= proof.owners
        if not abs(proved - claimed) <= _TOLERANCE:
            raise CertificateError(f"{name} must be {proved!r}, as the records add up, but is {claimed!r}")
    _check_statuses(certificate.records, owners)


def _check_header(certificate: Claimed) -> None:
    but = certificate.options.get("but")
    if not certificate.verifiable or certificate.scorer not in ("vader", "knowledge"):
        raise CertificateError(
            f"certificate must come from 'vader' or 'knowledge', whose rules have proofs, but comes from "
            f"{certificate.scorer!r} with verifiable={certificate.verifiable}"
        )
    if certificate.version != _INSTALLED:
        raise CertificateError(
            f"version must be {_INSTALLED!r}, that of the installed lexicon, but is {certificate.version!r}"
        )
    if but not in ("library", "documented"):
        raise CertificateError(f"options['but'] must be 'library' or 'documented', but is {but!r}")


def _read_graph(certificate: Claimed) -> Knowledge | None:
    if certificate.scorer == "vader":
        return None
    name, digest = (certificate.options.get(key) for key in ("graph", "graph_sha256"))
    if name is None or digest is None:
        raise CertificateError(
            f"options must hold 'graph' and 'graph_sha256' where the scorer is {certificate.scorer!r}, "
            f"but are {dict(certificate.options)}"
        )
    return load_knowledge(name, digest)


def _check_statuses(records: Sequence[ClaimedRecord], owners: dict[int, int]) -> None:
    """Refuse a record that is withdrawn and added again: it should be kept."""
    withdrawn: dict[tuple[int, ...], list[ClaimedRecord]] = {}
    for k, record in enumerate(records):
        if record.status == "withdrawn":
            withdrawn.setdefault(_place(owners[k], record), []).append(record)
    for k, record in enumerate(records):
        twins = withdrawn.get(_place(owners[k], record), []) if record.status == "added" else []
        for twin in twins:
            if (twin.rule, twin.path) == (record.rule, record.path) and abs(
                twin.amount - record.amount
            ) < _SAME_AMOUNT:
                raise CertificateError(f"{describe(k, record)} must be kept, but is withdrawn and added")


def _place(owner: int, record: ClaimedRecord) -> tuple[int, ...]:
    return owner, record.char_start, record.char_end, record.trigger_start, record.trigger_end

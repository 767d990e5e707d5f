"""Proves a whole certificate."""

from rlsf_gym.certificates.claimed import Claimed, explain_text
from rlsf_gym.certificates.errors import CertificateError
from rlsf_gym.domains.sentiment.checker.certify import Proved, match, prove_texts
from rlsf_gym.domains.sentiment.checker.header import read_rules

# Largest error of a score.
_TOLERANCE = 1e-9


def verify(certificate: Claimed, prompt: str, response: str) -> None:
    """Prove that the records, all of them and no others, give both scores and those between them.

    Each record must be there with its lifetime: at each word of the response, those that live are what the
    rules claim of the text up to there, no more and no less.

    Linear in the text, but for the library's "but" loop, which is replayed as it stands.

    Args:
        certificate: the claimed certificate.
        prompt: the prompt.
        response: the response.

    Raises:
        CertificateError: something does not hold; the message names the record.
    """
    prove(certificate, prompt, response)


def prove(certificate: Claimed, prompt: str, response: str) -> Proved:
    """What the texts prove, once the certificate is known to claim just that.

    Raises:
        CertificateError: it claims something else; the message names the record.
    """
    wrong = explain_text("prompt", prompt) or explain_text("response", response)
    if wrong:
        raise CertificateError(wrong)
    proved = prove_texts(prompt, response, read_rules(certificate))
    match(certificate.records, proved.entries)
    for name, claimed, score in (
        ("prompt_score", certificate.prompt_score, proved.prompt_score),
        ("score", certificate.score, proved.score),
    ):
        if not abs(score - claimed) <= _TOLERANCE:
            raise CertificateError(f"{name} must be {score!r}, as the records add up, but is {claimed!r}")
    return proved

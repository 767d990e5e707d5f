"""Proves certificates by the checker that is registered for their scorer."""

from collections.abc import Callable, Sequence
from operator import index
from typing import Any, Final, cast

from rlsf_gym.certificates.claimed import CertificateError, Claimed, Claims, explain_text, read_claims, tell
from rlsf_gym.certificates.proof import Known, Proof
from rlsf_gym.registry import Table

__all__ = ["CHECKERS", "Checker", "find_checker", "prove_response", "register_checker", "verify"]

Checker = Callable[[Claimed, Any, str, str], Proof | None]
"""`verify(certificate, instance, prompt, response)`: raises `CertificateError` where something does not hold.
It reads plain data alone, whoever wrote the certificate, and returns what it proves beyond, or None."""

CHECKERS = Table(
    "checker",
    {
        "vader": "rlsf_gym.domains.sentiment.checker:verify",
        "knowledge": "rlsf_gym.domains.sentiment.checker:verify",
        "countdown": "rlsf_gym.domains.countdown.checker:verify",
        "sudoku": "rlsf_gym.domains.constraints.checker:verify",
        "knights": "rlsf_gym.domains.constraints.checker:verify",
        "constraints": "rlsf_gym.domains.constraints.checker:verify",
    },
)
"""Name of a scorer to the checker of its certificates, or to its `"module:attribute"`, imported when it is
asked for."""

# Largest difference of a gain from what the records add up to.
_TOLERANCE: Final = 1e-9


def register_checker(scorer: str, checker: str | Checker) -> None:
    """Has the certificates of a scorer proved by a checker.

    A checker must share no code with the scorer, and refuse whatever it can't prove.

    Args:
        scorer: The scorer's `name`, as its certificates have it.
        checker: `verify(certificate, instance, prompt, response)`, or its `"module:attribute"`.

    Raises:
        ValueError: If the scorer has another checker already.
    """
    CHECKERS.register(scorer, checker)


def find_checker(scorer: str) -> Checker | None:
    """Returns the checker that is registered for a scorer, or None if no checker is registered.

    Raises:
        ValueError: If there is no such module or attribute, or it can't be called.
    """
    if scorer not in CHECKERS:
        return None
    checker = CHECKERS.load(scorer)
    if not callable(checker):
        raise ValueError(
            f"checker of scorer {scorer!r} must be a function verify(certificate, instance, prompt, "
            f"response), got {tell(checker)}"
        )
    return cast(Checker, checker)


def verify(certificate: Claimed, prompt: str, response: str, instance: Any = None) -> Proof:
    """Proves a certificate from the texts, by the checker of its scorer.

    Whatever the checker, the amounts of the rules times the slope must add up to the gain in score.

    Args:
        certificate: The claimed certificate.
        prompt: The prompt.
        response: The response.
        instance: What the episode was about, where the scorer's domain has instances.

    Returns:
        What is proved.

    Raises:
        CertificateError: If something does not hold; the message names the record.
    """
    wrong = explain_text("prompt", prompt) or explain_text("response", response)
    if wrong:
        raise CertificateError(wrong)
    claims = read_claims(certificate)
    checker = find_checker(claims.scorer) if claims.verifiable else None
    if checker is None:
        raise CertificateError(
            f"certificate must come from {' or '.join(map(repr, CHECKERS))}, which have checkers, but comes "
            f"from {tell(claims.scorer)} with verifiable={claims.verifiable}"
        )
    proof = cast(object, checker(claims, instance, prompt, response))
    if proof is not None and not isinstance(proof, Proof):
        raise ValueError(
            f"checker of scorer {claims.scorer!r} must raise CertificateError or return a Proof or None, "
            f"got {tell(proof)}"
        )
    _check_amounts(claims)
    return Proof.of(claims) if proof is None else proof


def prove_response(
    certificate: Claimed,
    prompt: str,
    response: str,
    *,
    char_ends: Sequence[int],
    instance: Any = None,
    closed_ends: Callable[[], Sequence[int]] | None = None,
    units: Callable[[], Sequence[tuple[int, int]]] | None = None,
) -> Known:
    """Proves a certificate, from which rewards and scores of prefixes follow.

    Args:
        certificate: The certificate of the response.
        prompt: The prompt.
        response: The response.
        char_ends: For each of K real tokens, how many characters of the response are certain after it.
        instance: What the episode was about, where the scorer's domain has instances.
        closed_ends: Tells how many characters are of closed units after each token, if the checker does not.
        units: Tells the units of the response as spans of prompt + response, where the checker does not.

    Raises:
        CertificateError: If the certificate does not hold.
        ValueError: If `char_ends` are not the ends of the tokens of this response.
    """
    wrong = explain_text("prompt", prompt) or explain_text("response", response)
    if wrong:
        raise CertificateError(wrong)
    return Known(
        prompt=prompt,
        response=response,
        char_ends=_checked_ends(char_ends, len(response)),
        proof=verify(certificate, prompt, response, instance),
        closed_ends=closed_ends,
        units=units,
    )


def _check_amounts(claims: Claims) -> None:
    if not claims.rules:
        return
    signs = {"added": 1.0, "withdrawn": -1.0}
    change = sum(signs.get(record.status, 0.0) * record.amount for record in claims.records)
    gain, made = claims.score - claims.prompt_score, claims.slope * change
    if not abs(made - gain) <= _TOLERANCE * max(1.0, abs(claims.score), abs(claims.prompt_score)):
        raise CertificateError(
            f"amounts must add up to the gain {gain!r} in score, but with slope {claims.slope!r} "
            f"they add up to {made!r}"
        )


def _checked_ends(char_ends: Sequence[int], length: int) -> list[int]:
    try:
        ends = [*map(index, char_ends)]
    except TypeError:
        raise ValueError(f"char_ends must be a list of int, but is {tell(char_ends)}") from None
    first, last = (ends[0], ends[-1]) if ends else (0, 0)
    if ends != sorted(ends) or last != length or first < 0:
        raise ValueError(
            f"char_ends must not decrease and must end with {length}, the response's length, but are {ends}"
        )
    return ends

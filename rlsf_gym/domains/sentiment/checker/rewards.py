"""Proves the rewards of tokens: what each design pays for a response, from the text and its certificate.

Nothing is trusted but the text, the lexicon (with the graph that the certificate names, to the byte) and the
certificate once it is proved, which comes first each time. Where a prefix ends between words, its score is
that of the records that live there; where it cuts a word, the rules are applied to the text that is left.
No code is shared with the designs or the scorers.
"""

import inspect
from collections.abc import Callable, Sequence, Sized
from operator import index
from typing import Any, Final, cast

from rlsf_gym.certificates.claimed import Claimed, explain_text, tell
from rlsf_gym.certificates.errors import CertificateError
from rlsf_gym.domains.sentiment.checker.header import read_rules
from rlsf_gym.domains.sentiment.checker.known import Known
from rlsf_gym.domains.sentiment.checker.payments import PAYMENTS, Case
from rlsf_gym.domains.sentiment.checker.verification import prove

__all__ = [
    "RECOMPUTABLE",
    "check_rewards",
    "compare_rewards",
    "prove_response",
    "recompute_from",
    "recompute_rewards",
]

RECOMPUTABLE: Final[tuple[str, ...]] = tuple(PAYMENTS)
"""The designs whose rewards follow from text and certificate."""

Utility = Callable[[float], float]

# Largest error of a reward.
_TOLERANCE = 1e-9


def prove_response(certificate: Claimed, prompt: str, response: str, *, char_ends: Sequence[int]) -> Known:
    """What text and certificate prove of a response, from which rewards and scores of prefixes follow.

    Args:
        certificate: the certificate of the response.
        prompt: the prompt.
        response: the response.
        char_ends: for each of K real tokens, how many characters of the response are certain after it.

    Raises:
        CertificateError: the certificate does not hold.
        ValueError: `char_ends` are no ends of the tokens of this response.
    """
    wrong = explain_text("prompt", prompt) or explain_text("response", response)
    if wrong:
        raise CertificateError(wrong)
    ends = _checked_ends(char_ends, len(response))
    proved = prove(certificate, prompt, response)
    return Known(prompt, response, ends, read_rules(certificate), proved)


def recompute_rewards(
    certificate: Claimed,
    prompt: str,
    response: str,
    *,
    design: str,
    char_ends: Sequence[int],
    utility: Utility,
    slope: float = 0.0,
    boundary: str = "closed",
    **kwargs: object,
) -> list[float]:
    """The rewards of a response's tokens.

    Args:
        certificate: the certificate of the response; it is proved first.
        prompt: the prompt.
        response: the response.
        design: one of `RECOMPUTABLE`.
        char_ends: for each of K real tokens, how many characters of the response are certain after it.
        utility: what a score is worth.
        slope: slope of the utility at the response's score; only `rule_certificate` and `rlsf_mask` ask for
            it, where the prompt's score is the same to 1e-12.
        boundary: whether a word counts when it is "closed", or with each of its pieces, "open".
        kwargs: arguments of the design.

    Returns:
        K rewards.

    Raises:
        CertificateError: the certificate does not hold.
        ValueError: an argument is none of those that there are, or `char_ends` are no ends of the tokens of
            this response.
    """
    _check_arguments(design, boundary, kwargs)  # before anything is proved
    known = prove_response(certificate, prompt, response, char_ends=char_ends)
    return recompute_from(known, design=design, utility=utility, slope=slope, boundary=boundary, **kwargs)


def check_rewards(
    certificate: Claimed,
    prompt: str,
    response: str,
    rewards: Sequence[float],
    *,
    design: str,
    char_ends: Sequence[int],
    utility: Utility,
    slope: float = 0.0,
    boundary: str = "closed",
    **kwargs: object,
) -> None:
    """Prove that each token was paid what the design pays for it, to 1e-9.

    Args:
        certificate: the certificate of the response; it is proved first.
        prompt: the prompt.
        response: the response.
        rewards: the rewards of K real tokens, float64.
        design: as for `recompute_rewards`, as is all that follows.
        char_ends: for each of K real tokens, how many characters of the response are certain after it.
        utility: what a score is worth.
        slope: slope of the utility at the response's score.
        boundary: "closed" or "open".
        kwargs: arguments of the design.

    Raises:
        CertificateError: the certificate does not hold, there is another number of rewards, or one is not
            what the text proves; the message names the first such token.
        ValueError: as for `recompute_rewards`.
    """
    proved = recompute_rewards(
        certificate,
        prompt,
        response,
        design=design,
        char_ends=char_ends,
        utility=utility,
        slope=slope,
        boundary=boundary,
        **kwargs,
    )
    compare_rewards(rewards, proved, design)


def compare_rewards(rewards: Sequence[float], proved: Sequence[float], design: str) -> None:
    """Hold what was paid against what a design pays.

    Raises:
        CertificateError: there is another number of rewards, or one differs by more than 1e-9.
    """
    if not isinstance(cast(Any, rewards), Sized) or isinstance(rewards, str | bytes):
        raise CertificateError(f"rewards must be a list of numbers, but are {tell(rewards)}")
    if len(rewards) != len(proved):
        raise CertificateError(
            f"rewards must be one for each of {len(proved)} tokens, but are {len(rewards)}"
        )
    for token, (claimed, value) in enumerate(zip(rewards, proved, strict=True)):
        paid = _read_reward(claimed)
        if paid is None or not abs(paid - value) <= _TOLERANCE:
            raise CertificateError(
                f"reward of token {token} must be {value!r}, as {design!r} pays for this text, "
                f"but is {tell(claimed if paid is None else paid)}"
            )


def _read_reward(claimed: Any) -> float | None:
    """The number itself, that of an array's element too; None for what is none."""
    if isinstance(claimed, bool | str | bytes):
        return None
    try:
        return float(claimed)
    except (TypeError, ValueError, OverflowError):
        return None


def recompute_from(
    known: Known, *, design: str, utility: Utility, slope: float, boundary: str, **kwargs: object
) -> list[float]:
    """What `recompute_rewards` says of a response that is proved already."""
    _check_arguments(design, boundary, kwargs)
    return PAYMENTS[design](Case(known, utility, slope, boundary), **kwargs)


def _check_arguments(design: str, boundary: str, kwargs: dict[str, object]) -> None:
    if boundary not in ("closed", "open"):
        raise ValueError(f"boundary must be 'closed' or 'open', but is {boundary!r}")
    if design not in PAYMENTS:
        raise ValueError(f"design must be one of {', '.join(RECOMPUTABLE)}, but is {design!r}")
    try:
        inspect.signature(PAYMENTS[design]).bind(None, **kwargs)
    except TypeError as mismatch:
        raise ValueError(f"design {design!r} does not take {kwargs}: {mismatch}") from mismatch


def _checked_ends(char_ends: Sequence[int], length: int) -> list[int]:
    try:
        ends = [index(end) for end in char_ends]
    except TypeError:
        raise ValueError(f"char_ends must be a list of int, but is {tell(char_ends)}") from None
    last = ends[-1] if ends else 0
    if ends != sorted(ends) or last != length or any(end < 0 for end in ends):
        raise ValueError(
            f"char_ends must not decrease and must end with {length}, the response's length, but are {ends}"
        )
    return ends

"""Proves the rewards of tokens: what each design pays for a response, from the text and its certificate.

Nothing is trusted but the text and the certificate once its checker has proved it, which comes first each
time. What a checker does not prove, such as scores of prefixes, is refused to be rested on. No code is shared
with the designs or the scorers.
"""

import inspect
from collections.abc import Callable, Sequence, Sized
from typing import Any, Final, cast

from rlsf_gym.certificates.checking import prove_response
from rlsf_gym.certificates.claimed import CertificateError, Claimed, tell
from rlsf_gym.certificates.payments import PAYMENTS, Case, UnprovedError
from rlsf_gym.certificates.proof import Known

__all__ = [
    "RECOMPUTABLE",
    "check_rewards",
    "compare_rewards",
    "recompute_from",
    "recompute_rewards",
]

RECOMPUTABLE: Final[tuple[str, ...]] = tuple(PAYMENTS)
"""The designs whose rewards follow from text and certificate."""

Utility = Callable[[float], float]

# Largest error of a reward.
_TOLERANCE = 1e-9


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
    instance: Any = None,
    closed_ends: Sequence[int] | None = None,
    units: Sequence[tuple[int, int]] | None = None,
    **kwargs: object,
) -> list[float]:
    """Rewards of a response's tokens, from text and certificate alone.

    Args:
        certificate: the certificate of the response; it is proved first.
        prompt: the prompt.
        response: the response.
        design: one of `RECOMPUTABLE`.
        char_ends: for each of K real tokens, how many characters of the response are certain after it.
        utility: what a score is worth.
        slope: slope of the utility at the response's score; only `rule_certificate` and `rlsf_mask` ask for
            it, where the prompt's score is the same to 1e-12.
        boundary: whether a unit counts when it is "closed", or with each of its pieces, "open".
        instance: what the episode was about, where the scorer's domain has instances.
        closed_ends: for each token, how many characters are of closed units, where the checker does not tell.
        units: units of the response as spans of prompt + response, where the checker does not tell.
        kwargs: arguments of the design.

    Returns:
        K rewards.

    Raises:
        CertificateError: If the certificate does not hold.
        ValueError: If an argument is unknown or has an invalid value, `char_ends` are not the ends
            of the tokens of this response, or the checker does not prove what the design rests on.
    """
    _check_arguments(design, boundary, kwargs)  # before anything is proved
    known = prove_response(
        certificate,
        prompt,
        response,
        char_ends=char_ends,
        instance=instance,
        closed_ends=None if closed_ends is None else lambda: closed_ends,
        units=None if units is None else lambda: units,
    )
    return recompute_from(known, design=design, utility=utility, slope=slope, boundary=boundary, **kwargs)


def check_rewards(
    certificate: Claimed,
    prompt: str,
    response: str,
    rewards: Sequence[float],
    *,
    design: str,
    **arguments: Any,
) -> None:
    """Prove that each token was paid what the design pays for it, to 1e-9.

    Args:
        certificate: the certificate of the response; it is proved first.
        prompt: the prompt.
        response: the response.
        rewards: the rewards of K real tokens, float64.
        design: one of `RECOMPUTABLE`.
        arguments: all others that `recompute_rewards` takes.

    Raises:
        CertificateError: If the certificate does not hold, there is another number of rewards, or one is not
            what the text proves; the message names the first such token.
        ValueError: As for `recompute_rewards`.
    """
    proved = recompute_rewards(certificate, prompt, response, design=design, **arguments)
    compare_rewards(rewards, proved, design)


def compare_rewards(rewards: Sequence[float], proved: Sequence[float], design: str) -> None:
    """Hold what was paid against what a design pays.

    Raises:
        CertificateError: If there is another number of rewards, or one differs by more than 1e-9.
    """
    if not isinstance(cast(Any, rewards), Sized) or isinstance(rewards, str | bytes):
        raise CertificateError(f"rewards must be a list of numbers, but are {tell(rewards)}")
    if len(rewards) != len(proved):
        raise CertificateError(
            f"rewards must be one for each of {len(proved)} tokens, but are {len(rewards)}"
        )
    if {*map(type, rewards)} <= {float} and rewards == proved:  # mostly to the bit
        return
    for token, (claimed, value) in enumerate(zip(rewards, proved, strict=True)):
        paid = claimed if type(claimed) is float else _read_reward(claimed)
        if paid is None or not abs(paid - value) <= _TOLERANCE:
            raise CertificateError(
                f"reward of token {token} must be {value!r}, as {design!r} pays for this text, "
                f"but is {tell(claimed if paid is None else paid)}"
            )


def _read_reward(claimed: Any) -> float | None:
    """Number of a reward, an array's element included; None for a value that is not a number."""
    if isinstance(claimed, bool | str | bytes):
        return None
    try:
        return float(claimed)
    except (TypeError, ValueError, OverflowError):
        return None


def recompute_from(
    known: Known, *, design: str, utility: Utility, slope: float, boundary: str, **kwargs: object
) -> list[float]:
    """Rewards of a response that is proved already, as `recompute_rewards` works them out.

    Raises:
        UnprovedError: If the checker does not prove what the design rests on.
    """
    _check_arguments(design, boundary, kwargs)
    try:
        return PAYMENTS[design](Case(known, utility, slope, boundary), **kwargs)
    except UnprovedError as missing:
        raise UnprovedError(
            f"design {design!r} rests on {missing}, which this scorer's checker does not prove: return a "
            "Proof from it that does"
        ) from None


def _check_arguments(design: str, boundary: str, kwargs: dict[str, object]) -> None:
    if boundary not in ("closed", "open"):
        raise ValueError(f"boundary must be 'closed' or 'open', but is {boundary!r}")
    if design not in PAYMENTS:
        raise ValueError(f"design must be one of {', '.join(RECOMPUTABLE)}, but is {design!r}")
    if not kwargs:  # all of a payment's own arguments have defaults
        return
    try:
        inspect.signature(PAYMENTS[design]).bind(None, **kwargs)
    except TypeError as mismatch:
        raise ValueError(f"design {design!r} does not take {kwargs}: {mismatch}") from mismatch

"""Refuses feedback that does not check: scores without proof, and rewards that the proof does not give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from rlsf_gym.checker import RECOMPUTABLE, CertificateError, check_rewards
from rlsf_gym.designs import DESIGNS, Design
from rlsf_gym.evidence import Evidence, FloatArray

__all__ = ["verify_feedback"]

# Largest error of a score, a reward or a sum of rewards.
_TOLERANCE = 1e-9


def verify_feedback(
    design: Design,
    evidence: Evidence,
    rewards: FloatArray,
    *,
    prompt: str,
    response: str,
    char_ends: Sequence[int],
    boundary: str,
    utility: Callable[[float], float],
) -> None:
    """Checks the score of a response and the rewards of its tokens.

    The certificate is proved from the texts, and the score must be the one that it proves. Rewards of a
    design in `rlsf_gym.checker.RECOMPUTABLE` are worked out again from text and certificate. Of any other
    design, whose rewards rest on more than these, what it declares is checked: that it conserves, that it is
    bounded.

    Args:
        design: What laid the rewards.
        evidence: What it was told.
        rewards: float64 (T,), what it laid.
        prompt: The prompt.
        response: The response.
        char_ends: For each of its K real tokens, how many characters are certain after it.
        boundary: "closed" or "open".
        utility: What a score is worth.

    Raises:
        CertificateError: If something does not hold; the message names the record, the token or the promise.
        ValueError: If the scorer certifies another score than it returns.
    """
    certificate = evidence.certificate
    assert certificate is not None
    if abs(certificate.score - evidence.score) > _TOLERANCE:
        certificate.check(prompt, response)  # which of the two is wrong?
        raise ValueError(
            f"scorer {certificate.scorer!r} certified the score {certificate.score} "
            f"but returned {evidence.score} for {prompt + response!r}"
        )
    kwargs = _recomputable_kwargs(design)
    if kwargs is None:
        certificate.check(prompt, response)
        _check_declared(design, evidence, rewards)
        return
    check_rewards(
        certificate,
        prompt,
        response,
        rewards[: len(char_ends)].tolist(),
        design=design.name,
        char_ends=char_ends,
        utility=utility,
        slope=evidence.slope,
        boundary=boundary,
        **kwargs,
    )


def _recomputable_kwargs(design: Design) -> dict[str, Any] | None:
    """Returns the arguments of a design of ours that the checker knows, None for any other."""
    if design.name not in RECOMPUTABLE or _bare(design.function) is not _bare(DESIGNS[design.name].function):
        return None
    function: Any = design.function
    return dict(function.keywords) if isinstance(function, partial) else {}


def _bare(function: Callable[..., Any]) -> Callable[..., Any]:
    return _bare(function.func) if isinstance(function, partial) else function


def _check_declared(design: Design, evidence: Evidence, rewards: FloatArray) -> None:
    paid = float(rewards.sum())
    if design.conserving and abs(paid - evidence.gain) > _TOLERANCE * max(1.0, abs(evidence.gain)):
        raise CertificateError(
            f"reward design {design.name!r} declares conserving=True: its rewards must add up to the gain "
            f"{evidence.gain}, got {paid}"
        )
    largest = float(np.abs(rewards).max(initial=0.0))
    if design.bounded and largest > 2.0 + _TOLERANCE:
        raise CertificateError(
            f"reward design {design.name!r} declares bounded=True: no reward may be beyond 2, got {largest}"
        )

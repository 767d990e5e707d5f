"""Checks the scores of a scorer that declares a verdict against what that means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rlsf_gym.evidence import BoolArray, FloatArray

__all__ = ["check_alive", "check_prompts", "check_verdict", "check_verdicts"]


def check_verdict(scorer: Any) -> None:
    """Checks what a scorer says of its verdict.

    Raises:
        ValueError: If `verdict` is neither True nor False, or a scorer with one is not bounded.
    """
    declared = getattr(scorer, "verdict", False)
    if not isinstance(declared, bool):
        raise ValueError(f"scorer {scorer.name!r} must have True or False as verdict, got {declared!r}")
    if declared and scorer.bounded is not True:
        raise ValueError(
            f"scorer {scorer.name!r} declares verdict=True, whose scores are 0 or 1: set bounded = True"
        )


def check_verdicts(name: str, scores: FloatArray, texts: Callable[[], Sequence[str]]) -> None:
    """Checks that scores of whole responses are verdicts.

    Args:
        name: Name of the scorer, for the message.
        scores: float64 (N,).
        texts: Returns the responses; called for the message alone.

    Raises:
        ValueError: If one is neither 1 nor 0.
    """
    wrong = (scores != 0.0) & (scores != 1.0)
    if wrong.any():
        at = int(wrong.argmax())
        raise ValueError(
            f"scorer {name!r} declares verdict=True: the score of a whole response must be 1 or 0, got "
            f"{scores[at]} for {texts()[at]!r:.80}"
        )


def check_prompts(name: str, scores: FloatArray, prompts: Sequence[str]) -> None:
    """Checks that prompts can be answered.

    Args:
        name: Name of the scorer, for the message.
        scores: Values before the first character, float64 (B,).
        prompts: B prompts.

    Raises:
        ValueError: If a value is 0: no response would be right, and nothing could be learned.
    """
    if (scores == 0.0).any():
        at = int((scores == 0.0).argmax())
        raise ValueError(
            f"scorer {name!r} declares verdict=True: a prompt must have a right answer, and "
            f"{prompts[at]!r:.80} is worth 0: give another one"
        )


def check_alive(name: str, known: FloatArray, texts: Sequence[str]) -> None:
    """Checks that what is lost stays lost.

    Args:
        name: Name of the scorer, for the message.
        known: Values after each token, and that of the whole response at the last and behind, (B, T).
        texts: B responses.

    Raises:
        ValueError: If a value of 0 is followed by another.
    """
    risen: BoolArray = (known[:, :-1] == 0.0) & (known[:, 1:] != 0.0)
    if risen.any():
        row, at = (int(one[0]) for one in np.nonzero(risen))
        raise ValueError(
            f"scorer {name!r} declares verdict=True: a value of 0 says that no right answer can follow, but "
            f"after token {at} of {texts[row]!r:.80} it is 0 and then {known[row, at + 1]}"
        )

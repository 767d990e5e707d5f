"""Checks that a scorer's prefix values equal its scores of the same texts.

An environment of whole responses is paid by the values of prefixes, one of tokens by those and by the scores
of texts so far: what the two pay is the same only if a text has one score.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlsf_gym.evidence import FloatArray, IntArray
from rlsf_gym.scorers.protocol import Scorer, find_assess_batch

__all__ = ["AgreementWatch"]

_RESPONSES = 16  # that are looked at, the first ones of an environment
_ENDS = 8  # prefixes of each that are scored as texts, too
_EXACT, _PROMISED = 1e-9, 1e-5


class AgreementWatch:
    """Compares a scorer's single, batched and prefix scores on an environment's first responses.

    Args:
        scorer: Scorer to be watched.
    """

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._seen = 0
        is_exact = bool(getattr(scorer, "exact", scorer.verifiable))
        self._tolerance = _EXACT if is_exact else _PROMISED

    @property
    def is_done(self) -> bool:
        """Whether enough responses were compared."""
        return self._seen >= _RESPONSES

    def add_full_ends(self, texts: Sequence[str], ends: Sequence[IntArray]) -> list[IntArray]:
        """Returns offsets into B responses, with its length appended for each response to be compared."""
        left = _RESPONSES - self._seen
        return [
            np.append(one, len(text)) if number < left and text else one
            for number, (text, one) in enumerate(zip(texts, ends, strict=True))
        ]

    def see(
        self,
        prompts: Sequence[str],
        texts: Sequence[str],
        scores: tuple[FloatArray, FloatArray],
        prefixes: tuple[Sequence[IntArray], Sequence[FloatArray]] | None,
    ) -> None:
        """Compares the scores of a batch of responses.

        Args:
            prompts: B prompts.
            texts: B responses.
            scores: Scores of the prompts and of prompts + responses, float64 (B,) each.
            prefixes: B arrays of offsets into the responses, their lengths last, and the B arrays of
                values of their prefixes; None if prefixes were not scored.

        Raises:
            ValueError: If a text got two different scores.
        """
        is_batched = any(
            callable(getattr(self._scorer, name, None)) for name in ("prefix_scores_batch", "assess_batch")
        )
        for row in range(max(0, min(len(texts), _RESPONSES - self._seen))):
            prompt, text = prompts[row], texts[row]
            if prefixes is not None:
                ends, values = prefixes[0][row], prefixes[1][row]
                if text:
                    self._check([prompt + text], values[-1:], scores[1][row : row + 1], "its prefixes")
                # Where one form serves for all, a first response is scored in as few calls as any other.
                if text and (is_batched or self._seen):
                    self._compare_prefixes(prompt, text, ends, values)
            if is_batched and find_assess_batch(self._scorer) is not None:
                expected = np.asarray(self._scorer.score([prompt, prompt + text]), np.float64)
                told = [scores[0][row], scores[1][row]]
                self._check([prompt, prompt + text], told, expected, "assess_batch")
            self._seen += 1

    def _compare_prefixes(self, prompt: str, text: str, ends: IntArray, values: FloatArray) -> None:
        chosen = np.unique(np.linspace(0, len(ends) - 1, _ENDS).astype(np.int64))
        wholes = [prompt + text[:end] for end in ends[chosen].tolist()]
        expected = np.asarray(self._scorer.score(wholes), np.float64)
        self._check(wholes, values[chosen], expected, "its prefixes")
        alone = np.asarray(self._scorer.prefix_scores(prompt, text, ends[chosen]), np.float64)
        self._check(wholes, alone, expected, "prefix_scores")

    def _check(
        self, texts: Sequence[str], found: Sequence[float] | FloatArray, scores: FloatArray, form: str
    ) -> None:
        for text, one, score in zip(texts, found, scores, strict=True):
            if not abs(one - score) <= self._tolerance * max(1.0, abs(score)):
                shown = text if len(text) <= 60 else f"...{text[-60:]}"
                raise ValueError(
                    f"scorer {self._scorer.name!r} must give a text the same score in every form, within "
                    f"{self._tolerance:g}, got {float(one):.9g} by {form} and {float(score):.9g} by score "
                    f"for {shown!r}"
                )

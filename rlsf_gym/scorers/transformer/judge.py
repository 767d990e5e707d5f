"""Any Hugging Face sequence classifier as a judge, which is reported and never trained against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from rlsf_gym.scorers.transformer.scorer import TransformerScorer

__all__ = ["ClassifierJudge"]


class ClassifierJudge:
    """The probability that a sequence classifier gives to the positive label.

    With `label_values` it is the mean value, brought from [-1, 1] to [0, 1]: of the labels negative, neutral
    and positive at -1, 0 and 1 it is p(positive) + p(neutral) / 2.

    Args:
        model: A name on the Hugging Face hub or a local folder.
        **kwargs: Further arguments of `TransformerScorer`, such as `positive_label` or `label_values`.

    Raises:
        ValueError: If there is no such classifier, or its scores are not bounded.
        ImportError: If torch and transformers are not installed.
    """

    held_out: ClassVar[bool] = True
    """Reported, never trained against: environments refuse it as a scorer."""

    def __init__(self, model: str | Path, **kwargs: Any) -> None:
        self._scorer = TransformerScorer(model, **kwargs)
        if not self._scorer.bounded:
            raise ValueError("raw must be False for a judge, whose values are probabilities, got True")

    def predict(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Returns the probability that each of N texts is positive, (N,) float64 in [0, 1]."""
        return np.clip((self._scorer.score(texts) + 1.0) / 2.0, 0.0, 1.0)

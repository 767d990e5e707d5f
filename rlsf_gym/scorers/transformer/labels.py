"""Labels of a classifier to one score: which of them speak for a text, and how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlsf_gym.arguments import Argument, ArgumentError

__all__ = ["LabelWeights", "weigh_labels"]

FloatArray = npt.NDArray[np.float64]

_LABEL_VALUES = Argument("scorer_kwargs.label_values")
_POSITIVE_LABEL = Argument("scorer_kwargs.positive_label")

# Pairs of negative and positive, in lower case. Not LABEL_0 and LABEL_1: those are names that nobody gave,
# and a classifier of toxic comments or of facts has them too.
_KNOWN_PAIRS = (("negative", "positive"), ("neg", "pos"))


@dataclass(frozen=True)
class LabelWeights:
    """Weights of a classifier's labels in the score.

    With weights w and logits z, the score is sum_l w_l softmax(z)_l, or sum_l w_l z_l where it is raw.
    """

    labels: tuple[str, ...]
    weights: tuple[float, ...]
    """One for each label, in [-1, 1]."""
    raw: bool = False
    """Whether the logits are weighed rather than the probabilities: a score without bounds."""

    def probabilities(self, logits: FloatArray) -> FloatArray:
        """Returns the softmax of logits (N, L), (N, L) float64."""
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def scores(self, logits: FloatArray) -> FloatArray:
        """Returns the scores of logits (N, L), (N,) float64.

        >>> LabelWeights(("neg", "pos"), (-1.0, 1.0), raw=True).scores(np.array([[1.0, 3.0]]))
        array([2.])
        """
        values = logits if self.raw else self.probabilities(logits)
        return values @ np.asarray(self.weights, dtype=np.float64)


def weigh_labels(
    labels: Sequence[str],
    *,
    positive_label: str | None = None,
    label_values: Mapping[str, float] | None = None,
    raw: bool = False,
) -> LabelWeights:
    """Returns the weight of each label of a classifier.

    Args:
        labels: The classifier's labels, in the order of its logits.
        positive_label: The positive one of two; by default the one named `positive` or `pos`, in any case.
        label_values: Label to value in [-1, 1], for classifiers of any number of labels.
        raw: Whether the score is the difference of the two logits.

    Raises:
        ValueError: If the labels do not tell which is the positive one, or the arguments do not fit them.
    """
    if label_values is not None:
        if raw or positive_label is not None:
            raise ArgumentError(
                _LABEL_VALUES, " must stand alone, got raw or positive_label as well: pass one of them"
            )
        return LabelWeights(tuple(labels), _check_values(labels, label_values))
    if len(labels) != 2:
        raise ArgumentError(
            _LABEL_VALUES,
            f" must map each label to [-1, 1] for a classifier of {len(labels)} labels: "
            f"{', '.join(map(repr, labels))}",
        )
    shown = ", ".join(map(repr, labels))
    positive = _find_positive(labels) if positive_label is None else positive_label
    if positive is None:
        raise ArgumentError(
            _POSITIVE_LABEL,
            f" must say which of {shown} is the positive one, their names do not: pass it, or ",
            _LABEL_VALUES,
            f" such as {dict(zip(labels, (-1.0, 1.0), strict=True))}",
        )
    if positive not in labels:
        raise ArgumentError(
            _POSITIVE_LABEL, f" must be one of {shown}, got {positive!r}: pass it, or ", _LABEL_VALUES
        )
    return LabelWeights(tuple(labels), tuple(1.0 if label == positive else -1.0 for label in labels), raw)


def _find_positive(labels: Sequence[str]) -> str | None:
    by_name = {label.lower(): label for label in labels}
    for negative, positive in _KNOWN_PAIRS:
        if by_name.keys() == {negative, positive}:
            return by_name[positive]
    return None


def _check_values(labels: Sequence[str], label_values: Mapping[str, float]) -> tuple[float, ...]:
    if set(label_values) != set(labels):
        raise ArgumentError(
            _LABEL_VALUES,
            f" must have the labels {', '.join(map(repr, labels))}, "
            f"got {', '.join(map(repr, label_values)) or 'none'}",
        )
    for label, value in label_values.items():
        if not -1 <= value <= 1:
            raise ArgumentError(_LABEL_VALUES, f" must lie in [-1, 1], got {value} for {label!r}")
    return tuple(float(label_values[label]) for label in labels)

"""Attributions of a sequence classifier to each character of a response."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.scorers.transformer.attention import attend, reads_last_token
from rlsf_gym.scorers.transformer.gradients import integrate_gradients
from rlsf_gym.scorers.transformer.labels import LabelWeights
from rlsf_gym.scorers.transformer.probe import Row

__all__ = ["Attributor", "TextReading", "lay_on_response"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class TextReading(NamedTuple):
    """Classifier's input for prompt + response: token ids, their characters, and the response's span."""

    ids: list[int]
    """Token ids of the K tokens."""
    char_spans: IntArray
    """int64 (K, 2), the characters of the text that each token stands for; empty for special tokens."""
    char_start: int
    """Offset of the response's first character."""
    char_end: int
    """Offset after the response's last character."""
    token_types: list[int] | None = None
    """Segments of the K tokens, where they are not all 0."""

    @classmethod
    def of_encoding(cls, encoding: Any, *, char_start: int, char_end: int) -> TextReading:
        """Returns the reading that a fast tokenizer's encoding, offsets and special tokens mask tell.

        A token whose characters the tokenizer trims off its offsets, such as a lone space, stands for the
        last of them.
        """
        spans = np.array(encoding["offset_mapping"], np.int64).reshape(-1, 2)
        special = np.array(encoding["special_tokens_mask"], np.bool_)
        trimmed = ~special & (spans[:, 0] == spans[:, 1])
        spans[trimmed] = np.maximum(spans[trimmed] - [1, 0], [0, 1])
        spans[special] = 0
        types: list[int] = encoding.get("token_type_ids") or []
        return cls(encoding["input_ids"], spans, char_start, char_end, types if any(types) else None)

    @property
    def row(self) -> Row:
        """Model inputs of the text, as a row of a batch."""
        ids = {"input_ids": self.ids}
        return ids if self.token_types is None else ids | {"token_type_ids": self.token_types}

    @property
    def is_response(self) -> BoolArray:
        """Whether a token stands for a character of the response, bool (K,)."""
        return self.char_spans[:, 1] > self.char_start


class Attributor:
    """Attributes what a classifier says of texts to the characters of their responses.

    Args:
        model: The classifier.
        tokenizer: Its tokenizer.
        weights: What makes a score of its logits.
        name: What messages call it.
        gradient_steps: Points at which the gradient is taken.
        batch_size: Number of texts in one pass.

    Raises:
        ValueError: If the model is no single stack of layers, or its tokenizer tells no offsets.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        weights: LabelWeights,
        *,
        name: str,
        gradient_steps: int,
        batch_size: int,
    ) -> None:
        _check_architecture(model, tokenizer, name)
        self.model = model
        self.tokenizer = tokenizer
        self.weights = weights
        self.name = name
        self.gradient_steps = gradient_steps
        self.batch_size = batch_size

    def attribute(
        self, readings: Sequence[TextReading], inputs: dict[str, Any], method: str
    ) -> list[FloatArray]:
        """Returns the value of each character of N responses, float64 (its length,) each.

        Args:
            readings: N texts, at most `batch_size`, each with a token of the response.
            inputs: The model's inputs for them, `input_ids` and others, (N, K) int64 each.
            method: `"attention"` or `"gradient"`.

        Raises:
            ValueError: If a value is not finite.
        """
        values = self._attend(inputs) if method == "attention" else self._integrate(readings, inputs)
        if not np.isfinite(values).all():
            raise ValueError(f"scorer {self.name!r} must give finite attributions, got others by {method!r}")
        laid = [lay_on_response(row, reading) for row, reading in zip(values, readings, strict=True)]
        return [row / (row.sum() or 1.0) for row in laid] if method == "attention" else laid

    @cached_property
    def _reads_last(self) -> bool:
        return reads_last_token(self.model, self.tokenizer, self.name)

    def _attend(self, inputs: dict[str, Any]) -> FloatArray:
        return attend(self.model, inputs, last=self._reads_last)

    def _integrate(self, readings: Sequence[TextReading], inputs: dict[str, Any]) -> FloatArray:
        replaced = np.zeros(tuple(inputs["input_ids"].shape), np.bool_)  # (N, K)
        for row, reading in zip(replaced, readings, strict=True):
            row[: len(reading.ids)] = reading.is_response
        return integrate_gradients(
            self.model,
            inputs,
            replaced,
            self.weights,
            baseline_id=self.tokenizer.pad_token_id,
            steps=self.gradient_steps,
            batch_size=self.batch_size,
        )


def lay_on_response(values: FloatArray, reading: TextReading) -> FloatArray:
    """Returns the value of each character of the response, float64 (its length,).

    A token's value is split evenly over the characters that it stands for; what falls on the prompt is left
    out, and a character of several tokens has the sum of their parts.

    Args:
        values: float64, of the K tokens and of padding behind them; those of special tokens are left out.
        reading: The K tokens.

    Example:
        >>> reading = TextReading([5, 6], np.array([[0, 4], [4, 6]]), 3, 6)
        >>> lay_on_response(np.array([4.0, 1.0]), reading).tolist()
        [1.0, 0.5, 0.5]
    """
    found = np.zeros(reading.char_end)
    for value, (start, end) in zip(values[: len(reading.ids)], reading.char_spans, strict=True):
        found[start:end] += value / max(end - start, 1)
    return found[reading.char_start :]


def _check_architecture(model: Any, tokenizer: Any, name: str) -> None:
    """Checks that the tokens of a model can be attributed to.

    Raises:
        ValueError: If it is no single stack of layers, or its tokenizer tells no offsets.
    """
    if model.config.is_encoder_decoder:
        raise ValueError(
            f"scorer {name!r} must be an encoder or a decoder to offer attributions, got an encoder-decoder "
            f"of type {model.config.model_type!r}: use another model or another reward design"
        )
    if not tokenizer.is_fast:
        raise ValueError(
            f"scorer {name!r} must have a fast tokenizer to offer attributions, got "
            f"{type(tokenizer).__name__}, which tells no offsets: save it with a tokenizer.json"
        )

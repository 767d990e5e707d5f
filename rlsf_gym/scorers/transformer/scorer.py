"""Any Hugging Face sequence classifier as a scorer.

A classifier gives no reasons: its certificate names the probabilities of its labels and the hash of its
weights, and nothing in it can be proved. What it attributes to characters is no proof either. Scores of a
text agree to 1e-5 whatever else is in the batch: weights are read in single precision, however they are
stored, and texts are padded only where a model's answers do not change with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rlsf_gym.certificates.certificate import Certificate
from rlsf_gym.scorers.transformer.attributions import Attributor, TextReading
from rlsf_gym.scorers.transformer.files import import_torch, load_classifier
from rlsf_gym.scorers.transformer.labels import LabelWeights, weigh_labels
from rlsf_gym.scorers.transformer.probe import (
    Row,
    check_length,
    longest_text,
    probe_classifier,
    stack_rows,
)

__all__ = ["TransformerScorer"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class TransformerScorer:
    """Scores texts with a sequence classifier: p(positive) - p(negative).

    Weights are read from safetensors only, in single precision, and no code that comes with a model is run.
    Special tokens inside a text are plain text, and no chat template is put around it.

    A head of one logit z, such as a reward model's, is taken as the sigmoid of the positive class: its score
    is 2 sigmoid(z) - 1 = tanh(z / 2), or z itself with `raw=True`. A head that says of itself that it is a
    regression is refused without `raw=True`, as its number is no log-odds, and one for several labels at once
    is refused altogether.

    Args:
        model: A name on the Hugging Face hub or a local folder.
        positive_label: The positive one of two labels, where the model's own names do not tell: `LABEL_0`
            and `LABEL_1` do not.
        label_values: Label to value in [-1, 1]; needed for models of three labels or more. The score is the
            mean value under the model's probabilities.
        raw: Whether to score by the difference of the two logits, which is not bounded.
        batch_size: Number of texts in one pass.
        max_length: Number of tokens that a text may have; by default as many as its tokenizer, its
            configuration and its tables of positions allow.
        truncate: Whether the tokens beyond `max_length` are ignored; otherwise such a text raises.
        device: Where the model runs, such as `"cuda"`; the CPU by default.
        gradient_steps: Points at which the attributions "gradient" take the gradient; each costs about three
            scorings.

    Raises:
        ValueError: If there is no such classifier, its labels do not tell which is the positive one, it can't
            read a short text, or `max_length` is more than its positions.
        ImportError: If torch and transformers are not installed.
    """

    name = "transformer"
    verifiable = False
    attribution_methods = ("attention", "gradient")

    def __init__(
        self,
        model: str | Path,
        *,
        positive_label: str | None = None,
        label_values: Mapping[str, float] | None = None,
        raw: bool = False,
        batch_size: int = 32,
        max_length: int | None = None,
        truncate: bool = True,
        device: str | None = None,
        gradient_steps: int = 32,
    ) -> None:
        numbers = {"batch_size": batch_size, "max_length": max_length, "gradient_steps": gradient_steps}
        for key, number in numbers.items():
            if number is not None and number < 1:
                raise ValueError(f"{key} must be at least 1, got {number}")
        self.model_name = str(model)
        self.truncate = truncate
        self.batch_size = batch_size
        self.gradient_steps = gradient_steps
        self._model, self._tokenizer = load_classifier(self.model_name, device or "cpu")
        self._weights = _weigh(
            self._model.config, positive_label=positive_label, label_values=label_values, raw=raw
        )
        self.max_length = longest_text(self._model.config, self._tokenizer)
        self._pads = False
        positions, self._pads = probe_classifier(
            self._model,
            self._tokenizer,
            self._encode("a"),
            self._encode("a a a a a a a"),
            name=self.model_name,
        )
        self.max_length = check_length(max_length, self.max_length, positions)

    @property
    def bounded(self) -> bool:
        """Whether every score lies in [-1, 1]: not so for raw ones."""
        return not self._weights.raw

    @cached_property
    def model_hash(self) -> str:
        """SHA-256 of the names and values of the model's weights."""
        digest = sha256()
        for key, tensor in sorted(self._model.state_dict().items()):
            digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(import_torch().uint8).numpy())
        return digest.hexdigest()

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Returns the unrounded scores of N texts, (N,) float64; equal texts go through the model once."""
        return self._weights.scores(self._logits(texts))

    def prefix_scores(self, prompt: str, response: str, char_ends: IntArray) -> FloatArray:
        """Returns the scores of `prompt + response[:end]` for each of K ends, (K,) float64."""
        return self.score([prompt + response[:end] for end in char_ends])

    def prefix_scores_batch(
        self, prompts: Sequence[str], responses: Sequence[str], char_ends: Sequence[IntArray]
    ) -> list[FloatArray]:
        """Returns `prefix_scores` of B responses from one pass over all distinct prefixes."""
        rows = zip(prompts, responses, char_ends, strict=True)
        texts = [prompt + response[:end] for prompt, response, ends in rows for end in ends]
        borders = np.cumsum([len(ends) for ends in char_ends])[:-1]
        return np.split(self.score(texts), borders) if char_ends else []

    def certify(self, prompt: str, response: str) -> Certificate:
        """Returns the probabilities of the labels and the hash of the model: nothing that can be proved."""
        return self.certify_batch([prompt], [response])[0]

    def certify_batch(self, prompts: Sequence[str], responses: Sequence[str]) -> list[Certificate]:
        """Returns the certificate of each pair, from one pass over all texts."""
        texts = [prompt + response for prompt, response in zip(prompts, responses, strict=True)]
        logits = self._logits([*prompts, *texts])  # (2 B, L) float64
        scores: list[float] = self._weights.scores(logits).tolist()
        probabilities: list[list[float]] = self._weights.probabilities(logits)[len(texts) :].tolist()
        return [
            Certificate.opaque(
                scorer=self.name,
                model_hash=self.model_hash,
                labels=dict(zip(self._weights.labels, row, strict=True)),
                prompt_score=prompt_score,
                score=score,
                length=len(text),
            )
            for text, row, prompt_score, score in zip(
                texts, probabilities, scores[: len(texts)], scores[len(texts) :], strict=True
            )
        ]

    def attributions_batch(
        self, prompts: Sequence[str], responses: Sequence[str], method: str
    ) -> list[FloatArray]:
        """Returns the classifier's attributions to the characters of B responses, each float64 (length,).

        A token's value is split evenly over its characters, those in the prompt included; characters beyond
        `max_length` tokens, or of no token, have 0. Values agree to 1e-5 whatever else is in the batch.

        Args:
            prompts: B prompts.
            responses: B responses.
            method: `"attention"`: the weights, >= 0 and adding up to 1, of the response's characters in the
                last layer's attention of the token that the classification head reads, mean over heads (Chan
                et al. 2024). `"gradient"`: integrated gradients of the score from the text with the padding
                token in place of each token of the response (Sundararajan et al. 2017); where no token
                straddles prompt and response they add up to the difference of the scores of the two, up to
                the quadrature's error. In small random models that is within 2e-3 with 32 steps and 5e-6 with
                128; where the head has kinks (DistilBERT's ReLU), within 2e-2 and 5e-3.

        Raises:
            ValueError: If there is no such method, or the model can't serve it: an encoder-decoder, a
                tokenizer without offsets, a head that reads other tokens than the first or the last one.
            ImportError: If captum is not installed, for `"gradient"`.
        """
        if method not in self.attribution_methods:
            known = ", ".join(map(repr, self.attribution_methods))
            raise ValueError(f"method must be one of {known}, got {method!r}")
        attributor = self._attributor
        pairs = list(zip(prompts, responses, strict=True))
        readings = {pair: self._read(*pair) for pair in pairs}
        found = {pair: np.zeros(len(pair[1])) for pair in readings}
        waiting = [pair for pair, reading in readings.items() if reading.is_response.any()]
        for rows in self._batches([len(readings[pair].ids) for pair in waiting]):
            batch = [readings[waiting[row]] for row in rows]
            values = attributor.attribute(batch, self._inputs([one.row for one in batch]), method)
            found.update(zip((waiting[row] for row in rows), values, strict=True))
        return [found[pair].copy() for pair in pairs]

    @cached_property
    def _attributor(self) -> Attributor:
        return Attributor(
            self._model,
            self._tokenizer,
            self._weights,
            name=self.model_name,
            gradient_steps=self.gradient_steps,
            batch_size=self.batch_size,
        )

    def _read(self, prompt: str, response: str) -> TextReading:
        text = prompt + response
        encoding = self._tokenise(text, return_offsets_mapping=True, return_special_tokens_mask=True)
        return TextReading.of_encoding(encoding, char_start=len(prompt), char_end=len(text))

    def _logits(self, texts: Sequence[str]) -> FloatArray:
        """Returns the logits of N texts, (N, L) float64, in batches of texts of about equal length."""
        rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        encoded = [self._encode(text) for text in rows]
        logits = np.empty((len(rows), len(self._weights.labels)))  # (N, L) float64
        for batch in self._batches([len(row["input_ids"]) for row in encoded]):
            logits[batch] = self._forward([encoded[row] for row in batch])
        for text, row in rows.items():
            if not np.isfinite(logits[row]).all():
                raise ValueError(
                    f"scorer {self.model_name!r} must give finite logits, "
                    f"got {logits[row].tolist()} for {text!r}"
                )
        return logits[[rows[text] for text in texts]]

    def _batches(self, lengths: list[int]) -> Iterator[list[int]]:
        """Yields the numbers of texts of so many tokens, in batches of about equal length.

        Of exactly equal length, where the model's answers change with padding.
        """
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        runs = [order] if self._pads else [list(run) for _, run in groupby(order, key=lengths.__getitem__)]
        for run in runs:
            for start in range(0, len(run), self.batch_size):
                yield run[start : start + self.batch_size]

    def _encode(self, text: str) -> Row:
        """Returns the ids of a text; one without tokens is the padding token, for a model needs an input."""
        encoding = self._tokenise(text)
        row: dict[str, list[int]] = {"input_ids": encoding["input_ids"] or [self._tokenizer.pad_token_id]}
        types: list[int] = encoding.get("token_type_ids") or []
        # Of one text only XLNet's tokenizer has another segment than 0, that of [CLS].
        return row | {"token_type_ids": types} if any(types) else row

    def _tokenise(self, text: str, **more: bool) -> Any:
        """Returns the tokenizer's encoding of a text: its `input_ids` and what `more` asks for."""
        encoding = self._tokenizer(
            text,
            truncation=self.truncate,
            max_length=self.max_length,
            split_special_tokens=True,
            verbose=False,
            **more,
        )
        ids = encoding["input_ids"]
        if len(ids) > self.max_length:
            raise ValueError(
                f"text must have at most {self.max_length} tokens for scorer {self.model_name!r}, "
                f"got {len(ids)}: pass truncate=True to ignore the rest"
            )
        return encoding

    def _inputs(self, rows: list[Row]) -> dict[str, Any]:
        """Returns the model's inputs for N texts, (N, width) int64 each, padded on the right."""
        return stack_rows(self._model, rows, self._tokenizer.pad_token_id)

    def _forward(self, rows: list[Row]) -> FloatArray:
        with import_torch().inference_mode():
            logits = self._model(**self._inputs(rows)).logits
        found: FloatArray = logits.double().cpu().numpy()  # (N, L) float64
        # One logit z is the sigmoid of the positive class: softmax of (0, z).
        return np.hstack([np.zeros_like(found), found]) if found.shape[1] == 1 else found


def _weigh(config: Any, **arguments: Any) -> LabelWeights:
    """Returns the weights of a model's labels; a head of one logit has the labels negative and positive."""
    kind = config.problem_type
    if kind == "multi_label_classification":
        raise ValueError(f"model must choose one of its labels, got a {kind} head: use another model")
    if kind == "regression" and not arguments["raw"]:
        raise ValueError(
            f"model must choose one of its labels, got a regression head of {config.num_labels}: use another "
            "model, or raw=True for the number that a head of one gives, which is not bounded"
        )
    labels = [str(config.id2label[index]) for index in range(config.num_labels)]
    return weigh_labels(labels if len(labels) > 1 else ["negative", "positive"], **arguments)

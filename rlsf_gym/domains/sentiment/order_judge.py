"""The held-out judge that reads word order: a small transformer over words, in NumPy.

Two layers of width 64, whose attention knows how far words are apart, trained by
`examples/workshop/train_order_judge.py` on a half of the labelled IMDB reviews that cuts across those of the
linear judges, on unlabelled reviews, and on labelled phrases of the Stanford Sentiment Treebank.
`assets/JUDGE.md` has its statistics and limits.

Each text is read by itself, without padding: its probability is the same to the bit in any batch.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from rlsf_gym.arguments import one_line
from rlsf_gym.domains.sentiment.judge import Judge
from rlsf_gym.domains.sentiment.judge_file import read_arrays, read_number

WIDTH = 64
"""Width of the stream between layers."""
HEADS = 4
"""Heads of attention, each of width 16."""
INNER = 128
"""Width inside a layer's perceptron."""
LAYERS = 2
REACH = 12
"""Words farther apart than this share a bias of attention."""
BUCKETS = 512
"""Rows of words outside the vocabulary; such a word's row is the CRC-32 of its bytes modulo this."""
WINDOW = 64
"""Most words that are read at once."""

_FILE = Path(__file__).parent / "assets" / "judge-order.npz"
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.,;:!?]")
_CONTENTS = "the words, weights, temperature and bias of an order judge"
_LAYER_SHAPES = {
    "queries_keys_values": (WIDTH, 3 * WIDTH),
    "queries_keys_values_bias": (3 * WIDTH,),
    "distances": (HEADS, 2 * REACH + 1),
    "attended": (WIDTH, WIDTH),
    "attended_bias": (WIDTH,),
    "inner": (WIDTH, INNER),
    "inner_bias": (INNER,),
    "outer": (INNER, WIDTH),
    "outer_bias": (WIDTH,),
}
Floats = NDArray[np.float32]


def list_shapes(words: int) -> dict[str, tuple[int, ...]]:
    """Returns the shape of each array of weights, by name.

    Args:
        words: Number of words in the vocabulary.
    """
    layers = {f"{name}_{n}": shape for n in range(LAYERS) for name, shape in _LAYER_SHAPES.items()}
    return {"embedding": (1 + BUCKETS + words, WIDTH), **layers, "head": (2 * WIDTH,)}


def split_words(text: str) -> list[str]:
    """Returns the lower-cased words of a text, marks of punctuation among them.

    >>> split_words("Good, it ISN'T -- boring!")
    ['good', ',', 'it', "isn't", 'boring', '!']
    """
    return _WORD.findall(text.lower())


def bucket_of(word: str) -> int:
    """Returns the row of a word outside the vocabulary, in [1, BUCKETS]."""
    return 1 + zlib.crc32(word.encode("utf-8", "replace")) % BUCKETS


@dataclass(frozen=True, eq=False)
class OrderJudge:
    """Frozen classifier of positive texts that reads word order.

    A text of more than `WINDOW` words is cut into equal windows, and has the mean of their log-odds, each
    weighted by its words.

    Args:
        words: The vocabulary, in the order of the embedding's rows behind those of the buckets.
        weights: Floating-point arrays of `list_shapes`, finite. Row 0 of the embedding starts each window.
        temperature: Above 0; divides the log-odds.
        bias: Log-odds that are added then.

    Raises:
        ValueError: If words or weights are not as described.
    """

    held_out: ClassVar[bool] = True
    """Whether the model is held out: environments report it, and refuse it as a scorer."""

    words: Sequence[str]
    weights: Mapping[str, NDArray[np.floating[Any]]]
    temperature: float = 1.0
    bias: float = 0.0
    _rows: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Checks the arrays and makes float32 copies of them."""
        if len(set(self.words)) != len(self.words):
            raise ValueError("words must be distinct, got one of them twice")
        shapes = list_shapes(len(self.words))
        for name, shape in shapes.items():
            _check_weights(name, self.weights[name], shape)
        if not (np.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"temperature must be a finite number above 0, got {self.temperature}")
        if not np.isfinite(self.bias):
            raise ValueError(f"bias must be finite, got {self.bias}")
        rows = {word: row for row, word in enumerate(self.words, start=1 + BUCKETS)}
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "weights", {name: self.weights[name].astype(np.float32) for name in shapes})

    @classmethod
    def load(cls, path: str | PathLike[str] = _FILE) -> OrderJudge:
        """Returns the bundled judge, or one from an .npz file that `save` wrote.

        Raises:
            ValueError: If the file is missing or does not hold such a judge.
        """
        file = Path(path)
        arrays = read_arrays(file, ("words", *list_shapes(0), "temperature", "bias"), _CONTENTS)
        words = _read_words(file, arrays["words"])
        numbers = (read_number(file, arrays, name) for name in ("temperature", "bias"))
        try:
            return cls(words, {name: arrays[name] for name in list_shapes(0)}, *numbers)
        except ValueError as error:
            raise ValueError(f"judge file {file} must be an .npz of {_CONTENTS}: {error}") from error

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the judge as a compressed .npz, weights in half precision."""
        arrays = {name: array.astype(np.float16) for name, array in self.weights.items()}
        with Path(path).open("wb") as file:
            np.savez_compressed(
                file,
                words=np.frombuffer("\n".join(self.words).encode("utf-8"), np.uint8),
                temperature=np.float64(self.temperature),
                bias=np.float64(self.bias),
                **cast(Any, arrays),
            )

    def log_odds(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Returns the log-odds of each text, before temperature and bias; (N,) float64."""
        if isinstance(texts, str):
            raise ValueError("texts must be a sequence of strings, got one string; put it into a list")
        return np.array([self._read(text) for text in texts], dtype=np.float64)

    def predict(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Returns the probability that each text is positive.

        Args:
            texts: N texts.

        Returns:
            (N,) float64 in [0, 1].
        """
        return 0.5 * (1.0 + np.tanh(0.5 * (self.log_odds(texts) / self.temperature + self.bias)))

    def encode(self, text: str) -> NDArray[np.int64]:
        """Returns the rows of a text's words in the embedding, int64."""
        rows = self._rows
        found = [rows.get(word) or bucket_of(word) for word in split_words(text)]
        return np.array(found, dtype=np.int64)

    def _read(self, text: str) -> float:
        rows = self.encode(text)
        windows = np.array_split(rows, max(1, -(-len(rows) // WINDOW)))
        sums = [max(1, len(window)) * self._read_window(window) for window in windows]
        return sum(sums) / max(1, len(rows))

    def _read_window(self, rows: NDArray[np.int64]) -> float:
        """Returns the log-odds of a window, given the rows of its words."""
        weights = self.weights
        stream = weights["embedding"][np.concatenate([[0], rows])]  # (N + 1, WIDTH) float32
        for layer in range(LAYERS):
            own = {name: weights[f"{name}_{layer}"] for name in _LAYER_SHAPES}
            stream = stream + _attend(_normalise(stream), own)
            inner = np.maximum(_normalise(stream) @ own["inner"] + own["inner_bias"], 0.0)
            stream = stream + (inner @ own["outer"] + own["outer_bias"])
        last = _normalise(stream)
        return float(np.concatenate([last.mean(axis=0), last.max(axis=0)]) @ weights["head"])


def _attend(stream: Floats, own: Mapping[str, Floats]) -> Floats:
    """Returns what the heads of a layer gather for each word, (N, WIDTH)."""
    count = len(stream)
    mixed = stream @ own["queries_keys_values"] + own["queries_keys_values_bias"]
    queries, keys, values = mixed.reshape(count, 3, HEADS, -1).transpose(1, 2, 0, 3)  # (HEADS, N, 16) each
    at = np.arange(count)
    apart = np.clip(at - at[:, None], -REACH, REACH) + REACH  # (N, N): how far a word is behind another
    scores = queries @ keys.transpose(0, 2, 1) / np.float32(np.sqrt(WIDTH // HEADS))
    scores = scores + own["distances"][:, apart]
    shares = np.exp(scores - scores.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    gathered = (shares @ values).transpose(1, 0, 2).reshape(count, WIDTH)
    return gathered @ own["attended"] + own["attended_bias"]


def _normalise(stream: Floats) -> Floats:
    """Returns rows of mean 0 and variance 1."""
    centred = stream - stream.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(axis=1, keepdims=True) + np.float32(1e-5))


def _check_weights(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape or not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"{name} must be floating point of shape {shape}, got {array.dtype} {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")


def _read_words(file: Path, array: NDArray[Any]) -> list[str]:
    """Returns the vocabulary of a file, one word a line of UTF-8."""
    if array.ndim != 1 or array.dtype != np.uint8:
        raise ValueError(f"words in {file} must be bytes of text, got {array.dtype} {array.shape}")
    try:
        return array.tobytes().decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"words in {file} must be UTF-8, got {one_line(error)}") from error


def load_order() -> OrderJudge:
    """Returns the bundled judge that reads word order."""
    return OrderJudge.load()


def read_judge(spec: str) -> Judge | OrderJudge:
    """Returns the judge in a file: one that reads word order if it holds an embedding, or else a linear one.

    Raises:
        ValueError: If the file is missing or does not hold a judge.
    """
    return OrderJudge.load(spec) if _has_embedding(Path(spec)) else Judge.load(spec)


def _has_embedding(file: Path) -> bool:
    if not zipfile.is_zipfile(file):
        return False
    try:
        with zipfile.ZipFile(file) as members:
            return "embedding.npy" in members.namelist()
    except zipfile.BadZipFile:
        return False

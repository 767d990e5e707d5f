"""The linear held-out judge: a word n-gram classifier that is reported and never trained against.

Two of them are bundled, trained on disjoint halves of the labelled IMDB reviews by
`examples/workshop/train_judge.py`: "bundled" and "bundled-b". Their temperature and bias are those that fit
pieces of 8 to 32 tokens of reviews unseen in training, and stay as they are.

The judge counts words and pairs of neighbouring words. It does not see word order beyond pairs, irony, or
what a pair like "not bad" means where training did not show it; its probabilities were fitted for short
texts, not for whole reviews. `assets/JUDGE.md` has its statistics.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsf_gym.arguments import did_you_mean
from rlsf_gym.domains.sentiment.judge_file import read_arrays, read_number

BUCKETS = 2**18
"""Number of weights; a feature's bucket is the CRC-32 of its bytes modulo this."""

BUNDLED = {"bundled": "judge-a.npz", "bundled-b": "judge-b.npz"}
"""Bundled linear judges: name to file."""

NAMES = (*BUNDLED, "order")
"""Names of all bundled judges; `OrderJudge.load` returns the last one."""

_ASSETS = Path(__file__).parent / "assets"
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[!?]")


def hash_features(text: str) -> NDArray[np.int64]:
    """Returns the distinct buckets of a text's words and pairs of neighbouring words, sorted.

    Words are lower-cased runs of letters and digits, apostrophes inside them included; each "!" and "?" is
    a word too. The same in every process and version of Python.

    Args:
        text: Any text.

    Returns:
        (N,) int64 in [0, BUCKETS); empty where the text has no word.

    >>> hash_features("A fine film").size
    5
    >>> bool(np.array_equal(hash_features("A  FINE film."), hash_features("a fine film")))
    True
    """
    words = [word.encode("utf-8", "replace") for word in _WORD.findall(text.lower())]
    pairs = [first + b" " + second for first, second in pairwise(words)]
    return np.array(sorted({zlib.crc32(feature) % BUCKETS for feature in words + pairs}), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Judge:
    """Frozen classifier of positive texts: probability `sigmoid(sum of weights / temperature + bias)`.

    Args:
        weights: (BUCKETS,) floating point, finite; the log-odds that each bucket adds where it occurs.
        temperature: Above 0.
        bias: Log-odds of a text without features.
    """

    held_out: ClassVar[bool] = True
    """Whether the model is held out: environments report it, and refuse it as a scorer."""

    weights: NDArray[np.floating[Any]]
    temperature: float = 1.0
    bias: float = 0.0

    def __post_init__(self) -> None:
        """Checks the arrays and makes a read-only float32 copy of the weights."""
        if self.weights.shape != (BUCKETS,) or not np.issubdtype(self.weights.dtype, np.floating):
            found = f"{self.weights.dtype} {self.weights.shape}"
            raise ValueError(f"weights must be floating point of shape ({BUCKETS},), got {found}")
        if not np.isfinite(self.weights).all():
            raise ValueError("weights must be finite")
        if not (np.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"temperature must be a finite number above 0, got {self.temperature}")
        if not np.isfinite(self.bias):
            raise ValueError(f"bias must be finite, got {self.bias}")
        weights = self.weights.astype(np.float32)
        weights.flags.writeable = False
        object.__setattr__(self, "weights", weights)

    @classmethod
    def load(cls, spec: str | PathLike[str] = "bundled") -> Judge:
        """Returns a bundled judge by its name, or one from an .npz file.

        Args:
            spec: "bundled", "bundled-b", or the path of a file with the arrays `weights`, `temperature` and
            `bias`.

        Raises:
            ValueError: If the name is unknown, or the file is missing or does not hold these arrays.
        """
        file = _ASSETS / BUNDLED[spec] if isinstance(spec, str) and spec in BUNDLED else Path(spec)
        if not file.is_file():
            raise ValueError(
                f"judge must be one of {', '.join(NAMES)} or the path of an .npz file "
                f"or of a classifier's folder, got {str(spec)!r}"
                f"{did_you_mean(str(spec), NAMES)}"
            )
        arrays = read_arrays(file, ("weights", "temperature", "bias"), "weights, temperature and bias")
        numbers = (read_number(file, arrays, name) for name in ("temperature", "bias"))
        return cls(arrays["weights"], *numbers)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the judge as a compressed .npz, weights in half precision."""
        with Path(path).open("wb") as file:
            np.savez_compressed(
                file,
                weights=self.weights.astype(np.float16),
                temperature=np.float64(self.temperature),
                bias=np.float64(self.bias),
            )

    def sum_weights(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Returns the summed weights of each text's features, before temperature and bias; (N,) float64."""
        if isinstance(texts, str):
            raise ValueError("texts must be a sequence of strings, got one string; put it into a list")
        sums = [self.weights[hash_features(text)].sum(dtype=np.float64) for text in texts]
        return np.array(sums, dtype=np.float64)

    def predict(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Returns the probability that each text is positive.

        Args:
            texts: N texts.

        Returns:
            (N,) float64 in [0, 1].
        """
        logits = self.sum_weights(texts) / self.temperature + self.bias
        return 0.5 * (1.0 + np.tanh(0.5 * logits))


def load_bundled() -> Judge:
    """Returns the bundled judge."""
    return Judge.load("bundled")


def load_bundled_b() -> Judge:
    """Returns the bundled judge of the other half of the reviews."""
    return Judge.load("bundled-b")

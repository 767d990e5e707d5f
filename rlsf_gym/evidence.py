"""What a reward design may know about one response."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from rlsf_gym.certificates.certificate import Certificate

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def _no_words() -> IntArray:
    raise ValueError("this evidence holds no word_spans: the environment gave no text to look at")


def _no_word_ends() -> IntArray:
    raise ValueError("this evidence holds no word_ends: the environment gave no text to look at")


def _no_clauses() -> IntArray:
    raise ValueError("this evidence holds no clauses: the environment gave no text to look at")


def _no_lexicon() -> FloatArray:
    raise ValueError("this evidence holds no lexicon_utilities: the scorer has no lexicon")


def _no_erasure(absences: Sequence[Sequence[int]]) -> FloatArray:
    raise ValueError(
        f"this evidence offers no utilities_without({[list(words) for words in absences]}): "
        "the environment gave no text"
    )


def _no_attributions(method: str) -> FloatArray:
    raise ValueError(f"this evidence offers no attributions({method!r}): the scorer has none")


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """Scores, spans and certificate of one response; its arrays are read-only.

    A response of `length` tokens is padded to T positions; True in the mask is a real token.
    """

    prompt_score: float
    """Score of the prompt alone."""
    prompt_utility: float
    """Utility of the prompt alone."""
    score: float
    """Score of prompt + response."""
    utility: float
    """Utility of prompt + response."""
    mask: BoolArray
    """bool (T,), True on the real tokens, which come first."""
    char_spans: IntArray
    """int64 (T, 2), the characters of prompt + response that each token completed; empty at padding."""
    slope: float = 0.0
    """Slope of the objective at `score`, 0 where it has none."""
    certificate: Certificate | None = None
    """The records behind the two scores."""
    prefixes: FloatArray | None = None
    """float64 (T,), what `prefix_utilities` returns; None where the design did not ask for it."""
    word_spans: Callable[[], IntArray] = _no_words
    """Returns int64 (K, 2), the response's words as spans of prompt + response."""
    word_ends: Callable[[], IntArray] = _no_word_ends
    """Returns int64 (K,), where each of them ends, the punctuation behind it left out."""
    clauses: Callable[[], IntArray] = _no_clauses
    """Returns int64 (K,), the number of the clause that each of the words stands in, non-decreasing."""
    utilities_without: Callable[[Sequence[Sequence[int]]], FloatArray] = _no_erasure
    """Utilities, float64 (N,), of prompt + response without N choices of words (rows of `word_spans()`), each
    replaced in place by a neutral word; without all of them that of the prompt."""
    lexicon_utilities: Callable[[], FloatArray] = _no_lexicon
    """Returns float64 (T,), what the response's words known after each token are worth one by one."""
    attributions: Callable[[str], FloatArray] = _no_attributions
    """Returns float64 (T,), what the scorer itself attributes to each token by the method of that name."""

    def __post_init__(self) -> None:
        """Checks shapes, values and the mask, and locks the arrays."""
        scalars = (self.prompt_score, self.prompt_utility, self.score, self.utility)
        if not all(map(math.isfinite, scalars)):
            raise ValueError(f"scores and utilities must be finite, got {scalars}")
        size = self.mask.shape
        if len(size) != 1 or self.mask.dtype != np.bool_:
            raise ValueError(f"mask must be bool (T,), got {self.mask.dtype} of shape {size}")
        if b"\0\1" in self.mask.tobytes():  # a False before a True
            raise ValueError(f"mask must be True on the first tokens only, got {self.mask.tolist()}")
        if self.char_spans.shape != (*size, 2):
            raise ValueError(f"char_spans must have shape {(*size, 2)}, got {self.char_spans.shape}")
        if self.prefixes is not None and self.prefixes.shape != size:
            raise ValueError(f"prefixes must have shape {size}, got {self.prefixes.shape}")
        self.mask.setflags(write=False)
        self.char_spans.setflags(write=False)
        if self.prefixes is not None:
            self.prefixes.setflags(write=False)

    @property
    def length(self) -> int:
        """Number of real tokens, the end token included."""
        return int(np.count_nonzero(self.mask))

    @property
    def gain(self) -> float:
        """Utility of prompt + response minus that of the prompt: what a conserving design shares out."""
        return self.utility - self.prompt_utility

    def utility_without(self, words: Sequence[int]) -> float:
        """Returns the utility of prompt + response without the words of these numbers."""
        return float(self.utilities_without([words])[0])

    @property
    def prefix_utilities(self) -> FloatArray:
        """float64 (T,): the utility that is known after each token; `utility` at and after the last real one.

        Raises:
            ValueError: If the design did not declare `uses_prefixes`, so that no prefix was scored.
        """
        if self.prefixes is None:
            raise ValueError(
                "prefix_utilities were not computed: declare uses_prefixes=True in the Design that reads them"
            )
        return self.prefixes

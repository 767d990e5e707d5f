"""What a reward design can ask about a whole response, so that designs never import scorers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rlsf_gym.alignment import clause_numbers, word_ends, word_spans
from rlsf_gym.envs.scoring import Scoring
from rlsf_gym.erasure import erase_words
from rlsf_gym.evidence import FloatArray, IntArray
from rlsf_gym.objectives import Objective

__all__ = ["Hindsight"]


class Hindsight(NamedTuple):
    """Answers about one response, worked out when they are asked for."""

    prompt: str
    response: str
    char_ends: IntArray
    """int64 (T,), how many characters of the response are certain after each token."""
    length: int
    """Number of real tokens."""
    attributed: Mapping[str, FloatArray]
    """Method to float64 (C,): attributions to characters that are known already."""
    scoring: Scoring
    objective: Objective

    def word_spans(self) -> IntArray:
        """Returns int64 (K, 2), the response's words as spans of prompt + response."""
        return word_spans(self.response, len(self.prompt))

    def word_ends(self) -> IntArray:
        """Returns int64 (K,), where each word ends, the punctuation behind it left out."""
        return word_ends(self.response, self.word_spans(), len(self.prompt))

    def clauses(self) -> IntArray:
        """Returns int64 (K,), the number of the clause that each word stands in."""
        return clause_numbers(self.response.split())

    def utilities_without(self, absences: Sequence[Sequence[int]]) -> FloatArray:
        """Returns float64 (N,): the utility without some words; without all of them, that of the prompt."""
        spans = self.word_spans()
        texts = erase_words(self.prompt + self.response, spans, absences)
        for number, words in enumerate(absences):
            if len(spans) and len(set(words)) == len(spans):
                texts[number] = self.prompt
        return self.objective(self.scoring.score(texts))

    def lexicon_utilities(self) -> FloatArray:
        """Returns float64 (T,): the lexicon's utilities of the response's words known after each token.

        A word that is cut counts as the word it is so far, where the boundary lets it count.
        """
        ends = self.scoring.counted_ends([self.response], self.char_ends[None], np.array([self.length]))[0]
        text, offsets = self.prompt + self.response, np.append(ends, 0) + len(self.prompt)  # (T + 1,)
        spans = word_spans(text)
        whole = np.searchsorted(spans[:, 1], offsets, side="right")  # number of words before each offset
        cut = np.flatnonzero(np.append(spans[:, 0], len(text))[whole] < offsets)
        words = [text[start:end] for start, end in spans.tolist()]
        words += [text[spans[whole[at], 0] : offsets[at]] for at in cut.tolist()]
        worth = self._lexicon_worths(words)
        known = np.concatenate([np.zeros(1), worth[: len(spans)].cumsum()])[whole]
        known[cut] += worth[len(spans) :]
        return known[:-1] - known[-1]

    def attributions(self, method: str) -> FloatArray:
        """Returns float64 (T,): what the scorer attributes to the characters that each token completed."""
        values = self.attributed.get(method)
        if values is None:
            values = self.scoring.attributions([self.prompt], [self.response], method)[0]
        sums = np.concatenate([np.zeros(1), values.cumsum()])[self.char_ends]
        return np.diff(sums, prepend=0.0)

    def _lexicon_worths(self, words: list[str]) -> FloatArray:
        """What runs of characters are worth by the lexicon, float64 (N,); one may hold several words."""
        scorer: Any = self.scoring.scorer
        found = [scorer.lexicon_scores(word) for word in words]
        utilities = self.objective(np.concatenate([*found, np.zeros(1)]))
        sums = np.concatenate([np.zeros(1), (utilities[:-1] - utilities[-1]).cumsum()])
        borders = np.cumsum([0, *map(len, found)])
        return np.diff(sums[borders])

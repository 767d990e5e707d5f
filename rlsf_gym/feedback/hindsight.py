"""What a reward design can ask about a whole response, so that designs never import scorers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rlsf_gym.domains.sentiment.erasure import erase_words
from rlsf_gym.evidence import BoolArray, FloatArray, IntArray
from rlsf_gym.feedback.scoring import Scoring
from rlsf_gym.objectives import Objective
from rlsf_gym.text.alignment import clause_numbers, word_ends, word_spans

__all__ = ["Hindsight"]

_LONG = 64  # characters of a word that is read as it grows


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
        parts = np.stack(
            [spans[whole[cut], 0], offsets[cut]], axis=1
        )  # (N, 2), what is there of each cut one
        is_long = self._are_read_as_they_grow(parts)
        words = [text[start:end] for start, end in [*spans.tolist(), *parts[~is_long].tolist()]]
        worth = self._lexicon_worths(words)
        known = np.concatenate([np.zeros(1), worth[: len(spans)].cumsum()])[whole]
        known[cut[~is_long]] += worth[len(spans) :]
        known[cut[is_long]] += self._growing_worths(text, parts[is_long])
        return known[:-1] - known[-1]

    def attributions(self, method: str) -> FloatArray:
        """Returns float64 (T,): what the scorer attributes to the characters that each token completed."""
        values = self.attributed.get(method)
        if values is None:
            values = self.scoring.attributions([self.prompt], [self.response], method)[0]
        sums = np.concatenate([np.zeros(1), values.cumsum()])[self.char_ends]
        return np.diff(sums, prepend=0.0)

    def _are_read_as_they_grow(self, parts: IntArray) -> BoolArray:
        """Returns bool (N,): long parts of words, which would take quadratic time if each were read anew."""
        return (np.diff(parts, axis=1)[:, 0] > _LONG) & hasattr(self.scoring.scorer, "lexicon_prefixes")

    def _growing_worths(self, text: str, parts: IntArray) -> FloatArray:
        """What parts of words, some of the same word, are worth by the lexicon, float64 (N,)."""
        scorer: Any = self.scoring.scorer
        worth = np.zeros(len(parts))
        order = np.lexsort((parts[:, 1], parts[:, 0]))
        starts = np.flatnonzero(np.diff(parts[order, 0], prepend=-1))
        for rows in np.split(order, starts[1:]) if len(parts) else ():
            start, end = int(parts[rows[0], 0]), int(parts[rows[-1], 1])
            whole, counts, cut = scorer.lexicon_prefixes(text[start:end], parts[rows, 1] - start)
            utilities = self.objective(np.concatenate([whole, cut, np.zeros(1)]))
            gains = utilities[:-1] - utilities[-1]
            sums = np.concatenate([np.zeros(1), gains[: len(whole)].cumsum()])
            worth[rows] = sums[counts] + gains[len(whole) :]
        return worth

    def _lexicon_worths(self, words: list[str]) -> FloatArray:
        """What runs of characters are worth by the lexicon, float64 (N,); one may hold several words."""
        scorer: Any = self.scoring.scorer
        found = [scorer.lexicon_scores(word) for word in words]
        utilities = self.objective(np.concatenate([*found, np.zeros(1)]))
        sums = np.concatenate([np.zeros(1), (utilities[:-1] - utilities[-1]).cumsum()])
        borders = np.cumsum([0, *map(len, found)])
        return np.diff(sums[borders])

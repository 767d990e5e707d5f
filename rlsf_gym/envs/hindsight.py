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
        worth = {end: self._lexicon_worth(self.prompt + self.response[:end]) for end in {0, *ends.tolist()}}
        return np.array([worth[end] - worth[0] for end in ends.tolist()])

    def attributions(self, method: str) -> FloatArray:
        """Returns float64 (T,): what the scorer attributes to the characters that each token completed."""
        values = self.attributed.get(method)
        if values is None:
            values = self.scoring.attributions([self.prompt], [self.response], method)[0]
        sums = np.concatenate([np.zeros(1), values.cumsum()])[self.char_ends]
        return np.diff(sums, prepend=0.0)

    def _lexicon_worth(self, text: str) -> float:
        scorer: Any = self.scoring.scorer
        values = np.append(scorer.lexicon_scores(text), 0.0)
        utilities = self.objective(values)
        return float((utilities[:-1] - utilities[-1]).sum())

"""Hindsight of a finished response, through which reward designs ask the scorer without importing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from typing import Any

import numpy as np

from rlsf_gym.evidence import BoolArray, FloatArray, IntArray
from rlsf_gym.feedback.blame import read_core, read_partial_credits
from rlsf_gym.feedback.scoring import Scoring
from rlsf_gym.instance import Instance
from rlsf_gym.objectives import Objective
from rlsf_gym.scorers.protocol import has_verdict, needs_instance
from rlsf_gym.text.segmentation import find_groups, find_texts_without, find_unit_ends, find_units

__all__ = ["ResponseHindsight"]

_LONG = 64  # characters of a unit that is read as it grows


@dataclass(eq=False)
class ResponseHindsight:
    """Hindsight of one response, computed lazily: a `rlsf_gym.evidence.Hindsight`."""

    instance: Instance
    response: str
    char_ends: IntArray
    """Number of characters of the response that are certain after each token, int64 (T,)."""
    length: int
    """Number of real tokens."""
    attributed: Mapping[str, FloatArray]
    """Attributions to characters that are known already: method to float64 (C,)."""
    scoring: Scoring
    objective: Objective
    prompt_score: float
    """Score of the prompt: that of a response without its units."""
    values: FloatArray | None = None
    """Score that is known after each token, float64 (T,); None if prefixes were not scored."""

    @property
    def prompt(self) -> str:
        """The text that the response continues."""
        return self.instance.prompt

    def units(self) -> IntArray:
        """Returns the response's units as spans of prompt + response, int64 (K, 2), read-only."""
        return self._units

    def unit_ends(self) -> IntArray:
        """Returns where each unit is complete, int64 (K,), read-only."""
        return self._unit_ends

    @cached_property
    def _units(self) -> IntArray:
        units = find_units(self.scoring.segmentation, self.response) + len(self.prompt)
        units.setflags(write=False)
        return units

    @cached_property
    def _unit_ends(self) -> IntArray:
        ends = find_unit_ends(self.scoring.segmentation, self.prompt + self.response, self._units)
        ends.setflags(write=False)
        return ends

    def groups(self) -> IntArray:
        """Returns the number of the group that each unit is in, int64 (K,)."""
        return find_groups(self.scoring.segmentation, self.prompt + self.response, self.units())

    def texts_without(self, absences: Sequence[Sequence[int]]) -> list[str]:
        """Returns N texts: prompt + response without some units; without all of them, the prompt."""
        units = self.units()
        texts = find_texts_without(self.scoring.segmentation, self.prompt + self.response, units, absences)
        for number, absent in enumerate(absences):
            if len(units) and len(set(absent)) == len(units):
                texts[number] = self.prompt
        return texts

    def utilities_without(self, absences: Sequence[Sequence[int]]) -> FloatArray:
        """Returns the utilities of `texts_without(absences)`, float64 (N,)."""
        texts, start = self.texts_without(absences), len(self.prompt)
        if not needs_instance(self.scoring.scorer):
            return self.objective(self.scoring.score(texts))
        whole = len(self.units())
        scores = self.scoring.score_responses(self.instance, [text[start:] for text in texts])
        nothing = np.array([whole > 0 and len(set(absent)) == whole for absent in absences], np.bool_)
        scores[nothing] = self.prompt_score
        return self.objective(scores)

    def alive(self) -> BoolArray:
        """Returns whether a right answer is still possible after each token, bool (T,)."""
        scorer = self.scoring.scorer
        if not has_verdict(scorer):
            raise ValueError(f"scorer {scorer.name!r} gives no verdict, asked for what is alive")
        if self.values is None:
            raise ValueError(
                "values of prefixes were not computed: declare uses_prefixes=True in the Design that asks "
                "what is alive"
            )
        return self.values > 0.0

    def partial_credits(self) -> dict[str, float]:
        """Returns the scorer's partial credits of the response, by name."""
        return read_partial_credits(self.scoring.scorer, self.instance, self.response)

    def core(self) -> IntArray:
        """Returns the spans of prompt + response that share the blame, int64 (K, 2)."""
        return read_core(self.scoring.scorer, self.instance, self.response)

    def attributions(self, method: str) -> FloatArray:
        """Returns the attribution to each token, summed over the characters it completed, float64 (T,)."""
        if method == "lexicon":
            return self._lexicon_attributions()
        values = self.attributed.get(method)
        if values is None:
            values = self.scoring.attributions([self.prompt], [self.response], method)[0]
        return _differences(_sums(values)[self.char_ends])

    def _lexicon_attributions(self) -> FloatArray:
        """Returns the utility by the lexicon of the units that each token adds, float64 (T,).

        A unit that is cut counts as the unit it is so far, where the boundary lets it count.
        """
        if not hasattr(self.scoring.scorer, "lexicon_scores"):
            raise ValueError(
                f"scorer {self.scoring.scorer.name!r} offers no attributions, asked for 'lexicon'"
            )
        ends = self.scoring.counted_ends([self.response], self.char_ends[None], np.array([self.length]))[0]
        text, offsets = self.prompt + self.response, np.append(ends, 0) + len(self.prompt)  # (T + 1,)
        spans = find_units(self.scoring.segmentation, text)
        whole = np.searchsorted(spans[:, 1], offsets, side="right")  # number of units before each offset
        cut = np.flatnonzero(np.append(spans[:, 0], len(text))[whole] < offsets)
        parts = np.array([spans[whole[cut], 0], offsets[cut]]).T  # (N, 2), what is there of each cut one
        is_long = self._are_read_as_they_grow(parts)
        units = [text[start:end] for start, end in [*spans.tolist(), *parts[~is_long].tolist()]]
        worth = self._lexicon_worths(units)
        known = _sums(worth[: len(spans)])[whole]
        known[cut[~is_long]] += worth[len(spans) :]
        if is_long.any():
            known[cut[is_long]] += self._growing_worths(text, parts[is_long])
        return _differences(known[:-1] - known[-1])

    def _are_read_as_they_grow(self, parts: IntArray) -> BoolArray:
        """Returns bool (N,): long parts of units, which would take quadratic time if each were read anew."""
        return (parts[:, 1] - parts[:, 0] > _LONG) & hasattr(self.scoring.scorer, "lexicon_prefixes")

    def _growing_worths(self, text: str, parts: IntArray) -> FloatArray:
        """Returns the lexicon's value of parts of units, some of the same unit, float64 (N,)."""
        scorer: Any = self.scoring.scorer
        worth = np.zeros(len(parts))
        order = np.lexsort((parts[:, 1], parts[:, 0]))
        starts = np.flatnonzero(np.diff(parts[order, 0], prepend=-1))
        for rows in np.split(order, starts[1:]) if len(parts) else ():
            start, end = int(parts[rows[0], 0]), int(parts[rows[-1], 1])
            whole, counts, cut = scorer.lexicon_prefixes(text[start:end], parts[rows, 1] - start)
            utilities = self.objective(np.concatenate([whole, cut, np.zeros(1)]))
            gains = utilities[:-1] - utilities[-1]
            worth[rows] = _sums(gains[: len(whole)])[counts] + gains[len(whole) :]
        return worth

    def _lexicon_worths(self, units: list[str]) -> FloatArray:
        """Returns the lexicon's value of units, float64 (N,); a unit may hold several entries."""
        found = list(map(self.scoring.lexicon_scores, units))
        utilities = self.objective([*chain.from_iterable(found), 0.0])
        borders = list(accumulate(map(len, found), initial=0))
        sums = _sums(utilities[:-1] - utilities[-1])[borders]
        return sums[1:] - sums[:-1]


def _sums(values: FloatArray) -> FloatArray:
    """Returns the sums of the first 0 to N of N values, float64 (N + 1,)."""
    sums = np.zeros(len(values) + 1)
    values.cumsum(out=sums[1:])
    return sums


def _differences(sums: FloatArray) -> FloatArray:
    """Returns what each of N sums adds to the one before it, the first one to nothing, float64 (N,)."""
    added = sums.copy()
    added[1:] -= sums[:-1]
    return added

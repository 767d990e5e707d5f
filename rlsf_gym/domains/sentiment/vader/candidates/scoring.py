"""Scores that each of V next tokens would make, at many places at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains.sentiment.vader.candidates.classes import CAPITALS, NOTHING, PLAIN, WordClasses
from rlsf_gym.domains.sentiment.vader.candidates.contexts import Contexts
from rlsf_gym.domains.sentiment.vader.candidates.continuations import (
    Continuation,
    Continuations,
    find_capitals,
)
from rlsf_gym.domains.sentiment.vader.candidates.places import Places, Reading
from rlsf_gym.domains.sentiment.vader.candidates.tokens import TokenKinds, read_tokens
from rlsf_gym.domains.sentiment.vader.candidates.totals import Totals
from rlsf_gym.domains.sentiment.vader.emoji import SpelledText
from rlsf_gym.domains.sentiment.vader.stream import ALPHA, Stream, measure_emphasis
from rlsf_gym.domains.sentiment.vader.words import Word
from rlsf_gym.scorers.protocol import Candidates, Exceptions
from rlsf_gym.text.following import Following

__all__ = ["CandidateScoring"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class CandidateScoring:
    """Scores texts with each next token of a vocabulary behind them.

    Args:
        open_stream: makes a stream of some words.
        classes: classes of words.
        add_up: makes what adds up the sums, as `Totals` does.
    """

    def __init__(
        self,
        open_stream: Callable[[Iterable[Word]], Stream],
        classes: WordClasses,
        add_up: Callable[..., Totals] = Totals,
    ) -> None:
        self._open = open_stream
        self._classes = classes
        self._contexts = Contexts(classes)
        self._totals = add_up(open_stream, classes, self._contexts)
        self._readings: dict[str, Reading] = {}
        self._tables = WeakKeyDictionary[Following, tuple[TokenKinds, Continuations]]()

    def score(
        self, texts: Sequence[SpelledText], stops: Sequence[Sequence[int]], following: Following
    ) -> Candidates:
        """Candidates behind each stop of each text."""
        kinds, continuations = self._find_tables(following)
        self._contexts.forget()
        places = Places(self._contexts)
        readings: dict[str, Reading] = {}
        for one, mine in zip(texts, stops, strict=True):
            reading = self._readings.pop(one.text, None)
            if reading is None or (mine and mine[0] < reading.stop):
                reading = Reading(one.text, self._open(()), self._classes.vocabulary)
            places.read(reading, mine)
            readings[one.text] = reading
        self._readings = readings  # the last tokens of the same texts may be asked for next
        found = [continuations.find(word) for _, _, word in places.places]
        exceptions = self._list_exceptions(places, found, kinds)
        return self._score(kinds, places, found, exceptions)

    def _find_tables(self, following: Following) -> tuple[TokenKinds, Continuations]:
        tables = self._tables.get(following)
        if tables is None:
            kinds = read_tokens(following, self._classes)
            tables = self._tables[following] = kinds, Continuations(kinds, self._classes)
        return tables

    def _list_exceptions(
        self, places: Places, found: Sequence[Continuation], kinds: TokenKinds
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Rows, columns and classes of the tokens that do otherwise than their kind, each int64 (M,)."""
        rows = np.repeat(np.arange(len(found)), [len(one.columns) for one in found])
        columns = [one.columns for one in found]
        classes = [one.classes for one in found]
        more: list[IntArray] = []
        is_loud = [state.outlook.is_loud for state in places.states]
        for row, ((_, before, word), one) in enumerate(zip(places.places, found, strict=True)):
            if is_loud[before] and not one.is_fresh:
                capitals = _find_plain_capitals(word, one, kinds)
                columns.append(capitals)
                classes.append(np.full(len(capitals), CAPITALS))
                more.append(np.full(len(capitals), row))
        return np.concatenate([rows, *more]), _join(columns), _join(classes)

    def _score(
        self,
        kinds: TokenKinds,
        places: Places,
        found: Sequence[Continuation],
        exceptions: tuple[IntArray, IntArray, IntArray],
    ) -> Candidates:
        rows, columns, classes = exceptions
        marks = kinds.marks[kinds.kinds[columns]]  # (M,)
        is_marked = kinds.marks > 0
        totals = self._totals.add_up(  # (U, C)
            places.states,
            wanted=np.concatenate([kinds.alone, kinds.behind, classes, [PLAIN, CAPITALS, NOTHING]]),
            marked=np.concatenate([kinds.alone[is_marked], kinds.behind[is_marked], classes[marks > 0]]),
        )
        emphases = _measure_emphases(places, kinds)  # (U, marks)
        state = np.array([place[0] for place in places.places], np.int64)  # (N,)
        before = np.array([place[1] for place in places.places], np.int64)  # (N,)
        scores = np.empty((len(kinds.alone), len(state)))  # (O + H, N)
        own, first = kinds.marks[: kinds.openers], kinds.openers
        opened = _normalize(totals[:, kinds.alone[:first]], emphases[:, own])  # (U, O)
        scores[:first] = opened.T[:, state]
        sums = totals[before][:, kinds.behind[first:]]  # (N, H)
        keeps = np.array([one.keeps for one in found], np.bool_)[:, None] & kinds.is_punctuation[first:]
        sums = np.where(keeps, totals[state, NOTHING][:, None], sums)
        is_fresh = np.array([one.is_fresh for one in found], np.bool_)
        sums[is_fresh] = totals[before[is_fresh]][:, kinds.alone[first:]]
        scores[first:] = _normalize(sums, emphases[before][:, kinds.marks[first:]]).T
        exceptional = _normalize(totals[before[rows], classes], emphases[before[rows], marks])
        plain = totals[:, PLAIN]
        others = _normalize(plain, emphases[:, 0])[state]
        return Candidates(kinds.ids, scores.T, others, kinds.kinds, Exceptions(rows, columns, exceptional))


def _find_plain_capitals(word: str, found: Continuation, kinds: TokenKinds) -> IntArray:
    """Columns of the tokens with which a word that says nothing is in capitals, int64 (M,)."""
    columns = np.setdiff1d(find_capitals(word, kinds), found.columns)
    columns = columns[kinds.behind[kinds.kinds[columns]] == PLAIN]
    return columns[~kinds.is_punctuation[kinds.kinds[columns]]] if found.keeps else columns


def _join(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _measure_emphases(places: Places, kinds: TokenKinds) -> FloatArray:
    """Emphasis of each state's marks and each kind's together, float64 (U, marks)."""
    known = {state.marks for state in places.states}
    rows = {
        (first, second): [measure_emphasis(first + more, second + again) for more, again in kinds.all_marks]
        for first, second in known
    }
    return np.array([rows[state.marks] for state in places.states]).reshape(-1, len(kinds.all_marks))


def _normalize(sums: FloatArray, emphases: FloatArray) -> FloatArray:
    """Scores of sums and the emphasis of punctuation.

    In double precision, although that takes longer: a design may pay for any change, however small, and the
    scores of a text that has nearly all there is to have change little.
    """
    moved = sums + np.copysign(emphases, sums) * (sums != 0)
    return moved / np.sqrt(moved * moved + ALPHA)

"""Sums of the valences of texts with words of each class behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains.sentiment.vader.but_rule import AFTER_BUT, BEFORE_BUT
from rlsf_gym.domains.sentiment.vader.candidates.classes import WordClasses
from rlsf_gym.domains.sentiment.vader.candidates.contexts import Contexts
from rlsf_gym.domains.sentiment.vader.candidates.places import State
from rlsf_gym.domains.sentiment.vader.stream import COMPENSATES, Stream, measure_emphasis
from rlsf_gym.domains.sentiment.vader.words import Word

__all__ = ["Totals"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_DOUBTFUL: Final = 1e-9  # below this, rounding decides on the sign of a sum, and so on that of the emphasis


class Totals:
    """Sums of the valences with words of each class behind texts, before punctuation.

    A word adds its valence, scaled after a "but". Where it does anything else, or rounding decides on the
    sign, it is pushed on a stream.

    A subclass may put in those of words that hang on more of the text.

    Args:
        open_stream: makes a stream of some words.
        classes: classes of words.
        contexts: valences of the classes.
    """

    def __init__(
        self, open_stream: Callable[[Iterable[Word]], Stream], classes: WordClasses, contexts: Contexts
    ) -> None:
        self._open = open_stream
        self._classes = classes
        self._contexts = contexts
        self._traits = _Traits(classes)

    def add_up(self, states: Sequence[State], wanted: IntArray, marked: IntArray) -> FloatArray:
        """The sums for U states and C classes, float64 (U, C).

        Args:
            states: the states.
            wanted: numbers of the classes that are asked for.
            marked: those of words that come with ! or ?.
        """
        wanted = np.concatenate([wanted, self._prepare(states)])
        if len(self._traits.acts) < len(self._classes):
            self._traits = _Traits(self._classes)
        traits = self._traits
        valences = self._gather(states)  # (U, C)
        before = np.array([state.outlook.total for state in states])[:, None]  # (U, 1)
        totals = before + valences
        has_but: BoolArray = np.array([state.outlook.halving is not None for state in states], np.bool_)
        is_asked = traits.is_mixed & (has_but[:, None] | traits.contrasts) | traits.is_odd
        totals[:, traits.contrasts] = np.where(has_but[:, None], before, before * BEFORE_BUT)
        for at, state in enumerate(states):
            if state.outlook.halving is not None:
                totals[at] = before[at] + _scale(valences[at], state.outlook.halving)
            if state.outlook.is_loud:
                is_asked[at] |= traits.has_small
            if state.outlook.halving is not None and self._contexts.is_awaited(state.context):
                is_asked[at] |= traits.answers
        is_asked |= self._find_doubtful(states, totals, traits, marked)
        is_asked &= np.bincount(wanted, minlength=len(self._classes)) > 0
        for at in np.flatnonzero(np.any(is_asked, axis=1)).tolist():
            numbers = np.flatnonzero(is_asked[at])
            totals[at, numbers] = self.ask(states[at], numbers.tolist())
        self._extend(states, totals)
        return totals

    def ask(self, state: State, numbers: Sequence[int]) -> FloatArray:
        """The sums with words of some classes behind a state, by pushing them, float64 (M,)."""
        stream = self._open(state.words)
        found: list[float] = []
        for number in numbers:
            words = self._classes.members[number]
            found.append([stream.outlook().total, *map(stream.push, words)][-1])
            for _ in words:
                stream.pop()
        return np.array(found)

    def _prepare(self, states: Sequence[State]) -> IntArray:
        """Numbers of more classes that are needed for some states, int64 (M,)."""
        return np.zeros(0, np.int64)

    def _extend(self, states: Sequence[State], totals: FloatArray) -> None:
        """Put in the sums with words of which it hangs on more of the text."""

    def _gather(self, states: Sequence[State]) -> FloatArray:
        numbers, places = np.unique([state.context for state in states], return_inverse=True)
        rows = [self._contexts.valences(number) for number in numbers.tolist()]
        return np.stack(rows)[places] if rows else np.zeros((0, len(self._classes)))

    def _find_doubtful(
        self, states: Sequence[State], totals: FloatArray, traits: _Traits, marked: IntArray
    ) -> BoolArray:
        """Sums whose sign decides on an emphasis, and hangs on rounding, bool (U, C)."""
        is_rounded = [
            state.outlook.halving is not None
            or state.outlook.waits
            or (COMPENSATES and state.outlook.scored > 1)
            for state in states
        ]
        is_emphatic = [measure_emphasis(*state.marks) > 0 for state in states]
        is_marked = np.zeros(totals.shape[1], np.bool_)
        is_marked[marked] = True
        is_marked |= (is_marked & traits.hangs_on_text).any()  # and so may be those that they turn out to be
        matters = np.array(is_emphatic, np.bool_)[:, None] | is_marked
        may_differ = np.array(is_rounded, np.bool_)[:, None] & traits.acts | traits.is_mixed
        return (np.abs(totals) < _DOUBTFUL) & may_differ & matters


def _scale(valences: FloatArray, halving: Iterable[float]) -> FloatArray:
    """Valences behind a "but", some of which are halved."""
    factors = np.full(len(valences), AFTER_BUT)
    for value in halving:
        factors[valences == value] = BEFORE_BUT
    return valences * factors


class _Traits:
    """Traits of all classes of words.

    Attributes:
        is_mixed: several of the words have a valence or are "but", bool (C,).
        contrasts: a "but" is among them, bool (C,).
        has_small: one is not in capitals, bool (C,).
        acts: one has a valence, or is "but", bool (C,).
        answers: one may be what a word waits for, bool (C,).
        hangs_on_text: what one does hangs on more of the text than its last words, bool (C,).
        is_odd: that is so, and there are several words, bool (C,).
    """

    def __init__(self, classes: WordClasses) -> None:
        members = classes.members
        acting = np.array(
            [sum(word.base is not None or word.contrasts for word in words) for words in members]
        )
        self.acts = acting > 0
        self.is_mixed = acting > 1
        self.contrasts = np.array([any(word.contrasts for word in words) for words in members], np.bool_)
        self.has_small = np.array([not all(word.upper for word in words) for words in members], np.bool_)
        self.answers = np.array([any(word.answers for word in words) for words in members], np.bool_)
        self.hangs_on_text = np.array(classes.hangs_on_text, np.bool_)
        self.is_odd = self.hangs_on_text & np.array([len(words) > 1 for words in members])

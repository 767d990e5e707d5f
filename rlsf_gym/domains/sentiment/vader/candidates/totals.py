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
from rlsf_gym.domains.sentiment.vader.stream import COMPENSATES, Case, Stream, measure_emphasis
from rlsf_gym.domains.sentiment.vader.words import PHRASES, Word

__all__ = ["Totals"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_DOUBTFUL: Final = 1e-9  # below this, rounding decides on the sign of a sum, and so on that of the emphasis
_WHOLE: Final = frozenset(map(" ".join, PHRASES))


class Totals:
    """Sums of the valences with words of each class behind texts, before punctuation.

    A word adds its valence, scaled after a "but". Where it does anything else, or rounding decides on the
    sign, it is pushed on a stream.

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

    def add_up(self, states: Sequence[State], marked: Iterable[int]) -> FloatArray:
        """The sums for U states and C classes, float64 (U, C).

        Args:
            states: the states.
            marked: classes of words that come with ! or ?.
        """
        traits = _Traits(self._classes)
        valences = self._gather(states)  # (U, C)
        before = np.array([state.outlook.total for state in states])[:, None]  # (U, 1)
        totals = before + valences
        has_but: BoolArray = np.array([state.outlook.halving is not None for state in states], np.bool_)
        is_asked = has_but[:, None] & traits.is_run | traits.is_run & traits.contrasts
        totals[:, traits.contrasts] = np.where(has_but[:, None], before, before * BEFORE_BUT)
        for at, state in enumerate(states):
            if state.outlook.halving is not None:
                is_halved = np.isin(valences[at], list(state.outlook.halving))
                totals[at] = before[at] + valences[at] * np.where(is_halved, BEFORE_BUT, AFTER_BUT)
            if state.outlook.stirs:
                is_asked[at] |= self._find_stirring(state, traits)
        is_asked |= self._find_doubtful(states, totals, traits, marked)
        for at in np.flatnonzero(np.any(is_asked, axis=1)).tolist():
            self._ask(states[at], is_asked[at].nonzero()[0].tolist(), totals[at])
        return totals

    def _gather(self, states: Sequence[State]) -> FloatArray:
        numbers, places = np.unique([state.context for state in states], return_inverse=True)
        rows = [self._contexts.valences(number) for number in numbers.tolist()]
        return np.stack(rows)[places] if rows else np.zeros((0, len(self._classes)))

    def _find_stirring(self, state: State, traits: _Traits) -> BoolArray:
        """Classes of words that may change other words of a text, bool (C,)."""
        is_asked = traits.is_run | traits.hangs_on_text
        if state.outlook.case is Case.UPPER:
            is_asked |= traits.has_small
        last = [word.lower for word in state.list_words()[-2:]]
        if last[-1:] == ["no"]:
            is_asked |= traits.is_charged
        for lower, columns in traits.answers.items():
            if any(" ".join([*last[at:], lower]) in _WHOLE for at in range(len(last))):
                is_asked[columns] = True
        return is_asked

    def _find_doubtful(
        self, states: Sequence[State], totals: FloatArray, traits: _Traits, marked: Iterable[int]
    ) -> BoolArray:
        """Sums whose sign decides on an emphasis, and hangs on rounding, bool (U, C)."""
        is_rounded = [
            state.outlook.halving is not None or (COMPENSATES and state.outlook.scored > 1)
            for state in states
        ]
        is_emphatic = [measure_emphasis(*state.marks) > 0 for state in states]
        is_marked = np.zeros(totals.shape[1], np.bool_)
        is_marked[list(marked)] = True
        matters = np.array(is_emphatic, np.bool_)[:, None] | is_marked
        may_differ = np.array(is_rounded, np.bool_)[:, None] & traits.acts | traits.is_run
        return (np.abs(totals) < _DOUBTFUL) & may_differ & matters

    def _ask(self, state: State, numbers: Sequence[int], totals: FloatArray) -> None:
        """Put in the sums with words of some classes behind a state."""
        stream = self._open(state.list_words())
        for number in numbers:
            words = self._classes.members[number]
            for word in words:
                totals[number] = stream.push(word)
            for _ in words:
                stream.pop()


class _Traits:
    """Traits of all classes of words.

    Attributes:
        is_run: of several words, bool (C,).
        contrasts: a "but" is among them, bool (C,).
        has_small: one is not in capitals, bool (C,).
        is_charged: the first has a valence, bool (C,).
        acts: the first has a valence, or a "but" is among them, bool (C,).
        hangs_on_text: what one does hangs on more of the text than its last three words, bool (C,).
        answers: classes whose first word is a word that ends a phrase, by that word.
    """

    def __init__(self, classes: WordClasses) -> None:
        members = classes.members
        self.is_run = np.array([len(words) > 1 for words in members], np.bool_)
        self.contrasts = np.array([any(word.contrasts for word in words) for words in members], np.bool_)
        self.has_small = np.array([not all(word.upper for word in words) for words in members], np.bool_)
        self.is_charged = np.array(
            [any(word.base is not None for word in words[:1]) for words in members], np.bool_
        )
        self.hangs_on_text = np.array(
            [any(classes.describe_more(word) is not None for word in words) for words in members], np.bool_
        )
        self.acts = self.contrasts | self.is_charged
        self.answers: dict[str, list[int]] = {}
        for number, words in enumerate(members):
            if words and words[0].answers:
                self.answers.setdefault(words[0].lower, []).append(number)

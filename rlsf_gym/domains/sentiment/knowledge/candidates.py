"""Next words of texts whose valences a graph sets by context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains.sentiment.knowledge.stream import (
    ContextVocabulary,
    ContextWord,
    Surroundings,
    find_context,
)
from rlsf_gym.domains.sentiment.vader.candidates.classes import WordClasses
from rlsf_gym.domains.sentiment.vader.candidates.contexts import Contexts
from rlsf_gym.domains.sentiment.vader.candidates.places import State
from rlsf_gym.domains.sentiment.vader.candidates.totals import Totals
from rlsf_gym.domains.sentiment.vader.stream import Stream
from rlsf_gym.domains.sentiment.vader.words import Word, with_base

__all__ = ["ContextClasses", "ContextTotals"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MAX_REMEMBERED: Final = 1_024  # aspects that words stand behind, of some 10 kB each


class ContextClasses(WordClasses):
    """Classes of words, in which each term and each concept of a graph is one of its own.

    Args:
        vocabulary: where the words come from.
    """

    def __init__(self, vocabulary: ContextVocabulary) -> None:
        self.graph = vocabulary.graph
        super().__init__(vocabulary)

    def describe_more(self, word: Word) -> Hashable:
        """Term and concept of a word, whose effect hangs on the words around it; None without."""
        known = cast(ContextWord, word)
        if not known.is_term and known.concept is None:
            return None
        return word.lower if known.is_term else "", known.concept

    def describe_inside(self, word: Word) -> Hashable:
        """What there is to a word that others follow."""
        return super().describe_inside(word), cast(ContextWord, word).ends

    def active(self) -> set[str]:
        """Lower-cased words that do something at the end of a text."""
        concepts = self.graph.file.concepts.values()
        named = (word for concept in concepts for word in (*concept.words, *concept.polarity))
        return super().active() | set(named)

    def number_said(self, word: ContextWord, aspects: Sequence[str]) -> int:
        """Number of the class of words that do what a word does behind some aspects, nearest first."""
        subject = self.graph.file.subject
        found = (self.graph.said_of(concept, word.lower) for concept in aspects)
        said = next((one for one in found if one is not None), None)
        if said is None and subject:
            said = self.graph.said_of(subject, word.lower)
        worth = word if said is None or not word.is_term else with_base(word, said.valence)
        return self.number((replace(worth, is_term=False, concept=None),))


class ContextTotals(Totals):
    """Sums with a next word, which may be said of a concept, or name one that earlier words are said of.

    The former has its valence by the aspects before it. Where the latter changes something, it is pushed.

    Args:
        open_stream: as for `Totals`.
        classes: classes of words.
        contexts: valences of the classes.
    """

    def __init__(
        self,
        open_stream: Callable[[Iterable[Word]], Stream],
        classes: ContextClasses,
        contexts: Contexts,
    ) -> None:
        super().__init__(open_stream, classes, contexts)
        self._known = classes
        self._said: dict[tuple[str, ...], dict[int, int]] = defaultdict(dict)
        self._worth: dict[str, dict[str, float]] = {}

    def _prepare(self, states: Sequence[State]) -> IntArray:
        numbers = self._list_single()
        needed: set[int] = set()
        for aspects in {_near(state).aspects for state in states}:
            said = self._said[aspects]
            for number in numbers:
                if number not in said:
                    word = cast(ContextWord, self._known.members[number][0])
                    said[number] = self._known.number_said(word, aspects)
            needed.update(said.values())
        return np.array(sorted(needed), np.int64)

    def _extend(self, states: Sequence[State], totals: FloatArray) -> None:
        numbers = self._list_single()
        members = self._known.members
        concepts = [at for at in numbers if cast(ContextWord, members[at][0]).concept is not None]
        rows: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for row, state in enumerate(states):
            rows[_near(state).aspects].append(row)
        for aspects, mine in rows.items():
            said = [self._said[aspects][number] for number in numbers]
            totals[np.ix_(mine, numbers)] = totals[np.ix_(mine, said)]
        for row, state in enumerate(states):
            if _near(state).words:
                changing = self._list_changing(cast(Sequence[ContextWord], state.words))
                asked = [at for at in concepts if cast(ContextWord, members[at][0]).concept in changing]
                totals[row, asked] = self.ask(state, asked) if asked else 0.0
        if len(self._said) > MAX_REMEMBERED:
            self._said.clear()

    def _list_changing(self, words: Sequence[ContextWord]) -> set[str]:
        """Concepts that a next word may name to change the valence of one of the last words."""
        graph = self._known.graph
        found: set[str] = set()
        for distance, word in enumerate(reversed(words[-graph.file.window :]), 1):
            if word.ends:
                break
            if word.is_term:
                at = len(words) - distance
                now = find_context(graph, words, at)
                if now is None or now.at == at or abs(now.at - at) >= distance:
                    worth = None if now is None else now.valence
                    said = self._list_said(word.lower).items()
                    found.update(concept for concept, valence in said if valence != worth)
        return found

    def _list_said(self, term: str) -> dict[str, float]:
        """Valence of a term said of each concept that it says something of."""
        if term not in self._worth:
            graph = self._known.graph
            found = ((concept, graph.said_of(concept, term)) for concept in graph.file.concepts)
            self._worth[term] = {concept: said.valence for concept, said in found if said is not None}
        return self._worth[term]

    def _list_single(self) -> list[int]:
        """Numbers of the classes of one word that is a term or a concept."""
        rows = enumerate(zip(self._known.members, self._known.hangs_on_text, strict=True))
        return [number for number, (words, hangs) in rows if hangs and len(words) == 1]


def _near(state: State) -> Surroundings:
    return cast(Surroundings, state.outlook.near)

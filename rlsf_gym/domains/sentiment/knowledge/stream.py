"""Incremental VADER with a knowledge graph, which sets valences by context as words are pushed and popped."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from rlsf_gym.domains.sentiment.knowledge.graph import KnowledgeGraph
from rlsf_gym.domains.sentiment.vader.long import LONGEST
from rlsf_gym.domains.sentiment.vader.rules import Premise
from rlsf_gym.domains.sentiment.vader.stream import Outlook, Step, Stream
from rlsf_gym.domains.sentiment.vader.words import MAX_CACHED_WORDS, Vocabulary, Word, read_word, with_base


@dataclass(frozen=True, slots=True)
class ContextWord(Word):
    """Word with the graph's concept and term of it.

    Attributes:
        token: the whole token.
        ends: the token ends a sentence.
        concept: the concept that the word names.
        is_term: the graph has a valence for the word, said of some concept.
    """

    token: str
    ends: bool
    concept: str | None
    is_term: bool


class ContextVocabulary(Vocabulary):
    """Cache of words by token, with the graph's knowledge of them."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        super().__init__()
        self.graph = graph
        self._variants: dict[tuple[str, float], ContextWord] = {}

    def read(self, token: str) -> ContextWord:
        """The word in a token that has not been seen."""
        word = read_word(token)
        return ContextWord(
            *(getattr(word, field.name) for field in fields(Word)),
            token=token,
            ends=_ends_sentence(token),
            concept=self.graph.concept_named(word.lower),
            is_term=self.graph.is_term(word.lower),
        )

    def worth(self, word: ContextWord, valence: float) -> ContextWord:
        """Copy of a word with a valence from the graph."""
        if len(word.token) > LONGEST:
            return with_base(word, valence)
        key = (word.token, valence)
        if key not in self._variants:
            if len(self._variants) >= MAX_CACHED_WORDS:
                self._variants.clear()
            self._variants[key] = with_base(word, valence)
        return self._variants[key]


def _ends_sentence(token: str) -> bool:
    """Whether a mark that ends sentences stands behind the last letter or digit."""
    for character in reversed(token):
        if character in ".!?":
            return True
        if character.isalnum():
            return False
    return False


def find_context(graph: KnowledgeGraph, words: Sequence[ContextWord], at: int) -> Premise | None:
    """Premise of word `at` in the graph: by the nearest aspect that leads to it, or else by the subject.

    Args:
        graph: the graph.
        words: the words of the text.
        at: position of a word.
    """
    word = words[at]
    if not word.is_term:
        return None
    for near, concept in _aspects_near(words, at, graph.file.window):
        said = graph.said_of(concept, word.lower)
        if said is not None:
            return Premise(near, *said)
    said = graph.file.subject and graph.said_of(graph.file.subject, word.lower)
    return Premise(at, *said) if said else None


def _aspects_near(words: Sequence[ContextWord], at: int, window: int) -> Iterator[tuple[int, str]]:
    """The words of the sentence that name a concept, nearest first; of equally near ones the later first."""
    is_open = {1: True, -1: True}
    for distance in range(1, window + 1):
        for side in (1, -1):
            near = at + side * distance
            between = min(near, near - side)  # the left one of this word and the last
            is_open[side] = is_open[side] and 0 <= near < len(words) and not words[between].ends
            concept = words[near].concept if is_open[side] else None
            if concept is not None:
                yield near, concept


class Surroundings(NamedTuple):
    """Words before a next one, as far as the graph cares for them.

    Attributes:
        aspects: concepts that are named in the sentence within the window, the nearest first.
        words: where there are terms, all that there is to the words around them.
    """

    aspects: tuple[str, ...]
    words: tuple[Hashable, ...]


def _describe(word: ContextWord) -> Hashable:
    return word.trace, word.base, word.upper, word.lower if word.is_term else "", word.concept, word.ends


class ContextStream(Stream):
    """Stream of words whose valences the graph may set by context.

    A push costs what it costs a `Stream`; that of a word that names a concept may take words before it, at
    most as many as the window is wide, out of the stream and put them back with other valences. So may a pop.

    Args:
        vocabulary: where the words come from.
        quirk: as for `Stream`.
        words: words to push.

    Attributes:
        plain: the words as they came.
    """

    def __init__(
        self, vocabulary: ContextVocabulary, quirk: bool = True, words: Iterable[ContextWord] = ()
    ) -> None:
        super().__init__(quirk)
        self._vocabulary = vocabulary
        self.plain: list[ContextWord] = list(words)
        self._premises = [self._find(at) for at in range(len(self.plain))]
        for at in range(len(self.plain)):
            super().push(self._in_context(at))

    def push(self, word: Word) -> float:
        """Add a word, which has to come from the vocabulary, and return the sum."""
        assert isinstance(word, ContextWord)
        self.plain.append(word)
        if word.concept is not None:
            self._refresh()
        self._premises.append(self._find(len(self.plain) - 1))
        return super().push(self._in_context(len(self.plain) - 1))

    def extend(self, words: Sequence[Word]) -> list[Step]:
        """Add words of the vocabulary and return the steps that the sum takes on the way."""
        return list(enumerate(map(self.push, words)))

    def outlook(self) -> Outlook:
        """What a next word meets, what it may be said of, and which words may be said of it."""
        return super().outlook()._replace(is_calm=False, near=self._look_around())

    def list_words(self) -> tuple[ContextWord, ...]:
        """The words as the vocabulary has them."""
        return tuple(self.plain)

    def premise(self, at: int) -> Premise | None:
        """Premise of word `at` in the graph, None where the graph does not set its valence."""
        return self._premises[at]

    def _take(self) -> Word:
        super()._take()
        word = self.plain.pop()
        self._premises.pop()
        if word.concept is not None:
            self._refresh()
        return word

    @property
    def _arrival(self) -> int:
        return len(self.plain) - 1

    def _find(self, at: int) -> Premise | None:
        return find_context(self._vocabulary.graph, self.plain, at)

    def _in_context(self, at: int) -> ContextWord:
        premise = self._premises[at]
        word = self.plain[at]
        return word if premise is None else self._vocabulary.worth(word, premise.valence)

    def _refresh(self) -> None:
        """Replace the last words of the stream whose valences the graph sets differently now."""
        size = len(self.words)
        reach = range(max(0, size - self._vocabulary.graph.file.window), size)
        found = {at: self._find(at) for at in reach if self.plain[at].is_term}
        changed = [at for at, premise in found.items() if premise != self._premises[at]]
        if not changed:
            return
        self._note_from(changed[0])
        for at in changed:
            self._premises[at] = found[at]
        stale = [at for at in changed if self._in_context(at) != self.words[at]]
        if stale:
            while len(self.words) > stale[0]:
                super()._take()
            for at in range(stale[0], size):
                super().push(self._in_context(at))

    def _look_around(self) -> Surroundings:
        window = self._vocabulary.graph.file.window
        size = len(self.plain)
        aspects: list[str] = []
        has_terms = False
        for word in reversed(self.plain[-window:]):
            if word.ends:
                break
            has_terms = has_terms or word.is_term
            aspects += [] if word.concept is None else [word.concept]
        if not has_terms:
            return Surroundings(tuple(aspects), ())
        # What a concept here changes is decided by the words around the term, and their aspects.
        return Surroundings(
            tuple(aspects), tuple(map(_describe, self.plain[max(0, size - 2 * window - 3) :]))
        )

    def _note_from(self, first: int) -> None:
        """Keep the states of the words from `first` on in the history."""
        scored = {at: (changes, value) for at, changes, value in self.scored(first)}
        for at in range(first, len(self.words)):
            changes, value = scored.get(at, ((), 0.0))
            self.history.append((self._arrival, at, changes, value, self._premises[at]))

"""Classes of words that a graph tells apart."""

from __future__ import annotations

from collections.abc import Hashable
from typing import cast

from rlsf_gym.domains.sentiment.knowledge.stream import ContextVocabulary, ContextWord
from rlsf_gym.domains.sentiment.vader.candidates.classes import WordClasses
from rlsf_gym.domains.sentiment.vader.words import Word

__all__ = ["ContextClasses"]


class ContextClasses(WordClasses):
    """Classes of words, in which each term and each concept of a graph is one of its own.

    Args:
        vocabulary: where the words come from.
    """

    def __init__(self, vocabulary: ContextVocabulary) -> None:
        self._graph = vocabulary.graph
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
        concepts = self._graph.file.concepts.values()
        named = (word for concept in concepts for word in (*concept.words, *concept.polarity))
        return super().active() | set(named)

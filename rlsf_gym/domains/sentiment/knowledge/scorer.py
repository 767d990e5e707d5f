"""Knowledge-based scorer: VADER's rules over valences that a graph of the domain sets by context.

"Long" is a fault of a film's pace and none of a career. Where a term stands near a word that names an aspect,
or where the graph has a subject that the whole text is about, the graph's valence takes the place of the
lexicon's, and all of VADER's rules work on it as on the lexicon's.

It reads the words near a term, not the syntax that joins them: in "a long career, a short film" nearness
alone decides what is long. Terms and aspects are single words. A sentence ends at a token with . ! or ?
behind it, which "Mr." is one of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from typing import cast

from rlsf_gym.domains.sentiment.knowledge.candidates import ContextClasses, ContextTotals
from rlsf_gym.domains.sentiment.knowledge.file import read_knowledge
from rlsf_gym.domains.sentiment.knowledge.graph import KnowledgeGraph
from rlsf_gym.domains.sentiment.knowledge.stream import ContextStream, ContextVocabulary, ContextWord
from rlsf_gym.domains.sentiment.vader.candidates.scoring import CandidateScoring
from rlsf_gym.domains.sentiment.vader.emoji import spell
from rlsf_gym.domains.sentiment.vader.rules import RULES, Premise
from rlsf_gym.domains.sentiment.vader.scorer import ButRule, VaderScorer
from rlsf_gym.domains.sentiment.vader.stream import Stream
from rlsf_gym.domains.sentiment.vader.words import Word

__all__ = ["KnowledgeScorer"]


class KnowledgeScorer(VaderScorer):
    """Scores text by the rules of VADER and the knowledge of a graph, as a stream.

    The graph is read once. Certificates name the file with its hash, and hold as long as it is the same.

    Args:
        graph: "film", the graph of the film domain that comes with the package, or the path of a TOML file;
            `docs/knowledge.md` has the format. An empty file makes it the `VaderScorer`.
        but: as for `VaderScorer`.

    Attributes:
        graph: the graph.

    Raises:
        ValueError: If there is no such file, or it is not valid; the message names the key.
        ImportError: If networkx is not installed.
    """

    name = "knowledge"
    rules = (*RULES, "knowledge")

    def __init__(self, graph: str | PathLike[str] = "film", but: ButRule = "library") -> None:
        super().__init__(but)
        self.graph = KnowledgeGraph(read_knowledge(fspath(graph)))
        self._words = ContextVocabulary(self.graph)

    def __repr__(self) -> str:
        return f"KnowledgeScorer(graph={self.graph.file.name!r}, but={self.but!r})"

    def premises(self, text: str) -> Mapping[int, Premise]:
        """Premises that the graph gives to words of a text, by the number of the word."""
        return self._premises(self._read(spell(text).text))

    @property
    def _options(self) -> dict[str, str]:
        file = self.graph.file
        return {"but": self.but, "graph": file.name, "graph_sha256": file.sha256}

    @property
    def _vocabulary(self) -> ContextVocabulary:
        return self._words

    def _open(self, words: Iterable[Word] = ()) -> ContextStream:
        return ContextStream(self._words, self._quirk, cast(Iterable[ContextWord], words))

    def _begin_candidates(self) -> CandidateScoring:
        return CandidateScoring(self._open, ContextClasses(self._words), ContextTotals)

    def _premises(self, stream: Stream) -> Mapping[int, Premise]:
        found = ((at, stream.premise(at)) for at in range(len(stream.words)))
        return {at: premise for at, premise in found if premise is not None}

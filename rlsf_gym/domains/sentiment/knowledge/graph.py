"""Knowledge graph: the valence of a term when said of a concept, and the path that justifies it."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

from rlsf_gym.domains.sentiment.knowledge.file import KnowledgeFile


class Polarity(NamedTuple):
    """Polarity of a term: its valence, and the path in the graph that justifies it.

    Attributes:
        valence: on VADER's scale, in [-4, 4].
        path: the term, the concept that it is said of, and the concepts that lead from there, by `is_a` and
            `aspect_of`, to the one whose polarity table has the term.
    """

    valence: float
    path: tuple[str, ...]


class KnowledgeGraph:
    """Concepts as the nodes of a `networkx.DiGraph`, with an edge to each concept that they inherit from.

    A node has the attributes `words` and `polarity`, an edge the attribute `kind`, "is_a" or "aspect_of".

    Args:
        file: contents of a file of domain knowledge.

    Attributes:
        file: the same.
        graph: the `networkx.DiGraph`.

    Raises:
        ValueError: If the concepts inherit from each other in a circle.
        ImportError: If networkx is not installed.
    """

    def __init__(self, file: KnowledgeFile) -> None:
        self.file = file
        self.graph = _build(file)
        self._named = {word: key for key, concept in file.concepts.items() for word in concept.words}
        self._terms = frozenset(term for concept in file.concepts.values() for term in concept.polarity)
        self._found: dict[tuple[str, str], Polarity | None] = {}

    def concept_named(self, word: str) -> str | None:
        """The concept that a lower-cased word names, None without one."""
        return self._named.get(word)

    def is_term(self, word: str) -> bool:
        """Whether a lower-cased word says something of some concept."""
        return word in self._terms

    def said_of(self, concept: str, term: str) -> Polarity | None:
        """Polarity of a term when said of a concept.

        Of the concepts with an entry for the term, the nearest along the edges counts; of equally near ones,
        the one that the file leads to first, each concept's `is_a` before its `aspect_of`.

        Returns:
            The valence with its path; None if no concept on the way has an entry for the term.
        """
        key = (concept, term)
        if key not in self._found:
            self._found[key] = self._search(concept, term)
        return self._found[key]

    def _search(self, concept: str, term: str) -> Polarity | None:
        paths: dict[str, tuple[str, ...]] = {concept: (concept,)}
        for near, far in _networkx().bfs_edges(self.graph, concept):
            paths[far] = (*paths[near], far)
        for found, path in paths.items():  # in breadth-first order, as they were put in
            valence = self.file.concepts[found].polarity.get(term)
            if valence is not None:
                return Polarity(valence, (term, *path))
        return None


def _build(file: KnowledgeFile) -> Any:
    networkx = _networkx()
    graph = networkx.DiGraph()
    for key, concept in file.concepts.items():
        graph.add_node(key, words=concept.words, polarity=concept.polarity)
    for key, concept in file.concepts.items():
        for kind, parents in (("is_a", concept.is_a), ("aspect_of", concept.aspect_of)):
            graph.add_edges_from(((key, parent) for parent in parents), kind=kind)
    if not networkx.is_directed_acyclic_graph(graph):
        circle = networkx.find_cycle(graph)
        first, second = circle[0]
        key = f"concepts.{first}.{graph.edges[first, second]['kind']}"
        way = " -> ".join([first, *(far for _, far in circle)])
        raise file.error(key, f"must not lead back to {first!r}: take an edge out of {way}")
    return graph


def _networkx() -> Any:
    try:
        return importlib.import_module("networkx")
    except ImportError as error:
        raise ImportError("KnowledgeScorer needs networkx: pip install 'rlsf-gym[knowledge]'") from error

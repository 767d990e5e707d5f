"""Reads a graph of domain knowledge, and says what it makes of the words of a text."""

import tomllib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, cast

from rlsf_gym.checker.errors import CertificateError
from rlsf_gym.checker.reading import Premise, Token, read_premise

_BUNDLED = {"film": "film.toml"}
_ASSETS = Path(__file__).parent.parent / "assets"


class Knowledge(NamedTuple):
    """What a graph file says.

    Attributes:
        window: how many words away from a term an aspect may stand.
        subject: the concept that terms are said of without an aspect near; empty for none.
        names: surface form to concept.
        parents: concept to the concepts that it inherits from, in order.
        polarity: concept to the valences of the terms said of it.
        terms: all of these terms.
    """

    window: int
    subject: str
    names: dict[str, str]
    parents: dict[str, list[str]]
    polarity: dict[str, dict[str, float]]
    terms: frozenset[str]


def load_knowledge(name: str, digest: str) -> Knowledge:
    """The graph that a certificate was made with.

    Args:
        name: name of a bundled graph, or the path of a file.
        digest: SHA-256 that the file must have.

    Raises:
        CertificateError: the file is not there, is another one, or cannot be read.
    """
    path = _ASSETS / _BUNDLED[name] if name in _BUNDLED else Path(name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CertificateError(
            f"options['graph'] must be a graph file that is there, but is {name!r}: {error.strerror}"
        ) from error
    found = sha256(data).hexdigest()
    if found != digest:
        raise CertificateError(
            f"options['graph_sha256'] must be {found!r}, that of the graph {name!r}, but is {digest!r}: "
            "the file is not the one that was scored with"
        )
    try:
        return _parse(data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CertificateError(f"graph {name!r} must hold concepts and their polarity: {error!r}") from error


@lru_cache(maxsize=8)
def _parse(data: bytes) -> Knowledge:
    file = tomllib.loads(data.decode("utf-8"))
    concepts = cast(dict[str, Any], file.get("concepts", {}))
    polarity = {key: dict[str, float](file.get("polarity", {}).get(key, {})) for key in concepts}
    return Knowledge(
        window=int(file.get("window", 4)),
        subject=file.get("subject", ""),
        names={word: concept for concept, entry in concepts.items() for word in entry.get("words", [])},
        parents={
            key: [*entry.get("is_a", []), *entry.get("aspect_of", [])] for key, entry in concepts.items()
        },
        polarity=polarity,
        terms=frozenset[str]().union(*polarity.values()),
    )


def find_premise(tokens: Sequence[Token], at: int, knowledge: Knowledge | None) -> Premise | None:
    """The valence that a word starts with, and what gives it; None for a word without one.

    Args:
        tokens: the words of the text.
        at: position of a word.
        knowledge: the graph, None for the lexicon alone.
    """
    said = None
    if knowledge is not None and tokens[at].low in knowledge.terms:
        said = _say(tokens, at, knowledge)
    return read_premise(tokens, at) if said is None else said


def _say(tokens: Sequence[Token], at: int, knowledge: Knowledge) -> Premise | None:
    """What the graph says of the word at `at`: by the nearest aspect with a path, or the subject."""
    low = tokens[at].low
    reach = range(max(0, at - knowledge.window), min(len(tokens), at + knowledge.window + 1))
    aspects = [near for near in reach if near != at and _is_one_sentence(tokens, at, near)]
    aspects.sort(key=lambda near: (abs(near - at), near < at))
    concepts = [(near, knowledge.names.get(tokens[near].low, "")) for near in aspects]
    for near, concept in [*concepts, (at, knowledge.subject)]:
        path = _climb(knowledge, concept, low) if concept else ()
        if path:
            value = float(knowledge.polarity[path[-1]][low])
            return Premise("knowledge", near, value, (low, *path))
    return None


def _is_one_sentence(tokens: Sequence[Token], at: int, near: int) -> bool:
    return not any(token.ends for token in tokens[min(at, near) : max(at, near)])


def _climb(knowledge: Knowledge, concept: str, low: str) -> tuple[str, ...]:
    """The shortest path up to a concept that values the word, in the file's order; empty without one."""
    level = [(concept,)]
    seen = {concept}
    while level:
        for path in level:
            if low in knowledge.polarity[path[-1]]:
                return path
        longer: list[tuple[str, ...]] = []
        for path in level:
            fresh = [parent for parent in knowledge.parents[path[-1]] if parent not in seen]
            seen.update(fresh)
            longer.extend((*path, parent) for parent in fresh)
        level = longer
    return ()

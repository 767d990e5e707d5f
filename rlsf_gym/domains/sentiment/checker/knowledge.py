"""Loads a graph of domain knowledge, and finds the valences that it gives to words of a text."""

import os
import stat
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, cast

from rlsf_gym.certificates.claimed import CertificateError, tell
from rlsf_gym.domains.sentiment.checker.words import Premise, Token, read_premise

_BUNDLED = {"film": "film.toml"}
_ASSETS = Path(__file__).parents[1] / "assets"
# A file of domain knowledge has some hundred entries of some twenty bytes.
_MAX_BYTES = 4 * 1024 * 1024
_MAX_WINDOW = 20
# Dots in a line: to read a key a.b.c takes memory with the square of its parts, gigabytes of a long one.
_MOST_DOTS = 1_000
# Should the file be a pipe by now, to open it does not wait.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


class Knowledge(NamedTuple):
    """Contents of a graph file.

    Attributes:
        window: how many words away from a term an aspect may stand.
        subject: the concept that terms are said of without an aspect near; empty for none.
        names: surface form to concept.
        parents: concept to the concepts that it inherits from, in order.
        polarity: concept to the valences of the terms said of it.
        terms: all of these terms.
        longest: length of the longest word that names a concept or is a term.
    """

    window: int
    subject: str
    names: dict[str, str]
    parents: dict[str, list[str]]
    polarity: dict[str, dict[str, float]]
    terms: frozenset[str]
    longest: int


def load_knowledge(name: str, digest: str) -> Knowledge:
    """Loads the graph that a certificate was made with.

    A certificate may come from anyone. A file that it names is opened if it is a regular one of this machine
    and not large, is read by its bytes only to be hashed, and is looked into only if the hash is the one that
    the certificate has: who wrote it knew the file already. What is refused says nothing of what is in it.

    Args:
        name: name of a bundled graph, or the path of a file.
        digest: SHA-256 that the file must have.

    Raises:
        CertificateError: If the file is not there, is not a regular file or another one, or cannot be read.
    """
    data = _read_file(_ASSETS / _BUNDLED[name] if name in _BUNDLED else Path(name), name)
    if sha256(data).hexdigest() != digest:
        raise CertificateError(
            f"options['graph_sha256'] must be that of the graph {tell(name)}, but is {tell(digest)}: "
            "the file is not the one that was scored with"
        )
    try:
        return _parse(data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CertificateError(
            f"graph {tell(name)} must hold concepts and their polarity: {tell(str(error))}"
        ) from error


def _read_file(path: Path, name: str) -> bytes:
    """The bytes of a regular file of this machine; never waits, as a pipe or a device would have it."""
    wanted = f"options['graph'] must be a graph file that is there, but is {tell(name)}"
    if name.startswith(("//", "\\\\")):
        raise CertificateError(f"{wanted}: the path of another machine")
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a device may do something already
            raise CertificateError(f"{wanted}: not a regular file")
        handle = os.open(path, _FLAGS)
    except CertificateError:
        raise
    except (OSError, ValueError) as error:  # ValueError: no path has such characters
        raise CertificateError(f"{wanted}: {getattr(error, 'strerror', None) or error}") from error
    with open(handle, "rb", buffering=0) as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise CertificateError(f"{wanted}: not a regular file")
        if status.st_size > _MAX_BYTES:
            raise CertificateError(f"{wanted}: larger than {_MAX_BYTES} bytes")
        try:
            data = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise CertificateError(f"{wanted}: {error.strerror}") from error
    if data is None:
        raise CertificateError(f"{wanted}: it has nothing to read yet")
    if len(data) > _MAX_BYTES:  # some files of the system say that they are empty
        raise CertificateError(f"{wanted}: larger than {_MAX_BYTES} bytes")
    return data


@lru_cache(maxsize=8)
def _parse(data: bytes) -> Knowledge:
    text = data.decode("utf-8")
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise ValueError(f"a line must have at most {_MOST_DOTS} dots, but has more")
    file = tomllib.loads(text)
    concepts = cast(dict[str, Any], file.get("concepts", {}))
    polarity = {key: _read_valences(file.get("polarity", {}).get(key, {})) for key in concepts}
    names = {word: concept for concept, entry in concepts.items() for word in entry.get("words", [])}
    parents = {key: [*entry.get("is_a", []), *entry.get("aspect_of", [])] for key, entry in concepts.items()}
    terms = frozenset[str]().union(*polarity.values())
    knowledge = Knowledge(
        window=file.get("window", 4),
        subject=file.get("subject", ""),
        names=names,
        parents=parents,
        polarity=polarity,
        terms=terms,
        longest=max(map(len, (*names, *terms)), default=0),
    )
    _check(knowledge)
    return knowledge


def _read_valences(table: Any) -> dict[str, float]:
    for term, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not -4 <= value <= 4:
            raise ValueError(f"{term!r} must have a valence from -4 to 4, but has {value!r}")
    return {term: float(value) for term, value in table.items()}


def _check(knowledge: Knowledge) -> None:
    """Refuse a graph with values that the rules cannot handle."""
    window = cast(Any, knowledge.window)
    if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= _MAX_WINDOW:
        raise ValueError(f"window must be from 1 to {_MAX_WINDOW}, but is {window!r}")
    parents = [parent for concepts in knowledge.parents.values() for parent in concepts]
    for concept in [*parents, *([knowledge.subject] if knowledge.subject else [])]:
        if concept not in knowledge.polarity:
            raise ValueError(f"{concept!r} must be a concept")


def find_premise(tokens: Sequence[Token], at: int, knowledge: Knowledge | None) -> Premise | None:
    """Valence that a word starts with, with its source; None for a word without valence.

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
    """Premise of the word at `at` in the graph: by the nearest aspect with a path, or the subject."""
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

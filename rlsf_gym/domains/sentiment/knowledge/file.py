"""Reads a file of domain knowledge: concepts, the words that name them, and the polarity of terms.

The format is TOML, with optional keys throughout; `docs/knowledge.md` explains it to those who write one.

    window = 4                    # an aspect is looked for so many words before and after a term
    subject = "film"              # what a term is said of when no aspect is near

    [concepts.pace]
    words = ["pace", "pacing"]    # surface forms
    is_a = ["quality"]
    aspect_of = ["film"]

    [polarity.pace]
    slow = -1.2                   # on VADER's scale, from -4 to 4; 0 makes the term say nothing
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

from rlsf_gym.arguments import one_line
from rlsf_gym.domains.sentiment.vader.long import LONGEST
from rlsf_gym.domains.sentiment.vader.words import is_rule_word, read_word

BUNDLED: Final = {"film": Path(__file__).parents[1] / "assets" / "film.toml"}
"""Bundled graphs: name to file."""

MAX_BYTES: Final = 4 * 1024 * 1024
"""Most bytes of a file: the checker reads no larger one."""
MAX_VALENCE: Final = 4.0
DEFAULT_WINDOW: Final = 4
MAX_WINDOW: Final = 20

# Dots in a line: to read a key a.b.c takes memory with the square of its parts, gigabytes of a long one.
_MOST_DOTS: Final = 1_000

_CONCEPT_KEYS: Final = ("words", "is_a", "aspect_of")


@dataclass(frozen=True)
class Concept:
    """Concept of a knowledge file.

    Attributes:
        words: the words that name it, in lower case.
        is_a: the concepts that it is a kind of.
        aspect_of: the concepts that it is a side of.
        polarity: term to valence when said of it, in [-4, 4].
    """

    words: tuple[str, ...]
    is_a: tuple[str, ...]
    aspect_of: tuple[str, ...]
    polarity: Mapping[str, float]


@dataclass(frozen=True)
class KnowledgeFile:
    """Contents of a file of domain knowledge.

    Attributes:
        name: the file as it was asked for.
        sha256: hash of its bytes, in hexadecimal digits.
        window: how many words before and after a term an aspect is looked for.
        subject: the concept that a term is said of when no aspect is near; None without one.
        concepts: the concepts by name, in the order of the file.
    """

    name: str
    sha256: str
    window: int
    subject: str | None
    concepts: Mapping[str, Concept]

    def error(self, key: str, message: str) -> ValueError:
        """Returns the one-line error about a key."""
        return _error(self.name, key, message)


def read_knowledge(name: str) -> KnowledgeFile:
    """Reads a knowledge file and validates every key, except for cycles.

    Args:
        name: a name in `BUNDLED`, or the path of a TOML file.

    Raises:
        ValueError: If there is no such file, it is no TOML, or one of its keys is wrong; the one line of the
            message names the file, the key and what to write instead.
    """
    path = BUNDLED.get(name, Path(name))
    if not path.is_file():
        raise ValueError(
            f"graph must be one of {', '.join(BUNDLED)} or the path of a TOML file, got {name!r}"
        )
    try:
        with open(path, "rb", buffering=0, opener=_open_without_waiting) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"graph {name!r} must be readable, but is not: {one_line(error)}") from error
    if data is None:
        raise ValueError(f"graph {name!r} must be a file of text, but has nothing to read yet")
    if len(data) > MAX_BYTES:
        raise ValueError(f"graph {name!r} must have at most {MAX_BYTES:,} bytes, but has more")
    tables = _parse(name, data)
    _check_keys(name, "", tables, ("window", "subject", "concepts", "polarity"))
    entries = _read_table(name, "concepts", tables.get("concepts", {}))
    polarities = _read_table(name, "polarity", tables.get("polarity", {}))
    for concept in polarities:
        _check_concept(name, f"polarity.{concept}", concept, entries)
    concepts = {key: _read_concept(name, key, entries, polarities.get(key, {})) for key in entries}
    _check_words(name, concepts)
    subject = tables.get("subject")
    if subject is not None:
        _check_concept(name, "subject", subject, entries)
    return KnowledgeFile(name, sha256(data).hexdigest(), _read_window(name, tables), subject, concepts)


def _open_without_waiting(path: str, flags: int) -> int:
    """Some files of the system are regular ones by name, and wait for something to be read."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _error(name: str, key: str, message: str) -> ValueError:
    return ValueError(f"graph {name!r}: {key} {message}")


def _parse(name: str, data: bytes) -> dict[str, Any]:
    try:
        text = data.decode()
        if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
            raise _error(name, "a line", f"must have at most {_MOST_DOTS} dots, but has more")
        return tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        reason = one_line(error)
        raise ValueError(f"graph {name!r} must be TOML in UTF-8, but is not: {reason}") from error


def _check_keys(name: str, place: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    for key in table:
        if key not in known:
            raise _error(name, f"{place}{key}", f"is no key of the format: write one of {', '.join(known)}")


def _read_table(name: str, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _error(name, key, f"must be a table, written [{key}], but is {value!r}")
    return cast(dict[str, Any], value)


def _check_concept(name: str, key: str, concept: Any, entries: Mapping[str, Any]) -> None:
    if not isinstance(concept, str) or concept not in entries:
        raise _error(name, key, f"must name a concept, but {concept!r} is none: add [concepts.{concept}]")


def _read_concept(name: str, key: str, entries: Mapping[str, Any], polarity: Any) -> Concept:
    place = f"concepts.{key}"
    entry = _read_table(name, place, entries[key])
    _check_keys(name, f"{place}.", entry, _CONCEPT_KEYS)
    words, is_a, aspect_of = (
        _read_strings(name, f"{place}.{part}", entry.get(part, [])) for part in _CONCEPT_KEYS
    )
    for part, parents in (("is_a", is_a), ("aspect_of", aspect_of)):
        for parent in parents:
            _check_concept(name, f"{place}.{part}", parent, entries)
    if len({*is_a, *aspect_of}) < len(is_a) + len(aspect_of):
        raise _error(
            name, place, "must name each concept once in is_a and aspect_of together: keep one of the two"
        )
    for word in words:
        _check_form(name, f"{place}.words", word)
    return Concept(words, is_a, aspect_of, _read_polarity(name, key, polarity))


def _read_strings(name: str, key: str, value: Any) -> tuple[str, ...]:
    items = cast(list[Any], value) if isinstance(value, list) else []
    strings = [item for item in items if isinstance(item, str)]
    if not isinstance(value, list) or len(strings) < len(items):
        raise _error(name, key, f'must be a list of strings, such as ["pace"], but is {value!r}')
    return tuple(strings)


def _read_polarity(name: str, concept: str, value: Any) -> dict[str, float]:
    table = _read_table(name, f"polarity.{concept}", value)
    for term, valence in table.items():
        key = f"polarity.{concept}.{term}"
        _check_form(name, key, term)
        if is_rule_word(term):
            raise _error(name, key, "belongs to VADER's rules, which need it as it is: take the entry out")
        number = isinstance(valence, int | float) and not isinstance(valence, bool)
        if not number or not math.fabs(valence) <= MAX_VALENCE:
            raise _error(name, key, f"must be a number from -4 to 4, but is {valence!r}")
    return {term: float(valence) for term, valence in table.items()}


def _check_form(name: str, key: str, word: str) -> None:
    """Refuse what no word of a text is ever equal to, or longer than a growing word is read."""
    if len(word) > LONGEST:
        raise _error(
            name, key, f"must have at most {LONGEST} characters, but has {len(word)}: {word[:20]!r}..."
        )
    if word.split() != [word] or read_word(word).lower != word:
        raise _error(
            name,
            key,
            f"must be one word in lower case without outer punctuation, but is {word!r}: no text has it",
        )


def _check_words(name: str, concepts: Mapping[str, Concept]) -> None:
    owners: dict[str, str] = {}
    for key, concept in concepts.items():
        for word in concept.words:
            owner = owners.setdefault(word, key)
            if owner != key:
                raise _error(
                    name, f"concepts.{key}.words", f"must leave out {word!r}, which names {owner!r} already"
                )


def _read_window(name: str, tables: Mapping[str, Any]) -> int:
    window = tables.get("window", DEFAULT_WINDOW)
    if not isinstance(window, int) or isinstance(window, bool) or not 1 <= window <= MAX_WINDOW:
        raise _error(
            name, "window", f"must be a whole number of words from 1 to {MAX_WINDOW}, but is {window!r}"
        )
    return window

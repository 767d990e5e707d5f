"""Readings of answers: which symbols may follow, and which literal each of them asserts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from rlsf_gym.domains.constraints.cnf import Clause

__all__ = ["Fork", "Read", "Reading", "Symbol", "fork_of", "read_symbols", "spell_rest"]


class Symbol(NamedTuple):
    """A piece of an answer: a digit, a name, a word, a separator."""

    text: str
    """Its characters, at least one; the first may be a space, which then is needed."""
    literal: int
    """Literal that it asserts, 0 for none."""
    node: Hashable
    """Place in the answer behind it."""
    rule: str = ""
    """Rule under which it is refused at once, such as "given"; "" for what a random writer draws."""


class Reading(Protocol):
    """How answers to one instance are read.

    An answer is right if it may end where it ends and its literals can hold together with the formula and the
    givens. From every place, each solution that agrees with what was said so far can be spelled out.
    """

    @property
    def start(self) -> Hashable:
        """Place before the first symbol."""
        ...

    @property
    def alphabet(self) -> frozenset[str]:
        """Characters of which right answers are made, the space included."""
        ...

    @property
    def variables(self) -> Sequence[int]:
        """Variables of which answers speak; solutions that agree in them are one."""
        ...

    @property
    def goals(self) -> Sequence[Sequence[Clause]]:
        """What an answer is to reach: groups of clauses, in all of which a literal is to be asserted."""
        ...

    def symbols(self, node: Hashable) -> tuple[Symbol, ...]:
        """Returns the symbols that are well spelled at a place, without the end."""
        ...

    def may_end(self, node: Hashable) -> bool:
        """Returns whether an answer may end at a place."""
        ...

    def chance(self, node: Hashable) -> float | None:
        """Returns the chance that a random writer spells one given solution that agrees so far.

        None where that depends on the solution: it is then worked out symbol by symbol.
        """
        ...

    def expected(self, node: Hashable) -> str:
        """Returns what may follow at a place, in words."""
        ...

    def say(self, literal: int) -> str:
        """Returns what a literal says, in words."""
        ...

    def refuse(self, literal: int) -> str:
        """Returns in a sentence why a symbol that is refused at once is wrong."""
        ...


class Fork:
    """Place in the trie of the symbols that may follow."""

    __slots__ = ("branches", "complete", "drawn", "is_root", "lost", "refused", "skips_space", "text")

    def __init__(self, text: str = "") -> None:
        self.text = text
        """What has been read of a symbol."""
        self.is_root = not text
        """Whether no symbol has begun."""
        self.branches: dict[str, Fork] = {}
        """Next character to the place behind it."""
        self.complete: Symbol | None = None
        """The symbol that is complete here."""
        self.drawn: list[Symbol] = []
        """Symbols that begin so, of those that a random writer draws."""
        self.refused: list[Symbol] = []
        """And of those that are refused at once."""
        self.skips_space = False
        """Whether another space changes nothing here."""
        self.lost: dict[Hashable, Any] = {}
        """States of prefixes that are lost here, which are the same in all puzzles."""


@lru_cache(maxsize=4096)
def fork_of(symbols: tuple[Symbol, ...]) -> Fork:
    """Returns the root of the trie of symbols; the same symbols share one.

    Raises:
        ValueError: If a symbol has no characters, or two have the same.
    """
    root = Fork()
    for symbol in symbols:
        here = root
        if not symbol.text:
            raise ValueError(f"symbols must have at least one character each, got {symbol}")
        for end in range(len(symbol.text) + 1):
            here = here.branches.setdefault(symbol.text[end - 1], Fork(symbol.text[:end])) if end else root
            (here.refused if symbol.rule else here.drawn).append(symbol)
        if here.complete is not None:
            raise ValueError(f"symbols must be told apart by their texts, got {here.complete} and {symbol}")
        here.complete = symbol
    root.skips_space = " " not in root.branches
    blank = root.branches.get(" ")
    if blank is not None:
        blank.skips_space = " " not in blank.branches and blank.complete is None
    return root


class Read(NamedTuple):
    """A symbol in a text."""

    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last one."""
    symbol: Symbol
    """The symbol."""


def read_symbols(reading: Reading, text: str) -> tuple[list[Read], Hashable, bool]:
    """Returns the symbols of an answer, up to where it is no longer well spelled.

    The longest symbol that fits is read. Takes time linear in the text.

    Returns:
        The symbols, the place behind the last one, and whether all of the text was read, none of it being a
        part of a symbol.
    """
    found, node, start = list[Read](), reading.start, 0
    here = fork_of(reading.symbols(node))
    at = 0
    while at < len(text):
        character = text[at]
        following = here.branches.get(character)
        if following is not None:
            start = at if here.is_root else start
            here = following
            at += 1
        elif here.skips_space and character == " ":
            at += 1
            continue
        elif here.complete is None:
            return found, node, False
        if following is None or not here.branches:  # what is complete and does not go on
            assert here.complete is not None
            found.append(Read(start, at, here.complete))
            node = here.complete.node
            here = fork_of(reading.symbols(node))
    if here.complete is not None:
        found.append(Read(start, at, here.complete))
        return found, here.complete.node, True
    return found, node, here.is_root


def spell_rest(reading: Reading, node: Hashable, holds: frozenset[int] | None = None) -> tuple[str, int]:
    """Returns how an answer goes on from a place to its end, and in how many symbols.

    Args:
        reading: The reading.
        node: The place.
        holds: Variables that are true, all others being false: each symbol asserts what holds. None for the
            first symbol at each place, whatever it asserts.
    """
    texts = list[str]()
    while not reading.may_end(node):
        for symbol in reading.symbols(node):
            if not symbol.rule and (holds is None or _holds(symbol.literal, holds)):
                break
        else:
            raise ValueError(f"reading must spell every solution, got stuck behind {''.join(texts)!r:.80}")
        texts.append(symbol.text)
        node = symbol.node
    return "".join(texts), len(texts)


def _holds(literal: int, holds: frozenset[int]) -> bool:
    return literal == 0 or (literal in holds if literal > 0 else -literal not in holds)

"""Hash of a puzzle that its people's names do not change, by which puzzles are split."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from rlsf_gym.domains.constraints.knights_and_knaves.statements import COUNTS, NAMES

__all__ = ["hash_puzzle", "is_held_out"]

_SHARE = 10  # one puzzle in so many is for evaluation


def hash_puzzle(statements: Sequence[Any]) -> int:
    """Returns a number below 2^64 that is the same for puzzles that differ in names alone.

    Nor does it depend on the order in which equals are named, as in "A and B are of the same kind". Each
    person is described by what is said by and of them, then by how those others are described, and so on
    (colour refinement); two puzzles may share a number without being one.

    Example:
        >>> one = hash_puzzle([["is", "B", "knave"], ["same", "A", "B"], ["is", "A", "knight"]])
        >>> one == hash_puzzle([["is", "C", "knight"], ["same", "C", "B"], ["is", "B", "knave"]])
        True
    """
    people = len(statements)
    colours = [""] * people
    for _ in range(people):
        colours = [_describe(statements, colours, person) for person in range(people)]
    return int(_digest("".join(sorted(colours))), 16)


def is_held_out(statements: Sequence[Any]) -> bool:
    """Returns whether a puzzle is for evaluation, as one in ten is."""
    return hash_puzzle(statements) % _SHARE == 0


def _describe(statements: Sequence[Any], colours: Sequence[str], person: int) -> str:
    """Returns a description of what is said by and of a person, where others are known by their colours."""
    told = list[str]()
    for speaker, statement in enumerate(statements):
        marked = [f"{colour}{int(i == person)}{int(i == speaker)}" for i, colour in enumerate(colours)]
        told.append(f"{marked[speaker]}:{_write(statement, marked)}")
    return _digest("|".join(sorted(told)))


def _write(statement: Any, marked: Sequence[str]) -> str:
    """Returns a statement with a mark for each name, and equals in the order of what they become."""
    word, first, second = statement
    if word == "is" or word in COUNTS:
        return f"({word} {marked[NAMES.index(first)] if word == 'is' else first} {second})"
    if word in ("same", "different"):
        parts = [marked[NAMES.index(name)] for name in (first, second)]
    else:
        parts = [_write(part, marked) for part in (first, second)]
    return f"({word} {' '.join(parts if word == 'if' else sorted(parts))})"


def _digest(text: str) -> str:
    return blake2b(text.encode("ascii"), digest_size=8).hexdigest()

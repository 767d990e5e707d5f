"""Truth tables of statements: who can be a knight, as sets of assignments in the bits of an integer.

Assignment a makes person i a knight where bit i of a is 1. A set of assignments is an integer whose bit a
says whether a is in it, so that and, or and not of statements are those of integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from rlsf_gym.domains.constraints.knights_and_knaves.statements import NAMES

__all__ = ["find_contradicting", "find_solutions", "list_clauses", "list_members", "tabulate"]


@lru_cache
def _list_knights(people: int) -> tuple[int, ...]:
    """Returns for each person the assignments in which they are a knight."""
    return tuple(sum(1 << a for a in range(1 << people) if a >> i & 1) for i in range(people))


@lru_cache
def _list_counts(people: int) -> tuple[int, ...]:
    """Returns for each number from 0 to `people` the assignments with so many knights."""
    numbers = range(1 << people)
    return tuple(sum(1 << a for a in numbers if a.bit_count() == count) for count in range(people + 1))


def tabulate(statement: Any, people: int) -> int:
    """Returns the assignments in which a statement is true."""
    everything = (1 << (1 << people)) - 1
    word, first, second = statement
    if word in ("and", "or", "either", "if"):
        left, right = tabulate(first, people), tabulate(second, people)
        joined = {"and": left & right, "or": left | right, "either": left ^ right}
        return joined[word] if word in joined else (everything & ~left) | right
    knights = _list_knights(people)
    if word == "is":
        found = knights[NAMES.index(first)]
        return found if second == "knight" else everything & ~found
    if word in ("same", "different"):
        apart = knights[NAMES.index(first)] ^ knights[NAMES.index(second)]
        return apart if word == "different" else everything & ~apart
    chosen = {"exactly": range(first, first + 1), "least": range(first, people + 1), "most": range(first + 1)}
    counts = _list_counts(people)
    return sum(counts[n if second == "knight" else people - n] for n in chosen[word])


def _tell_alike(statements: Sequence[Any]) -> list[int]:
    """Returns for each speaker the assignments in which they are a knight as their statement is true."""
    people = len(statements)
    everything = (1 << (1 << people)) - 1
    return [
        everything & ~(knights ^ tabulate(statement, people))
        for knights, statement in zip(_list_knights(people), statements, strict=True)
    ]


def find_solutions(statements: Sequence[Any]) -> list[int]:
    """Returns the assignments in which knights alone say what is true, in increasing order.

    Example:
        >>> find_solutions([["is", "B", "knave"], ["same", "A", "B"]])  # A alone is a knight
        [1]
    """
    left = (1 << (1 << len(statements))) - 1
    for alike in _tell_alike(statements):
        left &= alike
    return list(list_members(left))


def find_contradicting(statements: Sequence[Any], known: Mapping[int, bool]) -> list[int]:
    """Returns speakers whose statements contradict what is known, none of whom can be left out.

    Args:
        statements: Of each person.
        known: Number of a person to whether they are a knight.

    Returns:
        Their numbers, increasing; none if a solution agrees with what is known.

    Example:
        >>> find_contradicting([["is", "B", "knave"], ["same", "A", "B"]], {0: False})  # as A is a knight
        [1]
    """
    people, everything = len(statements), (1 << (1 << len(statements))) - 1
    agreeing = everything
    for person, is_knight in known.items():
        knights = _list_knights(people)[person]
        agreeing &= knights if is_knight else everything & ~knights
    alike, kept = _tell_alike(statements), list(range(people))
    if _meet(agreeing, alike, kept):
        return []
    for speaker in range(people):
        others = [one for one in kept if one != speaker]
        if not _meet(agreeing, alike, others):
            kept = others
    return kept


def _meet(assignments: int, sets: Sequence[int], chosen: Sequence[int]) -> int:
    """Returns the assignments that are in each of the chosen sets."""
    for one in chosen:
        assignments &= sets[one]
    return assignments


def list_members(assignments: int) -> Iterator[int]:
    """Yields the members of a set of assignments, in increasing order."""
    while assignments:
        lowest = assignments & -assignments
        yield lowest.bit_length() - 1
        assignments ^= lowest


def list_clauses(statements: Sequence[Any]) -> list[list[tuple[int, ...]]]:
    """Returns the shortest clauses that follow from what each one says: for each speaker a list.

    Variable i + 1 says that person i is a knight. A speaker is a knight if and only if the statement is true;
    of that, the clauses are all from which no literal can be left out (its prime implicates), found by
    merging what they forbid (Quine and McCluskey). So they are what the statement means, whatever its form.

    Example:
        >>> list_clauses([["is", "B", "knave"], ["same", "A", "B"]])
        [[(-1, -2), (1, 2)], [(1,)]]
    """
    people, found = len(statements), list[list[tuple[int, ...]]]()
    everything = (1 << (1 << people)) - 1
    for alike in _tell_alike(statements):
        primes = _merge({((1 << people) - 1, one) for one in list_members(everything & ~alike)})
        clauses = (
            tuple(-i - 1 if value >> i & 1 else i + 1 for i in range(people) if care >> i & 1)
            for care, value in primes
        )
        found.append(sorted(clauses, key=lambda clause: (len(clause), clause)))
    return found


def _merge(cubes: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns the largest cubes that these points make up; each is (bits that matter, their values)."""
    largest = list[tuple[int, int]]()
    while cubes:
        wider, merged = set[tuple[int, int]](), set[tuple[int, int]]()
        for care, value in cubes:
            for bit in list_members(care):
                if (care, value ^ (1 << bit)) in cubes:
                    wider.add((care & ~(1 << bit), value & ~(1 << bit)))
                    merged.add((care, value))
        largest += cubes - merged
        cubes = wider
    return largest

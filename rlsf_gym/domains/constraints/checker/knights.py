"""Knights and knaves for the checker: each world is tried out, and statements are read as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Final, NamedTuple

from rlsf_gym.certificates.claimed import CertificateError, tell
from rlsf_gym.domains.constraints.checker.formula import Formula, is_list
from rlsf_gym.domains.constraints.checker.propagation import Clause
from rlsf_gym.domains.constraints.checker.puzzle import Choice

__all__ = ["Knights"]

World = dict[str, bool]
"""Whether each person is a knight."""

_MOST: Final = 8
_JOINS: Final = {"and": "and", "or": "or"}
_HOW: Final = {"exactly": "exactly", "least": "at least", "most": "at most"}


class Node(NamedTuple):
    """Place in an answer: whom it has told of, whom it tells of now, and which symbol is due."""

    told: str = ""
    name: str = ""
    due: str = "name"


class Knights:
    """People of which each says something, knights what is true and knaves what is not."""

    rules = ("progress", "syntax", "conflict", "unfinished")
    start = Node()
    givens: tuple[int, ...] = ()

    def __init__(self, data: Mapping[str, Any]) -> None:
        statements: object = data.get("statements")
        if not is_list(statements) or not 2 <= len(statements) <= _MOST or len(data) > 1:
            raise CertificateError(
                f"instance must hold statements of 2 to {_MOST} people, but is {tell(data)}"
            )
        self.names = "ABCDEFGH"[: len(statements)]
        self._statements = dict(zip(self.names, statements, strict=True))
        try:
            said = [f"{name} says: {_read(one)}." for name, one in self._statements.items()]
            self._worlds = _list_worlds(self.names)
            self.formula = self._write_formula()
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise CertificateError(f"instance must hold statements, but is {tell(data)}") from error
        self.prompt = " ".join(said) + "\n"

    def choices(self, node: Node) -> Sequence[Choice]:
        """Returns the symbols that may stand next."""
        return _list_choices(self.names, node)

    def may_end(self, node: Node) -> bool:
        """Returns whether each has been told of."""
        return node.due == "name" and len(node.told) == len(self.names)

    def count_ways(self, node: Node) -> int:
        """Returns how many answers there are to who is what, of those not told of."""
        return 2 ** (len(self.names) - len(node.told))

    def expected(self, node: Node) -> str:
        """Returns what may stand here, in words."""
        if self.may_end(node):
            return "the end"
        left = [name for name in self.names if name not in node.told]
        due = {"name": " or ".join(left), "is": "' is a '", "kind": "'knight' or 'knave'", "stop": "'.'"}
        return due[node.due]

    def say(self, literal: int) -> str:
        """Returns who is what."""
        return f"{self.names[abs(literal) - 1]} is a {'knight' if literal > 0 else 'knave'}"

    def refuse(self, literal: int) -> str:
        """Never asked for, as nothing is given."""
        raise CertificateError(f"nothing is given against {self.say(literal)}")

    def solve(self, bound: int) -> list[list[int]] | None:
        """Returns all solutions; None if more than `bound`."""
        found = [
            [number if is_knight else -number for number, is_knight in enumerate(world.values(), 1)]
            for world in self._worlds
            if all(world[name] == _holds(one, world) for name, one in self._statements.items())
        ]
        return found if len(found) <= bound else None

    def _write_formula(self) -> Formula:
        """Returns, for each speaker, every clause that follows from what they say and no shorter one does."""
        found = dict[Clause, None]()
        for name, statement in self._statements.items():
            alike = [
                tuple(world.values()) for world in self._worlds if world[name] == _holds(statement, world)
            ]
            found |= dict.fromkeys(_list_shortest(frozenset(alike), len(self.names)))
        return Formula(tuple(found), len(self.names))


def _read(statement: Any) -> str:
    """Returns what a statement is in English."""
    word, first, second = statement
    if word == "is":
        return f"{first} is a {second}"
    if word in ("same", "different"):
        return f"{first} and {second} are of {'the same kind' if word == 'same' else 'different kinds'}"
    if word in _HOW:
        many = f"is a {second}" if first == 1 else f"are {second}s"
        return f"{_HOW[word]} {first} of us {many}"
    one, other = _read(first), _read(second)
    if word == "if":
        return f"if {one} then {other}"
    if word == "either":
        return f"either {one} or {other} but not both"
    return f"{one} {_JOINS[word]} {other}"


def _holds(statement: Any, world: World) -> bool:
    """Returns whether a statement is true in a world."""
    word, first, second = statement
    if word == "is":
        return world[first] is (second == "knight")
    if word in ("same", "different"):
        return (world[first] is world[second]) is (word == "same")
    if word in _HOW:
        many = sum(1 for is_knight in world.values() if is_knight is (second == "knight"))
        return many == first if word == "exactly" else many >= first if word == "least" else many <= first
    one, other = _holds(first, world), _holds(second, world)
    if word == "if":
        return other or not one
    if word == "either":
        return one is not other
    return (one and other) if word == "and" else (one or other)


@lru_cache
def _list_worlds(names: str) -> list[World]:
    return [dict(zip(names, row, strict=True)) for row in product((True, False), repeat=len(names))]


@lru_cache
def _list_signs(people: int) -> list[tuple[int, ...]]:
    """Returns all clauses over so many people, a sign for each of them, 0 where it says nothing of them."""
    return list(product((1, -1, 0), repeat=people))


@lru_cache(maxsize=4096)
def _list_shortest(worlds: frozenset[tuple[bool, ...]], people: int) -> tuple[Clause, ...]:
    """Returns the clauses that hold in all these worlds, and from which no literal can be left out."""
    numbered = list(worlds)
    everywhere = (1 << len(numbered)) - 1
    # Of each person and sign, the worlds in which that literal is true, as bits.
    where = [
        {
            sign: sum(1 << place for place, world in enumerate(numbered) if world[person] is (sign > 0))
            for sign in (1, -1)
        }
        | {0: 0}
        for person in range(people)
    ]
    holding = set[tuple[int, ...]]()
    for signs in _list_signs(people):
        union = 0
        for person, sign in enumerate(signs):
            union |= where[person][sign]
        if union == everywhere:
            holding.add(signs)
    shortest = [
        signs
        for signs in holding
        if not any(
            sign and (*signs[:place], 0, *signs[place + 1 :]) in holding for place, sign in enumerate(signs)
        )
    ]
    return tuple(tuple(sign * number for number, sign in enumerate(signs, 1) if sign) for signs in shortest)


@lru_cache(maxsize=4096)
def _list_choices(names: str, node: Node) -> tuple[Choice, ...]:
    told, name, due = node
    if due == "name":
        return tuple(Choice(one, 0, Node(told, one, "is")) for one in names if one not in told)
    if due == "is":
        return (Choice(" is a ", 0, Node(told, name, "kind")),)
    if due == "kind":
        number = names.index(name) + 1
        then = Node(told + name, "", "stop")
        return (Choice("knight", number, then), Choice("knave", -number, then))
    return (Choice(".", 0, Node(told, "", "name")),)

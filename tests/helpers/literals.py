"""A face of the engine of constraints that is small enough to work out by hand: say which numbers hold.

Answers name each variable once, in any order, as `1` or `-1`, `12` or `-12`, with commas between them; so a
symbol may begin as others do.
"""

from rlsf_gym.domains.constraints.cnf import Formula
from rlsf_gym.domains.constraints.problem import Problem
from rlsf_gym.domains.constraints.reading import Symbol
from rlsf_gym.instance import Instance

NAMES = {1: "1", 2: "12", 3: "3"}
"""Variable to its name."""


class LiteralReading:
    """A place is what is left to say, and whether a comma comes first."""

    alphabet = frozenset("0123456789-, ")

    def __init__(self, variables, goals=(), even=True):
        self.variables, self.goals, self.even = variables, goals, even
        self.start = (tuple(variables), False)

    def symbols(self, node):
        left, comma = node
        if comma:
            return (Symbol(",", 0, (left, False)),) if left else ()
        return tuple(
            Symbol(("-" if sign < 0 else "") + NAMES[one], sign * one, (tuple(set(left) - {one}), True))
            for one in left
            for sign in (1, -1)
        )

    def may_end(self, node):
        return node == ((), True)

    def chance(self, node):
        return 0.5 ** len(node[0]) if self.even else None

    def expected(self, node):
        return "the end" if self.may_end(node) else "a comma" if node[1] else "a number"

    def say(self, literal):
        return f"{NAMES[abs(literal)]} is {literal > 0}"

    def refuse(self, literal):
        raise AssertionError("nothing is given")


class Words:
    """The symbols of a fixed row of places, the last of which may end."""

    goals, variables, alphabet, start = (), (), frozenset(), 0

    def __init__(self, *rows, literals=()):
        self.rows, self.literals = rows, dict(literals)

    def symbols(self, node):
        texts = self.rows[node] if node < len(self.rows) else ()
        return tuple(Symbol(text, self.literals.get(text, 0), node + 1) for text in texts)

    def may_end(self, node):
        return node == len(self.rows)

    def chance(self, node):
        return None

    def expected(self, node):
        return f"one of {self.rows[node]}" if node < len(self.rows) else "the end"


class LiteralFace:
    """Instances have the data `{"clauses": [...]}`, and the prompt `?`."""

    name = "literals"
    rules = ("progress", "syntax", "conflict", "unfinished")

    def __init__(self, even=True):
        self.even = even

    def pose(self, instance):
        clauses = tuple(map(tuple, instance.data["clauses"]))
        reading = LiteralReading((1, 2, 3), tuple((clause,) for clause in clauses), self.even)
        return Problem(Formula(clauses, 3), (), reading)


def ask(*clauses):
    return Instance("?", 0, {"clauses": [list(clause) for clause in clauses]})

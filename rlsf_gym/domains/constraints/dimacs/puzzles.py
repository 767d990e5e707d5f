"""Puzzles of one formula: some literals are given, and the rest is to be found."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple, cast

import numpy as np

from rlsf_gym.domains.constraints.cnf import Formula
from rlsf_gym.domains.constraints.dimacs.reading import SlotReading
from rlsf_gym.domains.constraints.dimacs.slots import Slots, make_slots
from rlsf_gym.domains.constraints.dimacs.text import read_dimacs
from rlsf_gym.domains.constraints.problem import RULES, Problem
from rlsf_gym.domains.constraints.scorer import ConstraintScorer
from rlsf_gym.domains.constraints.solver import Oracle
from rlsf_gym.instance import Instance

__all__ = ["DimacsFace", "DimacsPuzzles", "Statement", "read_statement"]

_SHARE: Final = 10  # one puzzle in so many is for evaluation
_PATIENCE: Final = 10_000
_KEYS: Final = ("formula", "symbols", "separator", "given")


class Statement(NamedTuple):
    """A formula with the symbols that answers are made of."""

    formula: Formula
    slots: Slots
    is_even: bool


class DimacsFace:
    """Kind of puzzle: a formula in the DIMACS format, and a mapping from symbols to literals."""

    name = "constraints"
    rules = RULES

    def pose(self, instance: Instance) -> Problem:
        """Returns the problem of an instance."""
        statement, given = self.read(instance.data or {})
        prompt = f"{statement.slots.tell_given(given)}\n"
        if instance.prompt != prompt:
            raise ValueError(f"prompt must be {prompt!r:.200}, got {instance.prompt!r:.200}")
        formula, slots, is_even = statement
        return Problem(formula, tuple(given), SlotReading(slots, formula, given, is_even=is_even))

    def read(self, data: Mapping[str, Any]) -> tuple[Statement, list[int]]:
        """Returns the formula of an instance's data with its symbols, and what is given.

        Raises:
            ValueError: If it is no such data.
        """
        if {*data} != {*_KEYS}:
            raise ValueError(f"data of a puzzle must hold {', '.join(_KEYS)}, got {', '.join(data)!r:.80}")
        text, given = data["formula"], data["given"]
        if not isinstance(text, str):
            raise ValueError(f"formula must be a text in the DIMACS format, got {text!r:.80}")
        statement = read_statement(text, data["symbols"], data["separator"])
        known = {literal for slot in statement.slots.slots for _, literal in slot}
        if type(given) is not list or not all(type(one) is int and one in known for one in cast(Any, given)):
            raise ValueError(f"given must be a list of literals that symbols stand for, got {given!r:.80}")
        literals = cast(list[int], given)
        if len({*map(abs, literals)}) < len(literals):
            raise ValueError(f"given must tell of each variable once, got {literals!r:.80}")
        return statement, literals


class DimacsPuzzles:
    """Source of puzzles of one formula, apart by what is given.

    Args:
        split: "train", "eval" (one puzzle in ten) or "all".
        text: The formula in the DIMACS format.
        symbols: Mapping from symbols to literals, as `make_slots` takes it.
        separator: Text between two symbols.
        given: Number of symbols that the prompt of a drawn puzzle gives.
        scorer: Scorer of the answers.

    Raises:
        ValueError: If there is nothing to be drawn.
    """

    def __init__(
        self, split: str, *, text: str, symbols: Any, separator: str, given: int, scorer: ConstraintScorer
    ) -> None:
        if split == "eval" and not given:
            raise ValueError(
                "given must be at least 1 to have puzzles for evaluation, got 0: there is one puzzle, and "
                "it is for training; use split='train' or 'all'"
            )
        self.split = split
        self._data = {"formula": text, "symbols": symbols, "separator": separator}
        self._statement = read_statement(text, symbols, separator)
        self._given, self._scorer = given, scorer
        self._oracle = Oracle(self._statement.formula)

    def sample(self, rng: np.random.Generator) -> Instance:
        """Returns a puzzle of the split, with a hash of what is given as its number."""
        for _ in range(_PATIENCE):
            given = self._draw(rng)
            number = _hash(repr(given))
            is_held_out = self._given > 0 and number % _SHARE == 0
            if self.split == "all" or is_held_out == (self.split == "eval"):
                return self.make({**self._data, "given": given})._replace(number=number)
        raise ValueError(
            f"given must leave puzzles in split {self.split!r}, got {self._given}: none of {_PATIENCE} that "
            "were drawn is there"
        )

    def make(self, data: Mapping[str, Any]) -> Instance:
        """Returns the puzzle of a formula, symbols, and what is given.

        Raises:
            ValueError: If there is no such puzzle, it has no solution, or its value can't be told.
        """
        statement, given = DimacsFace().read(data)
        instance = Instance(f"{statement.slots.tell_given(given)}\n", -1, dict(data))
        self._scorer.find_puzzle(instance)
        return instance

    def _draw(self, rng: np.random.Generator) -> list[int]:
        """Returns literals of some slots that can hold together, in the order of the slots."""
        slots = self._statement.slots.slots
        found = list[int]()
        chosen: list[int] = rng.choice(len(slots), self._given, replace=False).tolist()
        for number in sorted(chosen):
            symbols = slots[number]
            order: list[int] = rng.permutation(len(symbols)).tolist()
            for literal in (symbols[one][1] for one in order):
                if abs(literal) not in map(abs, found) and self._oracle.is_satisfiable([*found, literal]):
                    found.append(literal)
                    break
        return found


def read_statement(text: str, symbols: Any, separator: Any) -> Statement:
    """Returns a formula with the symbols of its answers; the same ones are read once.

    Raises:
        ValueError: If the text is no formula, or there is no such mapping.
    """
    formula = _read_formula(text)
    key = text, repr(symbols), separator
    found = _statements.get(key)
    if found is None:
        slots = make_slots(symbols, separator, formula)
        if len(_statements) >= _REMEMBERED:
            _statements.clear()
        found = _statements[key] = Statement(formula, slots, slots.is_even(formula))
    return found


_REMEMBERED: Final = 16
_statements = dict[tuple[str, str, Any], Statement]()
_read_formula = lru_cache(maxsize=_REMEMBERED)(read_dimacs)


def _hash(text: str) -> int:
    """Returns 48 bits that are the same on every machine."""
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big")

"""Problems: a formula, what is given, and the reading of answers; faces make them of instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rlsf_gym.domains.constraints.cnf import Formula
from rlsf_gym.domains.constraints.reading import Reading
from rlsf_gym.instance import Instance

__all__ = ["RULES", "Face", "Problem"]

RULES = ("progress", "syntax", "given", "conflict", "unfinished")
"""Rules of scorers: the value changed while a right answer was possible; a symbol that is none, that
contradicts a given, that leaves no solution; the answer ended before it was right."""


class Problem(NamedTuple):
    """What the answer to one instance is checked against."""

    formula: Formula
    """The formula, which instances may share."""
    givens: tuple[int, ...]
    """Literals that the instance gives."""
    reading: Reading
    """How answers are read: which symbols may stand at each place of one."""


class Face(Protocol):
    """A kind of puzzle: instances as problems."""

    @property
    def name(self) -> str:
        """Name of the scorer and of its checker."""
        ...

    @property
    def rules(self) -> Sequence[str]:
        """Those of `RULES` that its answers can break, in their order."""
        ...

    def pose(self, instance: Instance) -> Problem:
        """Returns the problem of an instance.

        Raises:
            ValueError: If the instance has no data of this kind.
        """
        ...

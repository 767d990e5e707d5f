"""Knights and knaves: who is a knight, and says what is true, and who is a knave, and does not."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from rlsf_gym.arguments import Argument, ArgumentError
from rlsf_gym.domains.constraints.knights_and_knaves.face import KnightsFace
from rlsf_gym.domains.constraints.knights_and_knaves.puzzles import Puzzles
from rlsf_gym.domains.constraints.knights_and_knaves.samples import SAMPLES
from rlsf_gym.domains.constraints.knights_and_knaves.statements import NAMES
from rlsf_gym.domains.constraints.knights_and_knaves.training import TRAINING
from rlsf_gym.domains.constraints.scorer import MAX_MODELS, ConstraintScorer
from rlsf_gym.domains.constraints.segmentation import Claims
from rlsf_gym.domains.constraints.solver import import_solvers
from rlsf_gym.domains.domain import Domain

__all__ = ["make_knights"]

_STATEMENT = 14  # tokens of the longest statement, with who says it
_CLAIM = 4


def make_knights(
    *, people: int = 3, unique: bool = True, value: Any = "random", max_models: int = MAX_MODELS
) -> Domain:
    """Returns the domain of knights and knaves.

    Prompts are such as "A says: B is a knave. B says: A and B are of the same kind." with a line feed, and
    their answers such as "A is a knight. B is a knave.", in any order. "or" admits both, and "if ... then"
    is false only where the first holds and the second does not.

    Args:
        people: How many people there are in a puzzle that is drawn, from 2 to 8.
        unique: Whether puzzles have one solution; otherwise at least one.
        value: What a prefix is worth: "random", the chance that evenly drawn names and kinds end right, or
            "solvable", 1 while a right answer is possible.
        max_models: Number of solutions of a puzzle, up to which they are listed; "random" needs them listed.

    Raises:
        ValueError: If an argument has a wrong value.
    """
    if type(people) is not int or not 2 <= people <= len(NAMES):
        raise ArgumentError(
            Argument("domain_kwargs.people"), f" must be an int from 2 to {len(NAMES)}, got {people!r}"
        )
    if not isinstance(cast(Any, unique), bool):
        raise ArgumentError(Argument("domain_kwargs.unique"), f" must be True or False, got {unique!r}")
    return Domain(
        name="knights",
        scorers={"knights": ConstraintScorer(KnightsFace(), value=value, max_models=max_models)},
        checkers={"knights": "rlsf_gym.domains.constraints.checker:verify"},
        samples=SAMPLES,
        segmentation=Claims(rf"[{NAMES}]|is a|knight|knave|\S", closing=r"\."),
        instances=partial(_open_source, people=people, unique=unique),
        defaults={
            "tokenizer": "knights",
            "max_prompt_tokens": _STATEMENT * people + 1,
            "max_new_tokens": _CLAIM * people + 1,
        },
        training=TRAINING,
        labels={"unit": "word", "amount": "chance"},
    )


def _open_source(split: str, *, people: int, unique: bool) -> Puzzles:
    """Returns the puzzles of a split; these are drawn without a solver, which the scorer asks at every step.

    Raises:
        ImportError: If PySAT is not installed: while an environment is made, and not in the midst of a run.
    """
    import_solvers()
    return Puzzles(split, people, unique=unique)

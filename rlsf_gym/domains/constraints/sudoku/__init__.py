"""Sudoku: fill the blanks of a grid so that each row, column and box holds each digit once."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, cast

from rlsf_gym.arguments import Argument, ArgumentError
from rlsf_gym.domains.constraints.scorer import MAX_MODELS, ConstraintScorer
from rlsf_gym.domains.constraints.segmentation import Claims
from rlsf_gym.domains.constraints.sudoku.formula import BOXES
from rlsf_gym.domains.constraints.sudoku.generator import MOST_BLANKS
from rlsf_gym.domains.constraints.sudoku.instances import DrawnSudokus, SavedSudokus, SudokuFace
from rlsf_gym.domains.constraints.sudoku.samples import SAMPLES
from rlsf_gym.domains.constraints.sudoku.training import TRAINING
from rlsf_gym.domains.domain import Domain

__all__ = ["make_sudoku"]

BLANKS: Final = {4: 6, 6: 18, 9: 40}
"""Size to the blanks of a puzzle where nothing else is asked for."""


def make_sudoku(
    *,
    size: int = 4,
    blanks: int | None = None,
    unique: bool = True,
    file: str | None = None,
    value: Any = "random",
    max_models: int = MAX_MODELS,
) -> Domain:
    """Returns the domain of Sudoku.

    The prompt is the grid in one line, "." for a blank; the answer is the whole grid in the same order.

    Args:
        size: Size of the grid: 4, 6 (boxes of 2 rows and 3 columns) or 9.
        blanks: Number of blanks of a drawn puzzle; 6, 18 or 40 by size where none is given.
        unique: Whether puzzles have one solution; otherwise at least one.
        file: Path of a file of puzzles, one a line as digits with "." or "0" for a blank; they are drawn by
            the generator where none is given.
        value: What a prefix is worth: "random", the chance that evenly drawn digits end right, or "solvable",
            1 while a right answer is possible.
        max_models: Number of solutions of a puzzle, up to which they are listed; "random" needs them listed.

    Raises:
        ValueError: If an argument has a wrong value.
    """
    if type(cast(Any, size)) is not int or size not in BOXES:
        raise ArgumentError(Argument("domain_kwargs.size"), f" must be 4, 6 or 9, got {size!r}")
    if not isinstance(cast(Any, unique), bool):
        raise ArgumentError(Argument("domain_kwargs.unique"), f" must be True or False, got {unique!r}")
    if not isinstance(cast(Any, file), str | None):
        raise ArgumentError(Argument("domain_kwargs.file"), f" must be a path as a text, got {file!r:.80}")
    if file is not None and blanks is not None:
        raise ArgumentError(
            Argument("domain_kwargs.blanks"), f" must be left out where a file is given, got {blanks!r}"
        )
    face = SudokuFace(size)
    scorer = ConstraintScorer(face, value=value, max_models=max_models)
    shared: dict[str, Any] = {"scorer": scorer, "face": face, "unique": unique}
    if file is not None:
        instances: Any = partial(SavedSudokus, **shared, file=file)
    else:
        instances = partial(DrawnSudokus, **shared, blanks=_check_blanks(size, blanks, unique))
    return Domain(
        name="sudoku",
        scorers={"sudoku": scorer},
        checkers={"sudoku": "rlsf_gym.domains.constraints.checker:verify"},
        samples=SAMPLES,
        segmentation=Claims("[1-9]"),
        instances=instances,
        defaults={
            "tokenizer": "sudoku",
            "max_prompt_tokens": size**2 + 1,
            "max_new_tokens": size**2 + 1,
        },
        training=TRAINING,
        labels={"unit": "cell", "amount": "chance", "instance": "puzzle"},
    )


def _check_blanks(size: int, blanks: int | None, unique: bool) -> int:
    if blanks is None:
        return BLANKS[size]
    most = MOST_BLANKS[size] if unique else size**2
    if (
        isinstance(cast(Any, blanks), bool)
        or not isinstance(cast(Any, blanks), int)
        or not 1 <= blanks <= most
    ):
        raise ArgumentError(
            Argument("domain_kwargs.blanks"), f" must be an int from 1 to {most} with size={size} and "
            f"unique={unique}, got {blanks!r}",
        )  # fmt: skip
    return blanks

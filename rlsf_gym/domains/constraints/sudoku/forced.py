"""Says how a Sudoku comes to a contradiction, as one follows it on paper: what each digit forces.

A cell that all digits but one are excluded from has that one, and a digit that fits into one cell of a row,
column or box only is there. These are the steps of unit propagation over the formula of a grid; where they
come to no contradiction, cases have to be tried, which no sentence holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from rlsf_gym.domains.constraints.sudoku.formula import BOXES, list_regions

__all__ = ["tell_contradiction"]

MOST_STEPS = 8
"""Steps that a sentence tells."""
Digits = Mapping[int, int]
"""Cell, from 0, to the digit that stands there."""


class _Step(NamedTuple):
    """What follows from digits that stand already."""

    cell: int | None
    """Cell that a digit is forced into; None: a contradiction."""
    digit: int
    told: str
    premises: frozenset[int]
    """Cells whose digits it follows from."""


def tell_contradiction(known: Digits, size: int) -> str:
    """Returns the steps from digits to a contradiction in words, empty where there is none of this kind.

    Steps that the contradiction does not need are left out.

    Args:
        known: The digits that stand.
        size: Size of the grid.

    Example:
        >>> tell_contradiction({0: 4, 1: 3, 3: 1, 4: 1, 6: 4, 8: 2, 9: 4, 10: 1, 15: 4}, 4)
        'row 1, column 3 can only be 2, and then no cell of row 4 is left for 2'
    """
    stands, steps = dict(known), dict[int, _Step]()
    while True:
        found = next(_find_steps(stands, size), None)
        if found is None:
            return ""
        if found.cell is None:
            return _tell(found, steps)
        stands[found.cell] = found.digit
        steps[found.cell] = found


def _find_steps(stands: Digits, size: int) -> Iterator[_Step]:
    """Yields contradictions first, then what is forced."""
    open_cells = {cell: _exclude(cell, stands, size) for cell in range(size**2) if cell not in stands}
    forced = list[_Step]()
    for cell, excluded in open_cells.items():
        left = [digit for digit in range(1, size + 1) if digit not in excluded]
        place, premises = _name(cell, size), frozenset(excluded.values())
        if not left:
            yield _Step(None, 0, f"no digit is left for {place}", premises)
        elif not left[1:]:
            forced.append(_Step(cell, left[0], f"{place} can only be {left[0]}", premises))
    for number, region in enumerate(list_regions(size)):
        taken = {stands[cell]: cell for cell in region if cell in stands}
        for digit in range(1, size + 1):
            if digit in taken:
                continue
            fits = [cell for cell in region if cell in open_cells and digit not in open_cells[cell]]
            against = {open_cells[cell][digit] for cell in region if cell in open_cells and cell not in fits}
            premises = frozenset({*taken.values(), *against})
            where = _name_region(number, size)
            if not fits:
                yield _Step(None, digit, f"no cell of {where} is left for {digit}", premises)
            elif not fits[1:]:
                told = f"{digit} of {where} can only be at {_name(fits[0], size)}"
                forced.append(_Step(fits[0], digit, told, premises))
    yield from forced


def _exclude(cell: int, stands: Digits, size: int) -> dict[int, int]:
    """Returns the digits that can't be in a cell, each with a cell of its row, column or box that has it."""
    return {stands[other]: other for other in _peers(size)[cell] if other in stands}


@lru_cache(maxsize=len(BOXES))
def _peers(size: int) -> tuple[tuple[int, ...], ...]:
    """Returns the cells that share row, column or box with each one."""
    regions = list_regions(size)
    return tuple(
        tuple(sorted({other for region in regions if cell in region for other in region} - {cell}))
        for cell in range(size**2)
    )


def _tell(end: _Step, steps: Mapping[int, _Step]) -> str:
    """Returns the steps that a contradiction needs, in the order in which they were made."""
    needed, waiting = set[int](), list(end.premises)
    while waiting:
        cell = waiting.pop()
        if cell in steps and cell not in needed:
            needed.add(cell)
            waiting += steps[cell].premises
    told = [step.told for cell, step in steps.items() if cell in needed]
    if not told:
        return end.told
    rest = len(told) - MOST_STEPS
    more = [f"{rest} more {'cell is' if rest == 1 else 'cells are'} forced"] if rest > 0 else []
    return f"{', '.join([*told[:MOST_STEPS], *more])}, and then {end.told}"


def _name(cell: int, size: int) -> str:
    return f"row {cell // size + 1}, column {cell % size + 1}"


def _name_region(number: int, size: int) -> str:
    """Returns the name of a region, by its place in `list_regions`."""
    kind, at = divmod(number, size)
    if kind < 2:
        return f"{('row', 'column')[kind]} {at + 1}"
    rows, columns = BOXES[size]
    down, across = divmod(at, size // columns)
    top, left = down * rows, across * columns
    return f"the box of rows {top + 1} to {top + rows}, columns {left + 1} to {left + columns}"

"""Draws a Sudoku with its answer: the cell that lost it, those that contradict it, the right digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rlsf_gym.domains.board import Board, Cell
from rlsf_gym.domains.constraints.sudoku.forced import tell_contradiction
from rlsf_gym.domains.constraints.sudoku.formula import BOXES, list_regions
from rlsf_gym.domains.constraints.sudoku.reading import BLANK

__all__ = ["draw_board"]

_SIZES = {size**2: size for size in BOXES}


class _Answer(NamedTuple):
    """Digits of an answer, cell by cell."""

    digits: str
    places: list[int]
    """Where each stands in the answer."""


def draw_board(
    data: Mapping[str, Any], start: int, response: str, payload: Mapping[str, Any]
) -> Board | None:
    """Returns the grid of an answer, None if the data is no Sudoku.

    Of the given digits, and of those written before, the ones that equal the fatal digit in its row, column
    or box clash with it.

    Args:
        data: Of the instance, `{"grid": "1.34..."}`.
        start: Length of the prompt.
        response: The answer.
        payload: Verdict on it, with `fatal`, `core` and `witness`.

    Example:
        >>> told = {"fatal": [17, 18], "reason": "conflict", "core": [[17, 18]], "witness": None}
        >>> board = draw_board({"grid": ".134431232..1..."}, 17, "1", told)
        >>> board.rows[0][0], board.rows[0][1], board.told
        (Cell(text='1', right='', mark='fatal'), Cell(text='1', right='', mark='clash'), '1 stands at row 1, \
column 2 and row 4, column 1 already')
    """
    grid = data.get("grid")
    if not isinstance(grid, str) or len(grid) not in _SIZES:
        return None
    size = _SIZES[len(grid)]
    if set(data) != {"grid"} or not {*_digits(size), BLANK}.issuperset(grid):
        return None
    answer = _read(response, size)
    fatal = _find_cells([payload["fatal"]] if payload.get("fatal") else [], start, answer)[:1]
    core = _find_cells(payload.get("core") or [], start, answer)
    right = _read(payload.get("witness") or "", size).digits
    clashes = _find_clashes(grid, answer.digits, fatal[0], size) if fatal else []
    lost = fatal[0] if fatal else len(grid)
    marks = {
        **dict.fromkeys(range(lost, len(answer.digits)), "gone"),
        **{cell: "given" for cell, digit in enumerate(grid) if _shows(answer.digits, cell, digit)},
        **dict.fromkeys(core, "core"), **dict.fromkeys(clashes, "clash"), **dict.fromkeys(fatal, "fatal"),
    }  # fmt: skip
    cells = [
        _draw(cell, grid, answer.digits, right)._replace(mark=marks.get(cell, ""))
        for cell in range(len(grid))
    ]
    rows = tuple(tuple(cells[at : at + size]) for at in range(0, len(grid), size))
    told = ""
    if payload.get("reason") == "conflict" and lost < len(answer.digits):
        told = _tell_clashes(clashes, answer.digits[lost], size) or _tell_forced(
            grid, answer.digits, [*core, lost], size
        )
    return Board(rows, told, box=BOXES[size])


def _digits(size: int) -> str:
    return "123456789"[:size]


def _read(text: str, size: int) -> _Answer:
    """Returns the digits with which a text begins, spaces between them."""
    answer = _Answer("", [])
    for at, letter in enumerate(text):
        if len(answer.digits) == size**2 or letter not in f"{_digits(size)} ":
            break
        if letter != " ":
            answer = _Answer(answer.digits + letter, [*answer.places, at])
    return answer


def _shows(written: str, cell: int, given: str) -> bool:
    """Returns whether a cell shows its given digit: nothing else was written there."""
    return given != BLANK and written[cell : cell + 1] in ("", given)


def _find_cells(spans: Sequence[Sequence[int]], start: int, answer: _Answer) -> list[int]:
    return [
        cell for first, end in spans for cell, at in enumerate(answer.places) if first <= start + at < end
    ]


def _find_clashes(grid: str, written: str, fatal: int, size: int) -> list[int]:
    """Returns the cells that show the digit of the fatal one in its row, column or box."""
    peers = {cell for region in list_regions(size) if fatal in region for cell in region} - {fatal}
    shown = {cell: grid[cell] if grid[cell] != BLANK else written[:fatal][cell : cell + 1] for cell in peers}
    return sorted(cell for cell, digit in shown.items() if digit == written[fatal])


def _draw(cell: int, grid: str, written: str, right: str) -> Cell:
    """Returns a cell without its mark."""
    given = "" if grid[cell] == BLANK else grid[cell]
    text = written[cell : cell + 1] or given
    wanted = given or right[cell : cell + 1]
    return Cell(text, "" if wanted == text else wanted)


def _tell_clashes(clashes: Sequence[int], digit: str, size: int) -> str:
    """Returns where the digit stands already, empty where it does not."""
    places = " and ".join(f"row {cell // size + 1}, column {cell % size + 1}" for cell in clashes)
    return f"{digit} stands at {places} already" if clashes else ""


def _tell_forced(grid: str, written: str, blamed: Sequence[int], size: int) -> str:
    """Returns how a digit that stands nowhere twice makes what is left impossible.

    Those that share the blame are enough for it, with what is given; another payload's may not be.

    Args:
        grid: The puzzle.
        written: Digits of the answer.
        blamed: Cells of the digits that share the blame, that of the fatal one the last.
        size: Size of the grid.
    """
    lost = blamed[-1]
    given = {cell: int(digit) for cell, digit in enumerate(grid) if digit != BLANK}
    known = [{cell: int(written[cell]) for cell in cells} for cells in (blamed, range(lost + 1))]
    steps = next(filter(None, (tell_contradiction({**given, **one}, size) for one in known)), "")
    digit = written[lost]
    if not steps:
        return f"up to there no row, column or box has {digit} twice: what is left can't be filled"
    return f"no row, column or box has {digit} twice, but with it {steps}"

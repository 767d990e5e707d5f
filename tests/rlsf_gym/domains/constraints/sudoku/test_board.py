"""Sudoku as a page draws it: cells by hand, and what a file may hold."""

import numpy as np
import pytest

from rlsf_gym import ResponseEnv
from rlsf_gym.domains import draw_board
from rlsf_gym.domains.board import Cell
from rlsf_gym.domains.constraints.sudoku.board import draw_board as draw

# Solved: 2134 / 4312 / 3241 / 1423; five of its cells are to be filled.
PUZZLE = {"grid": ".134431232..1..."}
RIGHT = "2134431232411423"


def tell(response, **changes):
    """Returns the board of an answer, as the payload of the environment tells of it."""
    env = ResponseEnv(domain="sudoku", tokenizer="bytes", max_new_tokens=20)
    env.reset(options={"instance": PUZZLE})
    payload = env.step([*response.encode(), *[256] * (20 - len(response))])[4]["certificate_payload"]
    return draw_board(PUZZLE, 17, response, {**payload, **changes})


def marks(board):
    return ["".join((cell.mark or ".")[0] for cell in row) for row in board.rows]


def test_a_digit_that_is_there_already():
    board = tell("2134431232141423")  # 1 at row 3, column 3: column 3 has one in row 2
    assert [[cell.mark for cell in row][2] for row in board.rows] == ["given", "clash", "fatal", "gone"]
    assert board.rows[2][2:] == (Cell("1", "4", "fatal"), Cell("4", "1", "gone"))
    assert board.rows[3][0] == Cell("1", "", "given")
    assert board.told == "1 stands at row 2, column 3 already"


def test_a_solved_puzzle_has_givens_and_nothing_to_say():
    board = tell(RIGHT)
    assert marks(board) == [".ggg", "gggg", "gg..", "g..."]
    assert board.rows[0][:2] == (Cell("2"), Cell("1", mark="given"))
    assert {cell.right for row in board.rows for cell in row} == {""}
    assert (board.told, board.box, board.heads) == ("", (2, 2), ())


def test_an_unfinished_puzzle_shows_what_is_missing():
    board = tell("213443")
    assert [cell.text for cell in board.rows[2]] == ["3", "2", "", ""]
    assert [cell.right for cell in board.rows[2]] == ["", "", "4", "1"]


def test_another_digit_than_the_given_one():
    board = tell("2134431233")
    assert board.rows[2][1] == Cell("3", "2", "fatal")
    assert board.told == ""


def test_spaces_are_no_cells_and_nothing_is_read_behind_another_letter():
    payload = {"status": "unfinished", "alive": 4, "witness": None}
    board = draw(PUZZLE, 17, " 2 1x34", payload)
    assert [cell.text for cell in board.rows[0]] == ["2", "1", "3", "4"]  # 3 and 4 are given
    assert draw(PUZZLE, 17, "2x", payload).rows[0][0] == Cell("2")


def test_cells_that_share_the_blame_though_no_digit_stands_twice():
    payload = {"status": "dead", "fatal": [3, 4], "core": [[1, 2], [3, 4]], "reason": "conflict"}
    board = draw({"grid": "." * 16}, 0, "1243", payload)
    assert marks(board)[0] == ".c.f"
    assert board.told == "up to there no row, column or box has 3 twice: what is left can't be filled"


def test_what_a_digit_that_stands_nowhere_twice_forces():
    """Row 1 of the solution is 4231; with 3 in column 2, row 4 has no place for its 2."""
    payload = {"status": "dead", "fatal": [18, 19], "core": [[18, 19]], "reason": "conflict"}
    board = draw({"grid": "4..11.4.241....4"}, 17, "43", payload)
    assert board.told == (
        "no row, column or box has 3 twice, but with it row 1, column 3 can only be 2, and then no cell of "
        "row 4 is left for 2"
    )
    bare = draw({"grid": "4..11.4.241....4"}, 17, "43", {**payload, "core": []})  # all that was written then
    assert bare.told == board.told


def test_all_places_of_a_digit_that_is_there_already():
    payload = {"status": "dead", "fatal": [17, 18], "core": [[17, 18]], "reason": "conflict"}
    board = draw(PUZZLE, 17, "1", payload)
    assert board.told == "1 stands at row 1, column 2 and row 4, column 1 already"
    assert (board.rows[0][1].mark, board.rows[3][0].mark) == ("clash", "clash")


@pytest.mark.parametrize("size", [4, 6, 9])
def test_clashing_cells_are_those_that_the_rules_forbid(size):
    """Against a direct search for the digit along row, column and box, at cells drawn at random."""
    rng, down = np.random.default_rng(size), {4: 2, 6: 2, 9: 3}[size]
    across = size // down
    for _ in range(30):
        digits = "".join(map(str, rng.integers(1, size + 1, size**2)))
        at = int(rng.integers(size**2))
        payload = {"status": "dead", "fatal": [at, at + 1], "core": [], "reason": "conflict"}
        board = draw({"grid": "." * size**2}, 0, digits, payload)
        row, column = divmod(at, size)
        wanted = {
            cell
            for cell in range(at)
            for y, x in [divmod(cell, size)]
            if digits[cell] == digits[at]
            and (y == row or x == column or (y // down, x // across) == (row // down, column // across))
        }
        cells = [cell for line in board.rows for cell in line]
        assert {number for number, cell in enumerate(cells) if cell.mark == "clash"} == wanted


@pytest.mark.parametrize(
    "data", [{}, {"grid": 5}, {"grid": "12"}, {"grid": "x" * 16}, {"grid": "5" * 16}, {**PUZZLE, "more": 1}]
)
def test_what_is_no_sudoku_is_not_drawn(data):
    assert draw(data, 0, "1", {}) is None
    assert draw_board(data, 0, "1", {}) is None

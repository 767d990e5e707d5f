"""Knights and knaves as a page draws them: people, what they say, and what contradicts the answer."""

import pytest

from rlsf_gym.domains import draw_board
from rlsf_gym.domains.board import Cell
from rlsf_gym.domains.constraints.knights_and_knaves.board import draw_board as draw

# A says that B is a knave, B that A and B are of the same kind: A alone is a knight, whom B's words make one.
PUZZLE = {"statements": [["is", "B", "knave"], ["same", "A", "B"]]}
LOST = {"status": "dead", "alive": 9, "reason": "conflict", "witness": "A is a knight.B is a knave."}


def test_the_claim_that_lost_it_and_the_statement_against_it():
    told = {**LOST, "fatal": [7, 10], "core": [[7, 10]]}
    board = draw_board(PUZZLE, 0, "A is a knave. B is a knight.", told)
    assert board.heads == ("", "says", "answer")
    assert board.rows == (
        (Cell("A"), Cell("B is a knave"), Cell("knave", "knight", "fatal")),
        (Cell("B"), Cell("A and B are of the same kind", mark="clash"), Cell("knight", "knave", "gone")),
    )
    assert board.told == "A is a knave contradicts what B says"


def test_two_claims_against_two_statements():
    puzzle = {"statements": [["same", "B", "C"], ["same", "A", "C"], ["exactly", 1, "knight"]]}
    response = "B is a knight. A is a knight."
    told = {**LOST, "fatal": [22, 25], "core": [[7, 10], [22, 25]], "witness": None}
    board = draw(puzzle, 0, response, told)
    assert [row[2].mark for row in board.rows] == ["fatal", "core", ""]
    # A and B knights: by B's words C is one as well, and then would be wrong: there is more than one knight.
    assert board.told == "A is a knight and B is a knight contradict what B and C say"


def test_an_answer_without_a_conflict_says_no_more_than_what_is_missing():
    told = {
        "status": "unfinished",
        "alive": 5,
        "reason": "unfinished",
        "witness": LOST["witness"],
        "fatal": None,
    }
    board = draw(PUZZLE, 0, "A is ", told)
    assert [row[2] for row in board.rows] == [Cell("", "knight"), Cell("", "knave")]
    assert board.told == ""


def test_half_of_a_kind_is_a_claim_as_soon_as_it_can_be_one_alone():
    told = {**LOST, "fatal": [7, 10], "core": [[7, 10]]}
    assert draw(PUZZLE, 0, "A is a kna", told).rows[0][2] == Cell("knave", "knight", "fatal")
    assert draw(PUZZLE, 0, "A is a kn", {"status": "unfinished"}).rows[0][2] == Cell("")


@pytest.mark.parametrize(
    "data",
    [{}, {"statements": 1}, {"statements": [["is", "B", "knave"]]}, {"statements": [["x"], ["y"]]}],
)
def test_what_is_no_such_puzzle_is_not_drawn(data):
    assert draw(data, 0, "A is a knave.", LOST) is None


def test_a_person_who_is_not_of_the_puzzle_is_not_blamed():
    told = {**LOST, "fatal": [7, 10], "core": [[7, 10]]}
    board = draw(PUZZLE, 0, "H is a knave.", told)
    assert (board.told, [row[2].mark for row in board.rows]) == ("", ["", ""])

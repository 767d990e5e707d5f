import pytest

from rlsf_gym.domains.constraints.certify import certify, find_fatal
from rlsf_gym.domains.constraints.cnf import Formula
from rlsf_gym.domains.constraints.problem import Problem
from rlsf_gym.domains.constraints.puzzle import Puzzle
from rlsf_gym.domains.constraints.solver import Oracle
from tests.helpers.literals import Words

CLAIMS = {
    "scorer": "words",
    "version": "1",
    "verifiable": False,
    "options": {},
    "rules": ("progress", "syntax"),
}


def read(response, *rows):
    formula = Formula((), 1)
    puzzle = Puzzle(Problem(formula, (), Words(*rows)), Oracle(formula), "random", 10)
    return puzzle, puzzle.answers.start.follow(response)


@pytest.mark.parametrize(
    ("response", "span"),
    [
        ("B,x", (1, 3)),  # the comma begins the separator, of which a space is missing
        ("Bcx", (2, 3)),
        ("Bx", (1, 2)),
        (" B, B", (4, 5)),
        ("b", (0, 1)),
        ("  b", (2, 3)),
        ("B, xx", (4, 5)),
    ],
)
def test_the_fatal_symbol_is_the_one_that_the_last_character_is_read_in(response, span):
    assert find_fatal(response, read(response, ["B", "Bc"], [", "], ["x"])[1]) == span


def test_what_was_not_lost_has_no_fatal_symbol():
    for response in ("", "B", "Bc, x", "B,"):
        assert find_fatal(response, read(response, ["B", "Bc"], [", "], ["x"])[1]) is None


def test_rounding_is_no_record():
    # One of ten digits is right, whichever of three letters comes first: 3 x 0.1 / 3 is not 0.1.
    literals = {digit: 1 if digit == "7" else -1 for digit in "0123456789"}
    reading = Words("xyz", "0123456789", literals=literals)
    formula = Formula(((1,),), 1)
    puzzle = Puzzle(Problem(formula, (), reading), Oracle(formula), "random", 10)
    states = puzzle.answers.start.follow("x7")
    assert 0 < abs(states[0].value - states[1].value) < 1e-16
    told = certify(puzzle, "x7", states, 5, CLAIMS)
    assert [(one.rule, one.since) for one in told.records] == [("progress", 7)]

"""Formulas in the DIMACS format as the checker reads them, against those that the domain reads."""

from itertools import product

import pytest

from rlsf_gym.certificates.claimed import CertificateError
from rlsf_gym.domains.constraints.checker.dimacs import Dimacs
from rlsf_gym.domains.constraints.dimacs.text import read_dimacs

CHOICE = "c one of three\np cnf 4 6\n1 2 3 0\n-1 -2 0 -1 -3\n0\nc between\n-2 -3 0\n-1 4 0\n-2 -4 0\n"
PLACES = [{"red": 1, "green": 2, "blue": 3}, {"on": 4, "off": -4}]


def make(symbols=None, separator=" ", given=(), formula=CHOICE):
    return Dimacs({"formula": formula, "symbols": symbols, "separator": separator, "given": [*given]})


def list_models():
    """Returns the solutions of the formula: one of 1, 2 and 3; with 1 comes 4, and with 2 it does not."""
    rows = [row for row in product((True, False), repeat=4) if sum(row[:3]) == 1]
    return [row for row in rows if (not row[0] or row[3]) and not (row[1] and row[3])]


def test_the_formula_is_that_of_the_domain():
    puzzle = make()
    assert {*map(frozenset, puzzle.formula.clauses)} == {*map(frozenset, read_dimacs(CHOICE).clauses)}
    found = [tuple(literal > 0 for literal in solution) for solution in puzzle.solve(10)]
    assert sorted(found) == sorted(list_models()) and len(found) == 4
    assert puzzle.solve(3) is None
    assert len(make(given=[3]).solve(10)) == 2


def test_solutions_are_told_apart_by_what_answers_say():
    assert make([PLACES[0]], "").solve(10) == [[1, -2, -3], [-1, 2, -3], [-1, -2, 3]]


def test_words_of_literals():
    puzzle = make(given=[2])
    assert puzzle.prompt == "2\n"
    assert puzzle.expected(puzzle.start) == "a symbol such as '1'"
    behind = puzzle.choices(puzzle.start)[0].node
    assert puzzle.expected(behind) == "' '" and not puzzle.may_end(behind)
    assert (puzzle.say(-3), puzzle.refuse(-2)) == ("-3", "2 is given, not -2")
    assert puzzle.count_ways(puzzle.start) == 2**3 and puzzle.count_ways(behind) == 2**2
    with pytest.raises(CertificateError, match="nothing is given against 3"):
        puzzle.refuse(3)


def test_words_of_places():
    puzzle = make(PLACES, ", ", given=[4])
    assert puzzle.prompt == "., on\n"
    assert puzzle.expected(puzzle.start) == "'red' or 'green' or 'blue'"
    assert (puzzle.say(2), puzzle.refuse(-4)) == ("green at place 1", "on at place 2 is given, not off")
    assert puzzle.count_ways(puzzle.start) == 3
    assert make([{"red": 1, "green": 2}], "").count_ways(puzzle.start) is None


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"formula": 3, "symbols": None, "separator": " ", "given": []},
        {"formula": CHOICE, "symbols": None, "separator": " ", "given": None},
        {"formula": CHOICE, "symbols": None, "separator": " ", "given": [], "more": 1},
        {"formula": CHOICE, "symbols": 3, "separator": " ", "given": []},
        {"formula": CHOICE, "symbols": {"A": 1}, "separator": " ", "given": []},
        {"formula": CHOICE, "symbols": [3], "separator": " ", "given": []},
        {"formula": "1 2 0", "symbols": None, "separator": " ", "given": []},
        {"formula": "p cnf 2 1\n1 3 0", "symbols": None, "separator": " ", "given": []},
        {"formula": "p cnf 2 2\n1 2 0", "symbols": None, "separator": " ", "given": []},
        {"formula": "p cnf 2 1\n1 2", "symbols": None, "separator": " ", "given": []},
        {"formula": "p cnf 2 1\n1 x 0", "symbols": None, "separator": " ", "given": []},
    ],
)
def test_other_data_is_refused(data):
    with pytest.raises(CertificateError, match=r"(instance|formula) must"):
        Dimacs(data)

"""Knights and knaves as the checker writes them down, against the English of the prompt."""

import numpy as np
import pytest

from rlsf_gym.certificates.claimed import CertificateError
from rlsf_gym.domains.constraints.checker.knights import Knights
from rlsf_gym.domains.constraints.knights_and_knaves.puzzles import Puzzles
from rlsf_gym.domains.constraints.knights_and_knaves.truth import list_clauses
from tests.helpers.islanders import NAMES, parse_prompt, solve


def draw(people, count, seed=5):
    rng, source = np.random.default_rng(seed), Puzzles("all", people, unique=False)
    return [source.sample(rng) for _ in range(count)]


@pytest.mark.parametrize(("people", "count"), [(2, 40), (3, 100), (5, 20), (8, 3)])
def test_prompt_solutions_and_formula(people, count):
    """The prompt is read by its English; the formula is that of the domain, which is made in another way."""
    for instance in draw(people, count):
        puzzle = Knights(instance.data)
        assert puzzle.prompt == instance.prompt
        wanted = solve(parse_prompt(puzzle.prompt))
        told = [{NAMES[one - 1] for one in solution if one > 0} for solution in puzzle.solve(2**people)]
        assert len(told) == len(wanted) and all(one in wanted for one in told)
        own = {frozenset(one) for clauses in list_clauses(instance.data["statements"]) for one in clauses}
        assert {*map(frozenset, puzzle.formula.clauses)} == own
        for solution in puzzle.solve(2**people):
            puzzle.formula.check_model([one for one in solution if one > 0], solution)


def test_more_solutions_than_asked_for():
    puzzle = Knights({"statements": [["is", "A", "knight"], ["is", "B", "knight"]]})
    assert len(puzzle.solve(4)) == 4 and puzzle.solve(3) is None


def test_words():
    puzzle = Knights({"statements": [["is", "B", "knave"], ["same", "A", "B"]]})
    start = puzzle.start
    assert puzzle.expected(start) == "A or B"
    due = []
    for text in ("B", " is a ", "knave", "."):
        start = next(one.node for one in puzzle.choices(start) if one.text == text)
        due.append(puzzle.expected(start))
    assert due == ["' is a '", "'knight' or 'knave'", "'.'", "A"]
    assert not puzzle.may_end(start) and puzzle.count_ways(start) == 2
    assert (puzzle.say(1), puzzle.say(-2)) == ("A is a knight", "B is a knave")


@pytest.mark.parametrize(
    "statements",
    [
        None,
        [],
        [["is", "A", "knight"]],
        "AB",
        [["is", "C", "knight"], ["is", "A", "knight"]],
        [["is"], []],
        [["not", "A", "B"]] * 2,
        [["is", "A", "knight"]] * 9,
    ],
)
def test_other_data_is_refused(statements):
    with pytest.raises(CertificateError, match="instance must hold statements"):
        Knights({"statements": statements})

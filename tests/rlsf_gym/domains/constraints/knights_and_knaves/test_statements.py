"""Statements: what is well formed, and English that has one reading."""

import numpy as np
import pytest

from rlsf_gym.domains.constraints.knights_and_knaves.puzzles import Puzzles
from rlsf_gym.domains.constraints.knights_and_knaves.statements import (
    check_statements,
    tell_prompt,
    tell_statement,
)
from tests.helpers.islanders import parse_prompt

A_KNIGHT, B_KNAVE = ["is", "A", "knight"], ["is", "B", "knave"]


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (A_KNIGHT, "A is a knight"),
        (["same", "A", "C"], "A and C are of the same kind"),
        (["different", "C", "A"], "C and A are of different kinds"),
        (["exactly", 1, "knight"], "exactly 1 of us is a knight"),
        (["exactly", 0, "knave"], "exactly 0 of us are knaves"),
        (["least", 2, "knight"], "at least 2 of us are knights"),
        (["most", 1, "knave"], "at most 1 of us is a knave"),
        (["and", A_KNIGHT, ["same", "B", "C"]], "A is a knight and B and C are of the same kind"),
        (["or", A_KNIGHT, B_KNAVE], "A is a knight or B is a knave"),
        (["either", A_KNIGHT, B_KNAVE], "either A is a knight or B is a knave but not both"),
        (["if", A_KNIGHT, B_KNAVE], "if A is a knight then B is a knave"),
    ],
)
def test_statements_in_english(statement, text):
    check_statements([statement, A_KNIGHT, A_KNIGHT])
    assert tell_statement(statement) == text


def test_the_prompt_of_three():
    prompt = tell_prompt([["is", "B", "knave"], ["same", "A", "C"], ["if", A_KNIGHT, B_KNAVE]])
    assert prompt == (
        "A says: B is a knave. B says: A and C are of the same kind. "
        "C says: if A is a knight then B is a knave.\n"
    )


@pytest.mark.parametrize("people", [2, 3, 5, 8])
def test_prompts_have_one_reading_which_is_what_they_were_made_from(people):
    rng, source = np.random.default_rng(people), Puzzles("all", people, unique=False)
    for _ in range(100):
        puzzle = source.sample(rng)
        assert parse_prompt(puzzle.prompt) == puzzle.data["statements"]


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("A", "have the form"),
        (["is", "A"], "have the form"),
        (["is", "A", "knight", 0], "have the form"),
        (["not", "A", "knight"], "have the form"),
        ([["is"], "A", "knight"], "have the form"),
        (("is", "A", "knight"), "have the form"),
        (["is", "D", "knight"], "name one of A, B, C"),
        (["is", "a", "knight"], "name one of A, B, C"),
        (["is", "", "knight"], "name one of A, B, C"),
        (["is", ["A"], "knight"], "name one of A, B, C"),
        (["is", "A", "king"], "say 'knight' or 'knave'"),
        (["same", "A", "A"], "name two people, not one twice"),
        (["exactly", 4, "knight"], "say 'exactly' of 0 to 3 people"),
        (["least", 0, "knight"], "say 'least' of 1 to 3 people"),
        (["most", 3, "knight"], "say 'most' of 0 to 2 people"),
        (["most", True, "knight"], "say 'most' of 0 to 2 people"),
        (["least", 1.0, "knight"], "say 'least' of 1 to 3 people"),
        (["and", A_KNIGHT, A_KNIGHT], "join two statements that differ"),
        (["and", A_KNIGHT, ["or", A_KNIGHT, B_KNAVE]], "have the form"),
    ],
)
def test_what_is_no_statement_is_refused_with_the_reason(statement, wrong):
    with pytest.raises(ValueError, match="statement of B must ") as caught:
        check_statements([A_KNIGHT, statement, B_KNAVE])
    assert f"must {wrong}" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("statements", [None, (), [], [A_KNIGHT], [A_KNIGHT] * 9, {"A": A_KNIGHT}])
def test_there_are_two_to_eight_people(statements):
    with pytest.raises(ValueError, match="statements must be a list of 2 to 8, one of each of A, B, C"):
        check_statements(statements)

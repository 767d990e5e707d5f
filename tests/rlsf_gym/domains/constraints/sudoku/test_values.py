"""Values of prefixes, held against exhaustive search."""

import json
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rlsf_gym.domains.constraints.scorer import ConstraintScorer
from rlsf_gym.domains.constraints.sudoku.instances import SudokuFace
from rlsf_gym.instance import Instance
from rlsf_gym.testing import PieceTokenizer
from rlsf_gym.text.following import read_following
from tests.helpers.sudoku import list_solutions

GOLDEN = json.loads(
    (Path(__file__).parents[4] / "helpers" / "sudoku_golden.json").read_text(encoding="utf-8")
)
ANSWERS = 10  # to each puzzle
PREFIXES = 20_000
PIECES = (b"1", b"2", b"3", b"4", b"5", b"12", b"34", b"3 1", b" ", b"  4", b".", b"x", b"\xc2\xb9", b"\xc2")


def ask(grid):
    return Instance(f"{grid}\n", 0, {"grid": grid})


def draw_puzzles(rng, count):
    """Yields grids of size 4 with their solutions, one or several."""
    solved = list_solutions("." * 16, 4)
    for _ in range(count):
        blanks = rng.sample(range(16), rng.randint(4, 13))
        grid = "".join("." if cell in blanks else digit for cell, digit in enumerate(rng.choice(solved)))
        yield grid, list_solutions(grid, 4)


def draw_answer(rng, solutions):
    """Returns an answer that is mostly right, with spaces in between, whole or cut."""
    digits = [digit if rng.random() < 0.95 else rng.choice("1234") for digit in rng.choice(solutions)]
    text = "".join(digit + " " * (rng.random() < 0.1) * rng.randint(1, 2) for digit in digits)
    return text[: rng.randint(0, len(text))] if rng.random() < 0.3 else text


def slow_value(grid, solutions, prefix):
    """Returns the exact chance that evenly drawn digits end right."""
    answer = prefix.replace(" ", "")
    agreeing = sum(solved.startswith(answer) for solved in solutions)
    return Fraction(agreeing, 4 ** grid[len(answer) :].count("."))


def test_prefixes_are_worth_what_an_exhaustive_search_finds():
    rng = random.Random(0)
    graded, listed, asked = (
        ConstraintScorer(SudokuFace(4), **options)
        for options in ({}, {"value": "solvable"}, {"value": "solvable", "max_models": 1})
    )
    seen = {"alive": 0, "dead": 0, "several": 0}
    while seen["alive"] + seen["dead"] < PREFIXES:
        for grid, solutions in draw_puzzles(rng, 10):
            seen["several"] += len(solutions) > 1
            for _ in range(ANSWERS):
                answer = draw_answer(rng, solutions)
                ends = np.arange(len(answer) + 1)
                exact = [slow_value(grid, solutions, answer[:end]) for end in ends.tolist()]
                alive = [value > 0 for value in exact]
                seen["alive"] += sum(alive)
                seen["dead"] += len(alive) - sum(alive)
                told = graded.assess([ask(grid)], [answer], [ends])[0]
                np.testing.assert_allclose(told.prefix_scores, list(map(float, exact)), rtol=1e-12, atol=0)
                assert told.certificate.score == (answer.replace(" ", "") in solutions)
                for scorer in (listed, asked):
                    values = scorer.assess([ask(grid)], [answer], [ends])[0].prefix_scores
                    assert values.tolist() == alive
    assert min(seen["alive"], seen["dead"]) > 2_000 and seen["several"] > 30


@pytest.mark.parametrize("number", range(len(GOLDEN)))
def test_values_are_those_that_were_worked_out(number):
    puzzle = GOLDEN[number]
    for told in puzzle["answers"]:
        scorer, answer = ConstraintScorer(SudokuFace(puzzle["size"])), told["answer"]
        found = scorer.assess([ask(puzzle["grid"])], [answer], [np.arange(len(answer) + 1)])[0]
        exact = [float(Fraction(value)) for value in told["values"]]
        np.testing.assert_allclose(found.prefix_scores, exact, rtol=1e-12, atol=0)
        assert found.certificate.score == told["verdict"]
        assert found.certificate.prompt_score == pytest.approx(exact[0], rel=1e-12)


def test_there_are_twenty_puzzles_with_answers_of_both_kinds():
    verdicts = [told["verdict"] for puzzle in GOLDEN for told in puzzle["answers"]]
    assert len(GOLDEN) == 20 and 20 <= sum(verdicts) < len(verdicts) - 20
    assert {puzzle["size"] for puzzle in GOLDEN} == {4, 6}
    assert max(puzzle["solutions"] for puzzle in GOLDEN) > 1


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize("value", ["random", "solvable"])
def test_candidates_are_worth_what_an_exhaustive_search_finds(value, is_last):
    rng, states = random.Random(1), 0
    scorer = ConstraintScorer(SudokuFace(4), value=value)
    following = read_following(PieceTokenizer(*PIECES), is_last=is_last)
    while states < 500:
        rows = [(grid, solutions, draw_answer(rng, solutions)) for grid, solutions in draw_puzzles(rng, 10)]
        ends = [np.array(sorted({rng.randint(0, len(answer)) for _ in range(4)})) for *_, answer in rows]
        found = scorer.candidates_batch(
            [ask(grid) for grid, *_ in rows], [row[2] for row in rows], ends, following
        )
        dense = np.repeat(found.others[:, None], len(following.texts), axis=1)
        dense[:, found.ids] = found.scores
        places = [(*row, end) for row, some in zip(rows, ends, strict=True) for end in some.tolist()]
        assert len(places) == len(dense)
        for told, (grid, solutions, answer, end) in zip(dense, places, strict=True):
            states += 1
            for text, is_over, score in zip(following.texts, following.ends, told, strict=True):
                whole = answer[:end] + text
                if is_over:
                    expected = float(whole.replace(" ", "") in solutions)
                else:
                    exact = slow_value(grid, solutions, whole)
                    expected = float(exact if value == "random" else exact > 0)
                assert score == pytest.approx(expected, rel=1e-12, abs=0), (grid, whole)

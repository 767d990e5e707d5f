"""Values of prefixes and candidates, held against exhaustive truth tables of what the prompt says."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.domains.constraints.knights_and_knaves.statements import tell_prompt
from rlsf_gym.instance import Instance
from rlsf_gym.testing import PieceTokenizer
from rlsf_gym.text.following import read_following
from tests.helpers.islanders import find_value, is_solved, parse_prompt
from tests.helpers.puzzle_answers import write_answer

GOLDEN = json.loads(
    (Path(__file__).parents[4] / "helpers" / "knights_golden.json").read_text(encoding="utf-8")
)
PIECES = (
    *(b"A", b"B", b"C", b" is a ", b"knight", b"knave", b".", b" ", b". ", b"kn", b"i", b" is", b" a "),
    *(b"A is a knight.", b"ave. B", b"x", b"\xc2\xb9", b"\xc2"),
)


def draw(people, count, *, unique, seed):
    """Yields puzzles with what their prompts say, and answers to them."""
    rng, domain = np.random.default_rng(seed), load_domain("knights", people=people, unique=unique)
    source = domain.instances("all")
    for _ in range(count):
        instance = source.sample(rng)
        yield instance, parse_prompt(instance.prompt), write_answer(rng, "knights", instance.data, slip=0.3)


@pytest.mark.parametrize(("people", "count"), [(2, 60), (3, 60), (4, 20)])
@pytest.mark.parametrize("unique", [True, False])
def test_prefixes_are_worth_what_truth_tables_find(people, count, unique):
    graded = load_domain("knights").load_scorer("knights")
    others = [
        load_domain("knights", value="solvable", max_models=most).load_scorer("knights") for most in (1, 99)
    ]
    for instance, statements, answer in draw(people, count, unique=unique, seed=people):
        ends = np.arange(len(answer) + 1)
        exact = [find_value(statements, answer[:end]) for end in ends.tolist()]
        told = graded.assess([instance], [answer], [ends])[0]
        np.testing.assert_allclose(told.prefix_scores, list(map(float, exact)), rtol=1e-12, atol=0)
        assert told.certificate.score == is_solved(statements, answer)
        for scorer in others:
            values = scorer.assess([instance], [answer], [ends])[0].prefix_scores
            assert values.tolist() == [value > 0 for value in exact]


@pytest.mark.parametrize("number", range(len(GOLDEN)))
def test_values_are_those_that_were_worked_out(number):
    puzzle, scorer = GOLDEN[number], load_domain("knights").load_scorer("knights")
    instance = Instance(tell_prompt(puzzle["statements"]), 0, {"statements": puzzle["statements"]})
    for told in puzzle["answers"]:
        found = scorer.assess([instance], [told["answer"]], [np.arange(len(told["answer"]) + 1)])[0]
        exact = [float(Fraction(value)) for value in told["values"]]
        np.testing.assert_allclose(found.prefix_scores, exact, rtol=1e-12, atol=0)
        assert found.certificate.score == told["verdict"]
        found.certificate.check(instance.prompt, told["answer"], instance)


def test_there_are_twenty_puzzles_with_answers_of_both_kinds():
    verdicts = [told["verdict"] for puzzle in GOLDEN for told in puzzle["answers"]]
    assert len(GOLDEN) == 20 and 20 <= sum(verdicts) < len(verdicts) - 20
    assert {len(puzzle["statements"]) for puzzle in GOLDEN} == {2, 3, 4, 5}
    assert max(len(puzzle["solutions"]) for puzzle in GOLDEN) > 1


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize("value", ["random", "solvable"])
def test_candidates_are_worth_what_truth_tables_find(value, is_last):
    scorer = load_domain("knights", value=value).load_scorer("knights")
    following, states = read_following(PieceTokenizer(*PIECES), is_last=is_last), 0
    rng = np.random.default_rng(7)
    for instance, statements, answer in draw(3, 150, unique=False, seed=5):
        ends = np.unique(rng.integers(len(answer) + 1, size=4))
        found = scorer.candidates_batch([instance], [answer], [ends], following)
        dense = np.repeat(found.others[:, None], len(following.texts), axis=1)
        dense[:, found.ids] = found.scores
        for told, end in zip(dense, ends.tolist(), strict=True):
            states += 1
            for text, is_over, score in zip(following.texts, following.ends, told, strict=True):
                whole = answer[:end] + text
                exact = is_solved(statements, whole) if is_over else find_value(statements, whole)
                expected = float(exact) if value == "random" or is_over else float(exact > 0)
                assert score == pytest.approx(expected, rel=1e-12, abs=0), whole
    assert states >= 500

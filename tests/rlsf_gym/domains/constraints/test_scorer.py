import copy
import pickle
import time

import numpy as np
import pytest

from rlsf_gym.domains.constraints.puzzle import MOST_STATES
from rlsf_gym.domains.constraints.scorer import ConstraintScorer
from rlsf_gym.domains.constraints.sudoku.instances import SudokuFace
from rlsf_gym.instance import Instance
from tests.helpers.literals import LiteralFace, ask
from tests.helpers.sudoku import chance, list_solutions

# One of 1 and 3, not 1 and 12 both, not 12 and 3 both: 1 alone, 3 alone, or 1 with 3.
EITHER = ask((-1, -2), (-2, -3), (1, 3))
GRID = "1..22.13...131.."
SUDOKU = Instance(f"{GRID}\n", 0, {"grid": GRID})
SOLVED = "1342241342313124"


def tell(instance, response, **options):
    face = SudokuFace(4) if "grid" in instance.data else LiteralFace()
    scorer = ConstraintScorer(face, **options)
    return scorer.assess([instance], [response], [np.arange(len(response) + 1)])[0].certificate


def records(certificate):
    return [(one.rule, one.char_start, one.char_end, one.amount) for one in certificate.records]


def test_a_right_answer_is_solved():
    told = tell(SUDOKU, SOLVED)
    assert (told.prompt_score, told.score) == (float(chance(GRID, 4, "")), 1.0)
    assert told.payload == {
        "status": "solved", "alive": 16, "witness": SOLVED, "fatal": None, "reason": None, "because": None,
        "core": [], "proof": [], "model": [4 * cell + int(digit) for cell, digit in enumerate(SOLVED)],
    }  # fmt: skip
    assert list(told.payload) == [
        "status", "alive", "witness", "fatal", "reason", "because", "core", "proof", "model"
    ]  # fmt: skip
    # Eight blanks, of which each is worth a factor of 4: 4^-8 to 1.
    assert [(rule, end - 17) for rule, _, end, _ in records(told)] == [
        ("progress", 1 + cell) for cell, there in enumerate(GRID) if there == "."
    ]
    assert [amount for *_, amount in records(told)] == [3 * 4.0**-left for left in range(8, 0, -1)]
    assert (told.scorer, told.version, told.options, told.labels, told.slope, told.spread) == (
        "sudoku", "1", {"value": "random"}, {}, 1.0, ()
    )  # fmt: skip


@pytest.mark.parametrize(
    ("response", "status", "alive", "fatal", "reason", "because", "core"),
    [
        ("14", "dead", 1, [18, 19], "conflict", "no solution has 4 at row 1, column 2", [[18, 19]]),
        ("2", "dead", 0, [17, 18], "given", "row 1, column 1 is given as 1, not 2", [[17, 18]]),
        ("1 x", "dead", 2, [19, 20], "syntax", "expected a digit from 1 to 4, got 'x'", []),
        ("1\u0663", "dead", 1, [18, 19], "syntax", "expected a digit from 1 to 4, got '\u0663'", []),
        ("1\t", "dead", 1, [18, 19], "syntax", r"expected a digit from 1 to 4, got '\t'", []),
        (f"{SOLVED}1", "dead", 16, [33, 34], "syntax", "expected the end, got '1'", []),
        ("", "unfinished", 0, None, "unfinished", "expected a digit from 1 to 4, got the end", []),
        ("13 ", "unfinished", 3, None, "unfinished", "expected a digit from 1 to 4, got the end", []),
    ],
)
def test_an_answer_that_is_not_right_says_why(response, status, alive, fatal, reason, because, core):
    told = tell(SUDOKU, response).payload
    assert told["status"] == status and told["alive"] == alive and told["fatal"] == fatal
    assert (told["reason"], told["because"], told["core"], told["proof"]) == (reason, because, core, [])
    assert told["witness"].startswith(response[:alive]) and told["witness"].replace(" ", "") == SOLVED


def test_a_prefix_is_lost_with_the_character_that_loses_it():
    told = tell(SUDOKU, "13 142")
    assert records(told) == [
        ("progress", 18, 19, 3 * 4.0**-8),  # the 3 behind the given 1
        ("conflict", 20, 21, -(4.0**-7)),
    ]
    assert told.score == 0.0
    assert records(tell(SUDOKU, "1")) == [("unfinished", 18, 18, -(4.0**-8))]


def test_the_core_names_all_that_share_the_blame():
    # 12 and 3 exclude each other, whatever is said of 1.
    instance = ask((-2, -3))
    told = tell(instance, "1,12,3").payload
    assert told["core"] == [[3, 5], [6, 7]] and told["fatal"] == [6, 7]
    assert told["because"] == "no solution has 12 is True and 3 is True"
    scorer = ConstraintScorer(LiteralFace())
    assert scorer.find_core(instance, "1,12,3").tolist() == [[3, 5], [6, 7]]
    for response in ("1,12,-3", "1,12", "1,12,x", ""):
        assert scorer.find_core(instance, response).shape == (0, 2)


def test_a_symbol_is_committed_by_what_cannot_go_on_with_it():
    told = tell(EITHER, "-3,-1 ").payload
    assert told["fatal"] == told["core"][-1] == [4, 7] and told["alive"] == 5
    assert told["witness"] in ("-3,-12,1", "-3,-1,12") or told["witness"].startswith("-3,-1")
    assert told["core"] == [[1, 3], [4, 7]]


def test_a_part_of_symbols_stands_for_all_that_begin_so():
    told = tell(ask((1,), (2,), (3,)), "1,-").payload
    assert told["because"] == "no solution has what begins with '-'"
    assert (told["core"], told["proof"], told["fatal"]) == ([[3, 4]], [], [3, 4])


def test_a_refutation_that_propagation_does_not_find_has_a_proof():
    # Each of 12 and 3 both ways contradicts 1.
    told = tell(ask((-1, 2, 3), (-1, 2, -3), (-1, -2, 3), (-1, -2, -3)), "3,1 ").payload
    assert (told["core"], told["reason"]) == ([[3, 4]] if told["fatal"] == [3, 4] else [[3, 5]], "conflict")
    told = tell(ask((-1, 2, 3), (-1, 2, -3), (-1, -2, 3), (-1, -2, -3)), "1 ").payload
    assert len(told["proof"]) == 2 and told["proof"][-1] == "0"


def test_values_that_need_all_solutions_are_refused_where_they_are_too_many():
    with pytest.raises(ValueError, match=r"value='random' needs at most max_models=2 solutions"):
        tell(EITHER, "", max_models=2)
    assert tell(EITHER, "1,-12,3", max_models=2, value="solvable").score == 1.0


def test_what_is_asked_of_the_solver_is_certified_alike():
    for response in ("1,-12,3", "1,12", "12", "-1,-3", "-3,-1 ", "", "-", "1,x", "3 , -1"):
        listed, asked = (
            tell(EITHER, response, value="solvable", max_models=most) for most in (10, 2)
        )  # fmt: skip
        assert listed == asked, response


def test_a_puzzle_without_a_solution_is_refused():
    with pytest.raises(ValueError, match="puzzle must have a solution, and has none"):
        tell(ask((1,), (-1,)), "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"value": "reference"}, "value must be 'random' or 'solvable', got 'reference'"),
        ({"max_models": 0}, "max_models must be an int of at least 1, got 0"),
        ({"max_models": True}, "max_models must be an int of at least 1, got True"),
        ({"max_models": "9"}, "max_models must be an int of at least 1, got '9'"),
    ],
)
def test_arguments_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        ConstraintScorer(LiteralFace(), **options)


def test_an_instance_of_another_kind_is_refused():
    scorer = ConstraintScorer(SudokuFace(4))
    with pytest.raises(ValueError, match="prompt must be the grid"):
        scorer.find_puzzle(SUDOKU._replace(prompt=GRID))
    with pytest.raises(ValueError, match="data of a Sudoku must be"):
        scorer.find_puzzle(Instance("text"))


def test_partial_credits_say_how_much_is_right():
    scorer = ConstraintScorer(SudokuFace(4))
    told = scorer.partial_credits(SUDOKU, SOLVED)
    assert told == {"well_formed": 1.0, "given": 1.0, "satisfied": 1.0}
    # A given cell and a blank, and then no digit: two of 16 symbols, one of eight givens; a digit of a row,
    # one of a column and one of a box each, of 48.
    told = scorer.partial_credits(SUDOKU, "13x")
    assert told == {"well_formed": 2 / 16, "given": 1 / 8, "satisfied": 6 / 48}
    assert scorer.partial_credits(SUDOKU, f"{SOLVED}1")["well_formed"] == 16 / 17
    assert scorer.partial_credits(SUDOKU, "") == {"well_formed": 0.0, "given": 0.0, "satisfied": 0.0}
    # Ones alone: a 1 in each row, column and box, of four digits; four of the givens are ones.
    told = scorer.partial_credits(SUDOKU, "1" * 16)
    assert told == {"well_formed": 1.0, "given": 4 / 8, "satisfied": 1 / 4}
    # Nothing is given here, and the first two clauses hold.
    told = ConstraintScorer(LiteralFace()).partial_credits(EITHER, "-1,-12,-3")
    assert told == {"well_formed": 1.0, "satisfied": 2 / 3}


def test_copies_work_everything_out_again():
    scorer = ConstraintScorer(SudokuFace(4), value="solvable")
    before = scorer.assess([SUDOKU], [SOLVED], [np.arange(3)])
    for other in (copy.deepcopy(scorer), pickle.loads(pickle.dumps(scorer))):
        assert len(other._puzzles) == 0 and not other._oracles
        told = other.assess([SUDOKU], [SOLVED], [np.arange(3)])
        assert told[0].certificate == before[0].certificate


@pytest.mark.parametrize(
    "response",
    [
        "\u0661" * 100_000,
        "1" * 100_000,
        " " * 100_000,
        "-" * 100_000,
        "+1" * 50_000,
        "13" + " " * 100_000 + "2",
        SOLVED + " " * 100_000 + "1",
        "\ud800" * 100_000,
        "0" * 100_000,
    ],
)
def test_hostile_answers_end_in_a_verdict_in_linear_time(response):
    scorer = ConstraintScorer(SudokuFace(4))
    started = time.process_time()
    told = scorer.assess([SUDOKU], [response], [np.arange(len(response) + 1)])[0]
    scorer.partial_credits(SUDOKU, response)
    scorer.find_core(SUDOKU, response)
    assert time.process_time() - started < 1.0
    assert told.certificate.score == 0.0 and told.certificate.payload["reason"]
    assert told.prefix_scores[0] == 4.0**-8


@pytest.mark.parametrize("options", [{"max_models": 300}, {"max_models": 1, "value": "solvable"}])
def test_what_is_remembered_of_answers_is_bounded(options):
    scorer, rng = ConstraintScorer(SudokuFace(4), **options), np.random.default_rng(0)
    empty = Instance("." * 16 + "\n", 0, {"grid": "." * 16})
    solutions, sizes = list_solutions("." * 16, 4), []
    for _ in range(400):
        answer = solutions[rng.integers(288)]
        told = scorer.assess([empty], [answer], [np.arange(17)])[0]
        assert told.certificate.score == 1.0
        sizes.append(len(scorer.find_puzzle(empty).answers))
    assert max(sizes) <= MOST_STATES + 17 and min(np.diff(sizes)) < 0

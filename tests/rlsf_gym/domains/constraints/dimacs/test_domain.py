"""The domain of a formula of one's own, and its environments."""

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.domains.constraints.dimacs.text import read_dimacs
from rlsf_gym.testing import check_domain

TEXT = "rlsf_gym:rlsf_gym/ConstraintsText-v0"
# One of 1, 2 and 3; 1 and 2 alike with 4.
CHOICE = "p cnf 4 6\n1 2 3 0\n-1 -2 0\n-1 -3 0\n-2 -3 0\n-1 4 0\n-2 -4 0\n"
WORDS = [("yes ", 1), ("no ", -1)]
PLACES = [{"red": 1, "green": 2, "blue": 3}, {"on": 4, "off": -4}]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "choice.cnf"
    path.write_text(CHOICE)
    return str(path)


def play(answer, instance=None, **kwargs):
    env = gym.make(TEXT, domain_kwargs=kwargs, verify=True)
    env.reset(seed=0, options={"instance": instance} if instance else None)
    return env.step(answer)[4]


@pytest.mark.whole
def test_the_bundled_domain_keeps_its_promises():
    check_domain("constraints")


@pytest.mark.whole
@pytest.mark.parametrize(
    "kwargs",
    [
        {"value": "solvable"},
        {"symbols": [{"a": 1, "ab": 2, "c": 3}, {"on": 4, "off": -4}, {"x": 5, "xy": 6}], "separator": ", "},
        {"symbols": {f"{word}{one}": sign * one for one in range(1, 6) for word, sign in WORDS}},
    ],
)
def test_domains_of_a_file_keep_their_promises(tmp_path, kwargs):
    path = tmp_path / "own.cnf"
    path.write_text("p cnf 6 5\n1 2 3 0\n-1 4 0\n-2 -4 0\n4 5 0\n5 6 0\n")
    check_domain("constraints", kwargs={"file": str(path), "given": 2, **kwargs})


def test_the_bundled_formula_is_a_graph_in_three_colours():
    """Ten nodes of three neighbours each; 120 ways to colour it, as many as its chromatic polynomial says."""
    domain = load_domain("constraints", given=1)
    rng, source = np.random.default_rng(0), domain.instances("train")
    data = source.sample(rng).data
    pairs = [clause for clause in read_dimacs(data["formula"]).clauses if len(clause) == 2]
    edges = {tuple(sorted(((-a - 1) // 3, (-b - 1) // 3))) for a, b in pairs} - {(n, n) for n in range(10)}
    assert len(edges) == 15
    assert all(sum(node in edge for edge in edges) == 3 for node in range(10))
    scorer = domain.load_scorer("constraints")
    whole = source.make({**data, "given": []})
    assert whole.prompt == "..........\n"
    value = scorer.assess([whole], [""], [np.array([0])])[0].prefix_scores[0]
    assert value == pytest.approx(120 / 3**10)


def test_literals_are_answers_where_no_symbols_are_given(file):
    info = play("3 -1 -2 4 0", {"formula": CHOICE, "symbols": None, "separator": " ", "given": []}, file=file)
    assert info["solved"] == 1.0
    info = play("1 -4 ", {"formula": CHOICE, "symbols": None, "separator": " ", "given": []}, file=file)
    payload = info["certificate_payload"]
    assert (payload["reason"], payload["core"]) == ("conflict", [[1, 2], [3, 5]])
    assert payload["because"] == "no solution has 1 and -4"


def test_symbols_by_place(file):
    instance = {"formula": CHOICE, "symbols": PLACES, "separator": ", ", "given": [-4]}
    told = {
        "blue, off": ("solved", None),
        "red, off": ("dead", "no solution has red at place 1"),
        "blue, on": ("dead", "off at place 2 is given, not on"),
        "blue off": ("dead", "expected ', ', got 'o'"),
        "blue": ("unfinished", "expected ', ', got the end"),
        "blue, off ": ("solved", None),
        "blu": ("unfinished", "expected 'red' or 'green' or 'blue', got the end"),
    }
    for answer, (status, because) in told.items():
        info = play(answer, instance, file=file, symbols=PLACES, separator=", ")
        payload = info["certificate_payload"]
        assert (payload["status"], payload["because"]) == (status, because), answer


def test_what_begins_as_several_symbols_do_is_lost_with_all_of_them(tmp_path):
    """All three variables are true: "-" begins three literals, and none of them holds."""
    formula, path = "p cnf 3 3\n1 0\n2 -1 0\n3 -2 0\n", tmp_path / "true.cnf"
    path.write_text(formula)
    instance = {"formula": formula, "symbols": None, "separator": " ", "given": []}
    payload = play("2 -", instance, file=str(path))["certificate_payload"]
    assert (payload["alive"], payload["fatal"], payload["core"]) == (2, [3, 4], [[3, 4]])
    assert payload["because"] == "no solution has what begins with '-'"


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"symbols": PLACES}, "file must be given where symbols or a separator are"),
        ({"separator": ","}, "file must be given where symbols or a separator are"),
        ({"file": 5}, "file must be a path as a text, got 5"),
        ({"file": "/nowhere/at.cnf"}, "file must be a file that can be read, got '/nowhere/at.cnf': No such"),
        ({"given": 11}, "given must be an int from 0 to 10, got 11"),
        ({"given": True}, "given must be an int from 0 to 10, got True"),
        ({"value": "best"}, "value must be 'random' or 'solvable', got 'best'"),
        ({"max_models": 3}, "value='random' needs at most max_models=3 solutions"),
    ],
)
def test_arguments_are_refused_with_the_reason(kwargs, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_domain("constraints", **kwargs)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p cnf 1 2\n1 0\n-1 0\n", "must hold a formula with a solution .* has none"),
        ("1 0\n", "must hold a formula .* line 1 must be 'p cnf"),
        ("p cnf 1 1\n2 0\n", "must hold a formula .* literals from 1 to 1"),
    ],
)
def test_files_are_refused_with_the_reason(tmp_path, text, message):
    path = tmp_path / "own.cnf"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        load_domain("constraints", file=str(path))
    assert "\n" not in str(caught.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="file must be a text, got"):
        load_domain("constraints", file=str(path))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "data of a puzzle must hold formula, symbols, separator, given"),
        ({"more": 1}, "data of a puzzle must hold"),
        ({"formula": 3}, "formula must be a text in the DIMACS format, got 3"),
        ({"formula": "p cnf"}, "line 1 must be"),
        ({"given": [9]}, "given must be a list of literals that symbols stand for, got"),
        ({"given": [True]}, "given must be a list of literals"),
        ({"given": "1"}, "given must be a list of literals"),
        ({"given": [1, -1]}, "given must tell of each variable once"),
        ({"given": [1, -4]}, "puzzle must have a solution, and has none"),
        ({"symbols": {"A": 1}}, "symbols must have a text for -1"),
        ({"separator": 3}, "separator must be a space"),
    ],
)
def test_other_data_is_refused_with_the_reason(data, message):
    source = load_domain("constraints").instances("all")
    given = {"formula": CHOICE, "symbols": None, "separator": " ", "given": []}
    changed = {**given, **data} if data else {}
    if changed.get("separator") == 3:
        changed["symbols"] = PLACES
    with pytest.raises(ValueError, match=message):
        source.make(changed)


def test_without_anything_given_there_is_one_puzzle(file):
    domain = load_domain("constraints", file=file, given=0)
    rng = np.random.default_rng(0)
    assert domain.instances("train").sample(rng) == domain.instances("all").sample(rng)
    with pytest.raises(ValueError, match="given must be at least 1 to have puzzles for evaluation, got 0"):
        domain.instances("eval")

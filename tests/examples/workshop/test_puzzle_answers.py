"""The answers that bundled policies for puzzles are pre-trained on."""

import itertools
import re
from fractions import Fraction

import numpy as np
import pytest

from examples.workshop.puzzle_answers import ANSWERS, count_fitting, derive
from rlsf_gym.domains import load_domain

DRAWS = 400


@pytest.fixture(scope="module")
def drawn():
    """Prompts and answers of each domain, drawn with one seed."""
    made = {name: answers() for name, answers in ANSWERS.items()}
    rng = np.random.default_rng(0)
    return {name: (one, [one.draw(rng) for _ in range(DRAWS)]) for name, one in made.items()}


def read_countdown(prompt):
    numbers, target = prompt.removesuffix(": ").split(" -> ")
    return {"numbers": list(map(int, numbers.split())), "target": int(target)}


def work_out(numbers, answer):
    """Follows steps with fractions; returns what is left, None where a step is wrong."""
    left = [Fraction(number) for number in numbers]
    for step in answer.split(","):
        number = r"(-?\d+|\(-?\d+/\d+\))"
        a, sign, b, c = re.fullmatch(rf"{number}([-+*/]){number}={number}", step).groups()
        a, b, c = (Fraction(one.strip("()")) for one in (a, b, c))
        left.remove(a)
        left.remove(b)
        if {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else None}[sign] != c:
            return None
        left.append(c)
    return left


def test_steps_are_true_and_a_share_of_them_is_right(drawn):
    answers, pairs = drawn["countdown"]
    results = [(read_countdown(prompt), answer) for prompt, answer in pairs]
    left = [(data, work_out(data["numbers"], answer)) for data, answer in results]
    assert all(found is not None and len(found) == 1 for _, found in left)
    right = sum(found == [data["target"]] for data, found in left)
    assert 0.12 < right / DRAWS < 0.35  # one in five and those that are right by chance
    assert all(answers.is_well_formed(data, answer) for data, answer in results)
    data = {"numbers": [1, 2, 3], "target": 6}
    for wrong in ("", "1+2=4,4+3=7", "1+2=3", "1+2=3,3+4=7", "1+2=3,3+3=6,", "1 + 2=3,3+3=6"):
        assert not answers.is_well_formed(data, wrong)


def test_the_chances_of_all_derivations_add_up_to_one():
    for numbers in ((2, 2), (1, 2, 3), (0, 0, 4), (5, 5, 5)):
        found = derive(tuple(map(Fraction, numbers)))
        assert sum(one.chance for one in found) == pytest.approx(1.0, abs=1e-12)
        assert len({one.steps for one in found}) == len(found)
    (three,) = (one for one in derive((Fraction(2), Fraction(3))) if one.steps == "3-2=1")
    assert three.chance == 1 / 8  # of two first numbers and four signs


def test_grids_copy_what_is_given_and_keep_one_rule(drawn):
    answers, pairs = drawn["sudoku"]
    rows = np.arange(16).reshape(4, 4)
    boxes = np.array([[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]])
    kept = np.array(
        [
            [
                all(len({answer[cell] for cell in unit}) == 4 for unit in rule)
                for rule in (rows, rows.T, boxes)
            ]
            for _, answer in pairs
        ]
    )
    assert kept.any(1).all()
    assert 0.02 < kept.all(1).mean() < 0.4  # right by chance
    assert kept.mean(0).min() > 0.3
    assert all(answers.is_well_formed({"grid": prompt.strip()}, answer) for prompt, answer in pairs)
    for wrong in ("", "2234432131242143", "123443213124214", "12344321312421435", "1234432131242149"):
        assert not answers.is_well_formed({"grid": "1..44..1.1..2..3"}, wrong)


def test_claims_are_of_each_person_once(drawn):
    answers, pairs = drawn["knights"]
    people = [prompt.count(" says: ") for prompt, _ in pairs]
    data = {count: {"statements": [["is", "B", "knave"]] * count} for count in (2, 3)}
    told = zip(people, pairs, strict=True)
    assert all(answers.is_well_formed(data[count], answer) for count, (_, answer) in told)
    assert 0.4 < people.count(2) / DRAWS < 0.6
    for wrong in ("", "A is a knight.", "A is a knight. B is a knave. B is a knave.",
                  "A is a knight. B is a knave. C is a knight", "A is a knight.B is a knave. C is a knave.",
                  "A is a spy. B is a knave. C is a knave."):  # fmt: skip
        assert not answers.is_well_formed(data[3], wrong)


def test_statements_are_counted_as_a_truth_table_has_them():
    statements = [
        ["if", ["is", "A", "knight"], ["different", "B", "C"]],
        ["either", ["least", 2, "knave"], ["is", "C", "knight"]],
        ["or", ["most", 1, "knight"], ["exactly", 3, "knight"]],
    ]
    expected = []
    for c, b, a in itertools.product((False, True), repeat=3):  # way 0 first, A in the last bit
        knights = a + b + c
        said = (not a or b != c, (3 - knights >= 2) != c, knights <= 1 or knights == 3)
        expected.append(sum(one == knight for one, knight in zip(said, (a, b, c), strict=True)))
    assert count_fitting(statements).tolist() == expected


@pytest.mark.parametrize("name", ANSWERS)
def test_no_puzzle_that_is_held_out_is_among_them(name, drawn):
    """A puzzle under another order or other names is the same one."""
    answers, pairs = drawn[name]
    domain = load_domain(name, **answers.env_kwargs.get("domain_kwargs", {}))
    rng = np.random.default_rng(1)
    held_out = {name_puzzle(name, domain.instances("eval").sample(rng).prompt) for _ in range(DRAWS)}
    assert len(held_out) > DRAWS / 10
    assert held_out.isdisjoint(name_puzzle(name, prompt) for prompt, _ in pairs)


def name_puzzle(domain, prompt):
    if domain == "countdown":
        data = read_countdown(prompt)
        return (*sorted(data["numbers"]), data["target"])
    if domain == "sudoku":
        digits = dict.fromkeys(prompt.strip().replace(".", ""))
        return prompt.translate({ord(old): str(new) for new, old in enumerate(digits)})
    orders = itertools.permutations("ABC")
    told = (prompt.translate(str.maketrans("ABC", "".join(order))) for order in orders)
    return min(" ".join(sorted(re.findall(r"[ABC] says: [^.]*\.", one))) for one in told)

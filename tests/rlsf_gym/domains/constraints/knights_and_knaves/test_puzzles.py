"""Puzzles: drawn by seed, apart by split, and refused with the reason."""

import numpy as np
import pytest

from rlsf_gym.domains.constraints.knights_and_knaves.puzzles import Puzzles
from rlsf_gym.domains.constraints.knights_and_knaves.renaming import hash_puzzle, is_held_out
from rlsf_gym.domains.constraints.knights_and_knaves.truth import tabulate
from tests.helpers.islanders import solve

LIAR = [["is", "B", "knave"], ["same", "A", "B"]]


def draw(source, count, seed=0):
    rng = np.random.default_rng(seed)
    return [source.sample(rng) for _ in range(count)]


@pytest.mark.parametrize(("people", "count"), [(2, 40), (3, 40), (5, 20), (8, 3)])
def test_each_puzzle_has_one_solution(people, count):
    for puzzle in draw(Puzzles("train", people), count):
        assert len(puzzle.data["statements"]) == people
        assert len(solve(puzzle.data["statements"])) == 1


def test_without_unique_some_have_more():
    counts = [len(solve(one.data["statements"])) for one in draw(Puzzles("all", 3, unique=False), 60)]
    assert min(counts) == 1 and max(counts) > 1


def test_no_statement_is_always_true_or_always_false():
    for puzzle in draw(Puzzles("all", 3), 100):
        assert all(0 < tabulate(statement, 3) < 2**8 - 1 for statement in puzzle.data["statements"])


def test_a_number_stands_for_a_puzzle():
    source = Puzzles("train")
    for puzzle in draw(source, 20):
        assert source.read(puzzle.number) == puzzle
        assert source.make(puzzle.data) == puzzle._replace(number=-1)


def test_puzzles_are_split_whatever_their_people_are_called():
    train, held_out = (draw(Puzzles(split), 300) for split in ("train", "eval"))
    hashes = [{hash_puzzle(one.data["statements"]) for one in some} for some in (train, held_out)]
    assert not hashes[0] & hashes[1]
    assert not any(is_held_out(one.data["statements"]) for one in train)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, r"data of a puzzle must be {'statements': \[...\]}, got {}"),
        ({"statements": LIAR, "people": 2}, "data of a puzzle must be"),
        ({"statements": [["is", "A", "knight"]]}, "statements must be a list of 2 to 8"),
        ({"statements": [["is", "A", "knave"], LIAR[1]]}, "statements must have a solution, got none"),
        ({"statements": [["is", "A", "knight"], ["is", "B", "knight"]]}, "one solution, got 4: pass unique"),
    ],
)
def test_other_data_is_refused_with_the_reason(data, message):
    source = Puzzles("all")
    with pytest.raises(ValueError, match=message):
        source.make(data)
    if "unique" in message:
        assert Puzzles("all", unique=False).make(data).data == data


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"people": 1}, "people must be an int from 2 to 8, got 1"),
        ({"people": 9}, "people must be an int from 2 to 8, got 9"),
        ({"people": "3"}, "people must be an int from 2 to 8, got '3'"),
        ({"split": "test"}, "split must be 'train', 'eval' or 'all', got 'test'"),
    ],
)
def test_arguments_are_refused_with_the_reason(arguments, message):
    with pytest.raises(ValueError, match=message):
        Puzzles(**{"split": "train", **arguments})

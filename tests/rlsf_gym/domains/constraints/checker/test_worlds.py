"""What is left of the solutions: counted, worth by a random writer, or found by trial."""

import pytest

from rlsf_gym.domains.constraints.checker.worlds import Counted, Tried, mean
from tests.helpers.small_puzzle import SmallPuzzle


def make_row(symbols, solutions, **more):
    return SmallPuzzle({0: symbols, 1: symbols, 2: {"end": True}}, solutions, **more)


def test_solutions_are_narrowed():
    worlds = Counted(make_row({}, [[1], [2], [1, 2], []]), [[1], [2], [1, 2], []], is_chance=True)
    assert worlds.start == 0b1111
    assert worlds.narrow(worlds.start, [1]) == 0b0101
    assert worlds.narrow(worlds.start, [-1]) == 0b1010
    assert worlds.narrow(worlds.start, [-1, 2]) == 0b1110
    assert worlds.narrow(0b0101, [-1]) is None
    assert worlds.narrow(0b0101, [0, -1]) == 0b0101
    assert worlds.narrow(worlds.start, [3]) is None and worlds.narrow(worlds.start, [-3]) == 0b1111


def test_the_chance_is_that_of_an_even_draw_at_each_place():
    # One of 1, 2 and the end; behind 1 one of 1 and the end. Right is whatever says 1 and ends.
    nodes = {0: {"1": (1, 1), "2": (-1, 1), "end": True}, 1: {"1": (1, 2), "end": True}, 2: {"end": True}}
    worlds = Counted(SmallPuzzle(nodes, [[1]]), [[1]], is_chance=True)
    assert worlds.chance(0, 1) == pytest.approx((1.0 + 0.0 + 1.0) / 3)
    assert worlds.chance(1, 1) == 1.0
    refused = {**nodes, 0: {"1": (1, 1), "2": (-1, 1, False), "end": True}}
    assert Counted(SmallPuzzle(refused, [[1]]), [[1]], is_chance=True).chance(0, 1) == 1.0
    assert Counted(SmallPuzzle(nodes, [[1]]), [[1]], is_chance=False).chance(0, 1) == 1.0


def test_ways_that_are_alike_are_counted():
    puzzle = make_row({"1": (1, 1), "2": (2, 1)}, [], ways={0: 6, 1: 3})
    worlds = Counted(puzzle, [[1], [2], [1]], is_chance=True)
    assert worlds.chance(0, 0b111) == 0.5 and worlds.chance(1, 0b101) == pytest.approx(2 / 3)


def test_one_solution_and_a_proof_tell_most_and_the_rest_is_tried():
    puzzle = make_row({}, [], clauses=[(1, 2), (-1, -2), (3, 4)])
    worlds = Tried(puzzle, [1, 3], [1], [])
    assert worlds.narrow(worlds.start, [1]) == {1}
    assert worlds.narrow(frozenset({1}), [2]) is None  # refuted
    assert worlds.narrow(worlds.start, [2]) == {2}  # tried
    assert worlds.narrow(frozenset({2}), [1, -3]) == {2}
    assert worlds.narrow(frozenset({2}), [1]) is None
    assert worlds.narrow(frozenset({-3}), [-4]) is None
    assert worlds.narrow(worlds.start, [0]) == worlds.start
    wrong = Tried(puzzle, [1, 3], [], [])
    assert wrong.narrow(worlds.start, [4]) == {4}
    assert worlds.chance(0, worlds.start) == 1.0


def test_means():
    assert (mean([]), mean([0.5, 1.0])) == (0.0, 0.75)

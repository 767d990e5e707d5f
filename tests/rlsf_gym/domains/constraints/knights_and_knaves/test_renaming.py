"""The hash of a puzzle is the same whatever its people are called, and seldom that of another one."""

from itertools import permutations

import numpy as np
import pytest

from rlsf_gym.domains.constraints.knights_and_knaves.puzzles import Puzzles
from rlsf_gym.domains.constraints.knights_and_knaves.renaming import hash_puzzle, is_held_out
from tests.helpers.islanders import NAMES


def rename(statements, order):
    """Returns the puzzle in which person i is called as person `order[i]` was."""
    renamed = [None] * len(order)
    for person, statement in enumerate(statements):
        renamed[order[person]] = [put(part, order) for part in statement]
    return renamed


def put(part, order):
    if isinstance(part, list):
        return [put(one, order) for one in part]
    return NAMES[order[NAMES.index(part)]] if part in list(NAMES) else part


@pytest.mark.parametrize("people", [2, 3, 4, 5])
def test_names_do_not_matter(people):
    rng, source = np.random.default_rng(people), Puzzles("all", people, unique=False)
    for _ in range(10):
        statements = source.sample(rng).data["statements"]
        hashes = {hash_puzzle(rename(statements, order)) for order in permutations(range(people))}
        assert hashes == {hash_puzzle(statements)}


def test_the_order_of_equals_does_not_matter():
    one = [
        ["and", ["same", "A", "B"], ["is", "C", "knave"]],
        ["if", ["is", "A", "knight"], ["most", 1, "knight"]],
    ]
    one.append(["is", "A", "knight"])
    other = [["and", ["is", "C", "knave"], ["same", "B", "A"]], *one[1:]]
    assert hash_puzzle(one) == hash_puzzle(other)
    turned = [one[0], ["if", ["most", 1, "knight"], ["is", "A", "knight"]], one[2]]
    assert hash_puzzle(one) != hash_puzzle(turned)


def test_puzzles_that_differ_have_other_hashes():
    """Of 500 puzzles, those that share a hash are one under renaming, tried out over all permutations."""
    rng, source, seen = np.random.default_rng(0), Puzzles("all", 3), {}
    for _ in range(500):
        statements = source.sample(rng).data["statements"]
        seen.setdefault(hash_puzzle(statements), []).append(statements)
    assert len(seen) > 450
    for first, *others in seen.values():
        forms = {order_pairs(rename(first, order)) for order in permutations(range(3))}
        assert all(order_pairs(other) in forms for other in others)


def order_pairs(part):
    if isinstance(part, list) and part[0] in ("same", "different", "and", "or", "either"):
        return repr([part[0], *sorted(map(order_pairs, part[1:]))])
    if isinstance(part, list):
        return repr([*map(order_pairs, part)])
    return repr(part)


def test_one_puzzle_in_ten_is_held_out():
    rng, source = np.random.default_rng(0), Puzzles("all", 4)
    held_out = [is_held_out(source.sample(rng).data["statements"]) for _ in range(1000)]
    assert 70 <= sum(held_out) <= 130  # 100 with a standard deviation of 9.5

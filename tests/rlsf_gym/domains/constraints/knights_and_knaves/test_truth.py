"""Truth tables: solutions and formulas against evaluation of one assignment after the other."""

from itertools import product

import numpy as np
import pytest

from rlsf_gym.domains.constraints.knights_and_knaves.puzzles import Puzzles
from rlsf_gym.domains.constraints.knights_and_knaves.truth import (
    find_contradicting,
    find_solutions,
    list_clauses,
    tabulate,
)
from tests.helpers.islanders import NAMES, is_true, solve


def draw(people, count, seed=0):
    rng, source = np.random.default_rng(seed), Puzzles("all", people, unique=False)
    return [source.sample(rng).data["statements"] for _ in range(count)]


def as_knights(assignment, people):
    return {name for i, name in enumerate(NAMES[:people]) if assignment >> i & 1}


@pytest.mark.parametrize("people", [2, 3, 4, 8])
def test_statements_are_true_where_direct_evaluation_says_so(people):
    for statements in draw(people, 10):
        for statement in statements:
            table = tabulate(statement, people)
            for assignment in range(1 << people):
                world = {"names": NAMES[:people], "knights": as_knights(assignment, people)}
                assert table >> assignment & 1 == is_true(statement, world), (statement, assignment)


@pytest.mark.parametrize(("people", "count"), [(2, 50), (3, 100), (5, 30), (8, 4)])
def test_solutions_are_those_of_exhaustive_truth_tables(people, count):
    for statements in draw(people, count):
        found = [as_knights(one, people) for one in find_solutions(statements)]
        wanted = solve(statements)
        assert len(found) == len(wanted) and all(one in wanted for one in found)


def test_a_puzzle_without_a_solution_has_none():
    assert find_solutions([["is", "A", "knave"], ["is", "A", "knight"]]) == []  # A can't say so


@pytest.mark.parametrize("people", [2, 3, 4])
def test_the_formula_is_all_shortest_clauses_that_follow_from_one_sentence(people):
    """Every clause over the people is tried: it is there if it follows and nothing shorter in it does."""
    worlds = [dict(enumerate(row, 1)) for row in product((False, True), repeat=people)]
    for statements in draw(people, 15, seed=1):
        told = list_clauses(statements)
        for speaker, (statement, clauses) in enumerate(zip(statements, told, strict=True), 1):
            alike = [world for world in worlds if world[speaker] == say(statement, world, people)]
            assert len(clauses) == len(set(clauses)) and set(clauses) == find_primes(alike, people)


def say(statement, world, people):
    knights = {NAMES[i - 1] for i, is_one in world.items() if is_one}
    return is_true(statement, {"names": NAMES[:people], "knights": knights})


def find_primes(worlds, people):
    signs = product((0, 1, -1), repeat=people)
    clauses = [tuple(sign * i for i, sign in enumerate(row, 1) if sign) for row in signs]
    follow = {one for one in clauses if all(any(w[abs(x)] == (x > 0) for x in one) for w in worlds)}
    return {one for one in follow if not any(set(other) < set(one) for other in follow)}


def test_a_formula_by_hand():
    # A says that B is a knave: one of the two is a knight. B says that they are alike: then A is a knight.
    clauses = list_clauses([["is", "B", "knave"], ["same", "A", "B"]])
    assert clauses == [[(-1, -2), (1, 2)], [(1,)]]


@pytest.mark.parametrize(("people", "count"), [(2, 30), (3, 60), (5, 10)])
def test_contradicting_statements_are_enough_and_none_of_them_is_spare(people, count):
    """Against truth tables of which each speaker of a set is asked one after the other."""

    def agree(statements, speakers, known):
        for assignment in range(1 << people):
            knights = as_knights(assignment, people)
            world = {"names": NAMES[:people], "knights": knights}
            fits = all((NAMES[person] in knights) == kind for person, kind in known.items())
            if fits and all((NAMES[one] in knights) == is_true(statements[one], world) for one in speakers):
                return True
        return False

    rng, found = np.random.default_rng(people), 0
    for statements in draw(people, count, seed=1):
        known = {
            int(one): bool(rng.integers(2)) for one in rng.permutation(people)[: 1 + rng.integers(people)]
        }
        kept = find_contradicting(statements, known)
        assert bool(kept) != agree(statements, range(people), known)
        if kept:
            found += 1
            assert not agree(statements, kept, known)
            assert all(agree(statements, [two for two in kept if two != one], known) for one in kept)
    assert found > count // 10

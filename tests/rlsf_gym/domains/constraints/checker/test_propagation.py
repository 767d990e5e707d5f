"""Unit propagation and search, against all assignments of a few variables."""

from itertools import product

import numpy as np
import pytest

from rlsf_gym.domains.constraints.checker.propagation import Clauses

SIZE = 6


def draw_clauses(rng, count):
    chosen = [rng.choice(np.arange(1, SIZE + 1), rng.integers(1, 4), replace=False) for _ in range(count)]
    return [tuple(int(one) * int(rng.choice([-1, 1])) for one in row) for row in chosen]


def list_models(clauses):
    rows = product((False, True), repeat=SIZE)
    worlds = [{i if is_true else -i for i, is_true in enumerate(row, 1)} for row in rows]
    return [world for world in worlds if all(world & {*clause} for clause in clauses)]


@pytest.mark.parametrize("seed", range(60))
def test_what_follows_holds_in_every_model_and_a_model_is_found_where_there_is_one(seed):
    rng = np.random.default_rng(seed)
    clauses, lemmas = draw_clauses(rng, int(rng.integers(2, 22))), draw_clauses(rng, seed % 3)
    assumed = [int(rng.integers(1, SIZE + 1))] if seed % 2 else []
    models = list_models([*clauses, *lemmas, *((one,) for one in assumed)])
    known = Clauses(clauses)
    followed = known.propagate(assumed, lemmas)
    assert followed is not None or not models
    assert followed is None or all(followed <= model for model in models)
    found = known.search(assumed, lemmas)
    assert (found is None) == (not models)
    assert found is None or any(found <= model for model in models)


def test_propagation_goes_on_from_what_is_known():
    clauses = Clauses([(1,), (-1, 2), (-2, -3, 4), (-4, 5)])
    known = clauses.propagate([])
    assert known == {1, 2}
    assert clauses.propagate([3], (), frozenset(known)) == {1, 2, 3, 4, 5}
    assert clauses.propagate([3], [(-5,)], frozenset(known)) is None
    assert clauses.propagate([-2]) is None


def test_a_clause_without_literals_is_never_true():
    assert Clauses([(1, 2), ()]).propagate([1]) is None
    assert Clauses([(1, 2), ()]).search([]) is None

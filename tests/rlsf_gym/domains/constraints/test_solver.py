import copy
import pickle
import sys
from itertools import combinations, product

import numpy as np
import pytest

from rlsf_gym.domains.constraints.cnf import Formula
from rlsf_gym.domains.constraints.solver import TRIMMED, Oracle


def holds(clauses, model):
    """Returns whether true variables satisfy clauses, all others being false."""
    return all(any((literal > 0) == (abs(literal) in model) for literal in clause) for clause in clauses)


def all_models(formula, literals=()):
    """Returns the models in the order of their first differing variable, true first."""
    numbers = range(1, formula.variables + 1)
    rows = product((True, False), repeat=formula.variables)
    models = [tuple(one for one, is_true in zip(numbers, row, strict=True) if is_true) for row in rows]
    return [model for model in models if holds([*formula.clauses, *((one,) for one in literals)], model)]


def random_formulas(count, variables=5):
    rng = np.random.default_rng(0)
    for _ in range(count):
        sizes = rng.integers(1, 4, size=rng.integers(1, 12))
        numbers = [rng.choice(variables, size, replace=False) + 1 for size in sizes]
        clauses = [tuple((one * rng.choice([-1, 1], len(one))).tolist()) for one in numbers]
        yield Formula(tuple(clauses), variables)


def propagate(clauses):
    """Returns whether unit propagation refutes clauses, by going over all of them until nothing changes."""
    known = set()
    while True:
        found = set()
        for clause in clauses:
            if known.isdisjoint(clause):
                open_to = {literal for literal in clause if -literal not in known}
                if not open_to:
                    return True
                found |= open_to if len(open_to) == 1 else set()
        if any(-literal in known | found for literal in found):
            return True
        if not found:
            return False
        known |= found


def is_proof(clauses, lines):
    """Returns whether each line follows by unit propagation, and the last one, or no line, refutes."""
    known = list(clauses)
    for line in lines:
        *lemma, end = map(int, line.split())
        if end or not propagate([*known, *((-literal,) for literal in lemma)]):
            return False
        known.append(tuple(lemma))
    return propagate(known)


def test_models_are_those_of_a_truth_table():
    seen = set()
    for formula in random_formulas(300):
        oracle = Oracle(formula)
        for literals in ((), (1,), (-2, 3)):
            models = all_models(formula, literals)
            seen.add(len(models) > 0)
            assert oracle.is_satisfiable(literals) == (len(models) > 0)
            assert oracle.find_model(literals) == (models[0] if models else None)
            assert oracle.list_models(literals, range(1, 6), 32) == models
            assert (oracle.list_models(literals, range(1, 6), 3) is None) == (len(models) > 3)
    assert seen == {True, False}


def test_models_that_answers_do_not_tell_apart_are_one():
    oracle = Oracle(Formula(((1, 2), (3, 4)), 4))
    assert oracle.list_models((), (1, 2), 9) == [(1, 2, 3, 4), (1, 3, 4), (2, 3, 4)]
    assert oracle.list_models((-1,), (1, 2), 1) == [(2, 3, 4)]


def test_cores_are_minimal():
    found = 0
    for formula in random_formulas(400):
        oracle, literals, last = Oracle(formula), [1, -2, 3, -4], [5, -5]
        if all_models(formula, literals) or not all_models(formula):
            continue
        found += 1
        core = [literals[one] for one in oracle.find_core((), literals, last)]
        assert not all_models(formula, core)
        for one in core:
            assert all_models(formula, [other for other in core if other != one])
    assert found > 50


def test_a_core_leaves_the_first_out_that_it_can():
    oracle = Oracle(Formula(((-1, -3), (-2, -3)), 3))
    assert oracle.find_core((), (1, 2), (3,)) == (1,)
    assert oracle.find_core((3,), (2, 1), (3,)) == (1,)
    # With 1 or 2, one of which is to hold, 3 can't; alone it can.
    assert oracle.find_core((), (3,), (1, 2)) == (0,)


def test_refutations_are_proofs_without_a_line_too_many():
    kinds = set()
    for formula in random_formulas(600):
        if all_models(formula):
            continue
        lines = Oracle(formula).refute(())
        kinds.add(min(len(lines), 2))
        assert is_proof(formula.clauses, lines)
        assert (not lines) == propagate(formula.clauses)
        assert not lines or lines[-1] == "0"
        for position in range(len(lines) - 1):
            assert not is_proof(formula.clauses, lines[:position] + lines[position + 1 :])
    assert 0 in kinds


def pigeons(holes):
    """Returns the formula that one pigeon more than holes each have a hole of their own."""
    number = lambda pigeon, hole: pigeon * holes + hole + 1  # noqa: E731
    clauses = [tuple(number(pigeon, hole) for hole in range(holes)) for pigeon in range(holes + 1)]
    for hole in range(holes):
        clauses += [
            (-number(one, hole), -number(other, hole)) for one, other in combinations(range(holes + 1), 2)
        ]
    return Formula(tuple(clauses), holes * (holes + 1))


def test_a_proof_of_several_lines_is_trimmed():
    formula = pigeons(3)
    lines = Oracle(formula).refute(())
    assert 3 < len(lines) <= TRIMMED
    assert is_proof(formula.clauses, lines) and not propagate(formula.clauses)
    for position in range(len(lines) - 1):
        assert not is_proof(formula.clauses, lines[:position] + lines[position + 1 :])


def test_a_long_proof_stays_as_it_is():
    lines = Oracle(pigeons(6)).refute(())
    assert len(lines) > TRIMMED and lines[-1] == "0" and not any("d" in line for line in lines)


def test_one_of_several_literals_is_refuted_together():
    # Neither 1 nor 2 can hold, and one of them is to.
    formula = Formula(((-1, 3), (-1, -3), (-2, 3), (-2, -3)), 3)
    lines = Oracle(formula).refute((), (1, 2))
    assert is_proof([*formula.clauses, (1, 2)], lines) and not is_proof(formula.clauses, lines)
    with pytest.raises(ValueError, match="must be refutable"):
        Oracle(formula).refute((-1,), (2, 3))


def test_copies_ask_solvers_of_their_own():
    oracle = Oracle(Formula(((1, 2), (-1, 2)), 2))
    assert oracle.find_model((-1,)) == (2,)
    for other in (copy.deepcopy(oracle), pickle.loads(pickle.dumps(oracle))):
        assert "_search" not in vars(other)
        assert other.find_model((-1,)) == (2,)


def test_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pysat.solvers", None)
    with pytest.raises(ImportError, match=r"need python-sat: pip install 'rlsf-gym\[constraints\]'"):
        Oracle(Formula(((1,),), 1)).is_satisfiable(())

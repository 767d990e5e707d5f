import numpy as np
import pytest

from rlsf_gym.domains.constraints.cnf import Formula
from rlsf_gym.domains.constraints.solutions import Asked, Listed
from rlsf_gym.domains.constraints.solver import Oracle


def make_both():
    """Returns the solutions of "two of 1 to 4 hold, not both 1 and 2", listed and asked."""
    models = [(1, 3), (1, 4), (2, 3), (2, 4), (3, 4)]
    three = [(-1, -2), (-1, -3, -4), (-2, -3, -4), (1, 2, 3), (1, 2, 4), (1, 3, 4), (2, 3, 4)]
    return Listed(models), Asked(Oracle(Formula(tuple(three), 4)), ()), models


def test_both_tell_what_is_left():
    listed, asked, models = make_both()
    rng = np.random.default_rng(0)
    for _ in range(200):
        literals = (rng.permutation(4)[: rng.integers(5)] + 1) * rng.choice([-1, 1])
        left = [listed.everything, asked.everything]
        agreeing = models
        for literal in map(int, literals):
            agreeing = [model for model in agreeing if (abs(literal) in model) == (literal > 0)]
            left = [one.narrow(rest, literal) for one, rest in zip((listed, asked), left, strict=True)]
            assert (left[0] is None) == (left[1] is None) == (not agreeing)
            if not agreeing:
                break
            assert listed.count(left[0]) == len(agreeing) and asked.count(left[1]) is None
            assert listed.model(left[0]) == asked.model(left[1]) == agreeing[0]


@pytest.mark.parametrize("literals", [(1, 2), (3, 1, 4), (-3, -4), (-1, -2, -3), (4, 3, 2)])
def test_both_find_the_same_cores(literals):
    listed, asked, _ = make_both()
    *before, last = literals
    assert listed.find_core(before, [last]) == asked.find_core(before, [last])


def test_nothing_said_leaves_everything():
    listed, asked, _ = make_both()
    for one in (listed, asked):
        assert one.narrow(one.everything, 0) == one.everything
        assert one.narrow_any(one.everything, [0]) and one.narrow_any(one.everything, [1, 2])
        assert not one.narrow_any(one.narrow(one.everything, 1), [2, -1])
        assert one.is_many
    assert not Listed([(1,)]).is_many

import pytest

from rlsf_gym.domains.constraints.cnf import Formula


@pytest.mark.parametrize("literal", [0, 3, -3])
def test_literals_must_be_of_the_variables(literal):
    with pytest.raises(ValueError, match=rf"literals from 1 to 2 or their negatives, got {literal} in"):
        Formula(((1, -2), (literal,)), 2)


def test_formulas_are_compared_by_identity():
    assert Formula((), 0) != Formula((), 0)

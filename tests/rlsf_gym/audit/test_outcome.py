"""What a returned value counts as."""

import math

import numpy as np
import pytest

from rlsf_gym.audit.outcome import Outcome


@pytest.mark.parametrize(
    ("value", "kind", "number"),
    [
        (0.5, "number", 0.5),
        (1, "number", 1.0),
        (True, "number", 1.0),
        (np.float32(0.25), "number", 0.25),
        (np.array(2.0), "number", 2.0),
        (None, "none", None),
        (math.nan, "nan", None),
        (-math.inf, "infinite", None),
        ("1.0", "other", None),
        ([1.0], "other", None),
        (np.array([1.0, 2.0]), "other", None),
        ({"score": 1.0}, "other", None),
        (np.array([1.0]), "other", None),
        (10**400, "other", None),
    ],
)
def test_a_value_is_a_number_or_told(value, kind, number):
    outcome = Outcome.of(value)
    assert outcome.kind == kind
    assert outcome.is_number is (number is not None)
    if number is None:
        assert math.isnan(outcome.value) and outcome.describe()
    else:
        assert outcome.value == number


def test_zero_has_no_sign():
    assert Outcome.of(-0.0).describe() == "0"

"""gradient_moments.py: by drawn gradients whose expectations are known, and by hand."""

import math

import numpy as np
import pytest

from examples.measurements.gradient_moments import Products, alignment, cosine, jackknife, noise


def products_of(g, h):
    return Products(g @ g.T, g @ h.T, h @ h.T)


def test_by_hand():
    """Products of different batches: g 2 and 2, g with h 2 and 4, h 2 and 2; squares of g 1 and 4."""
    found = products_of(np.array([[1.0], [2.0]]), np.array([[2.0], [1.0]]))
    assert cosine(found) == pytest.approx(2.5 / 2.0)  # 1 * 1 and 2 * 2 over 2; more than 1, being unbiased
    assert noise(found) == pytest.approx(2.5 / 2.0 - 1.0)
    assert alignment(found) == pytest.approx(2.5 / (2.0 * 2.5) ** 0.5)


def test_expectations_are_found_whatever_the_noise_has_in_common():
    """E g is (3, 4, 0, ...), E h is (5, 0, 0, ...), and both have the same noise of variance 100."""
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((400, 100))
    g, h = shared.copy(), shared.copy()
    g[:, 0] += 3.0
    g[:, 1] += 4.0
    h[:, 0] += 5.0
    found = products_of(g, h)
    told = {statistic: jackknife(statistic, found) for statistic in (cosine, noise, alignment)}
    for statistic, expected in ((cosine, 0.6), (noise, 4.0), (alignment, 0.6 / 5.0**0.5)):
        value, error = told[statistic]
        assert abs(value - expected) < 3.0 * error and error < 0.1 * expected


def test_the_standard_error_is_that_of_a_mean_where_the_statistic_is_one():
    values = np.array([1.0, 4.0, 2.0, 9.0])
    told = jackknife(lambda x: float(np.trace(x.own)) / len(x.own), Products(*[np.diag(values)] * 3))
    assert told.value == 4.0
    assert told.error == pytest.approx(values.std(ddof=1) / 2.0)


def test_a_direction_that_is_not_told_from_none_is_no_number():
    found = products_of(np.array([[1.0], [-1.0]]), np.array([[1.0], [1.0]]))
    assert math.isnan(cosine(found)) and math.isnan(noise(found))
    assert alignment(found) == 0.0  # of no signal along h
    assert math.isnan(alignment(products_of(np.array([[1.0], [1.0]]), np.array([[1.0], [-1.0]]))))

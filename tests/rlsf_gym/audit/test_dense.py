"""What designs make of values of prefixes; expected values are worked out by hand."""

import numpy as np
import pytest

from rlsf_gym.audit.dense import _prefixes, _row, pay_by_design
from rlsf_gym.designs import DESIGNS

VALUES = np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.5])  # of six prefixes: five tokens


@pytest.mark.parametrize(
    ("design", "rewards"),
    [
        ("terminal", [0.0, 0.0, 0.0, 0.0, 0.5]),
        ("potential", [0.0, 1.0, 0.0, -1.0, 0.5]),
        ("uniform", [0.1, 0.1, 0.1, 0.1, 0.1]),
    ],
)
def test_designs_pay_from_values(design, rewards):
    np.testing.assert_allclose(pay_by_design(DESIGNS.load(design), VALUES), rewards)


def test_shares_noise_and_cost():
    # Rewards to go under potential: 0.5 0.5 -0.5 -0.5 0.5, squares 0.25 each, over 0.25: 1.
    row = _row(DESIGNS.load("potential"), [VALUES])
    assert (row.last, row.tokens, row.noise, row.calls) == pytest.approx((0.5 / 2.5, 3 / 5, 1.0, 256))
    # Under uniform: 0.5 0.4 0.3 0.2 0.1, mean of squares 0.55 / 5 = 0.11, over 0.25: 0.44.
    row = _row(DESIGNS.load("uniform"), [VALUES])
    assert (row.last, row.tokens, row.noise, row.calls) == pytest.approx((0.2, 1.0, 0.44, 1))
    # An answer that is paid at once and kept: to go 1 1 0 0 0, mean 0.4.
    early = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    assert _row(DESIGNS.load("potential"), [early]).noise == pytest.approx(0.4)
    assert _row(DESIGNS.load("terminal"), [early]).noise == 1.0


def test_noise_is_that_of_all_responses_together():
    # To go under potential 1 1 0 0 and 0.1 -0.9 -0.9 -0.9: means of squares 0.5 and 0.61, over 1 + 0.01.
    rows = [np.array([0.0, 0.0, 1.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0, 1.0, 0.1])]
    assert _row(DESIGNS.load("potential"), rows).noise == pytest.approx((0.5 + 0.61) / 1.01)


def test_prefixes_grow_to_the_whole_text():
    text = "The answer is 42. Größe: 😀, and so on and on." * 4
    found = _prefixes(text)
    assert found[0] == "" and found[-1] == text and len(found) <= 49
    assert all(text.startswith(one) for one in found)
    assert _prefixes("") == [""]

"""Numbers as they are shown: no reward that a page is about reads as nothing, and none fills a line."""

import pytest

from rlsf_gym.render.html import side_of, signed
from rlsf_gym.render.numbers import least_of, show_number


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 3, "+0.000"), (-0.0, 3, "+0.000"), (1e-17, 3, "+0.000"), (-4e-4, 3, "+0.000"),
        (0.25, 3, "+0.250"), (-1.0, 2, "-1.00"), (0.0033, 2, "+0.0033"), (-0.0033, 2, "-0.0033"),
        (5e-4, 2, "+0.0005"), (999_999.0, 2, "+999999.00"), (1e6, 2, "+1.00e+06"), (-1e300, 3, "-1.00e+300"),
    ],
)  # fmt: skip
def test_numbers_of_a_usual_page(value, digits, text):
    assert show_number(value, digits) == text


def test_rewards_of_a_page_of_small_ones():
    """A score of 1 that is divided between 10,000 tokens: 1e-4 each is all that there is to see."""
    least = least_of(1e-4)
    assert show_number(1e-4, 2, least=least) == "+0.0001"
    assert show_number(-1e-7, 2, least=least) == "-1e-07"
    assert show_number(1e-9, 2, least=least) == "+0.00"
    assert show_number(1e-300, 2, least=least_of(1e-300)) == "+1e-300"
    assert (least_of(1.0), least_of(1e300)) == (5e-4, 5e-4)


def test_a_page_has_true_minus_signs_and_none_for_zero():
    assert signed(-1e-300, least=0.0) == "\u22121e\u2212300"
    assert (signed(0.0), signed(-1e-9), signed(-0.25, 2)) == ("0.000", "0.000", "\u22120.25")
    assert [side_of(one) for one in (1e-4, -1e-4, 1e-3, -1e-3)] == ["none", "none", "gain", "loss"]
    assert side_of(-1e-4, least=1e-6) == "loss"

"""Courses of rewards over growing lengths."""

import pytest

from rlsf_gym.audit.lengths import _Course, write_filler


@pytest.mark.parametrize(
    ("values", "rise", "fall", "is_open"),
    [
        ((0.0, 0.0, 0.0, 0.0, 0.0), 0.0, 0.0, False),
        ((0.1, 0.3, 0.9, 2.7, 8.1), 8.0, 0.0, True),  # so much a sentence
        ((0.1, 0.3, 0.7, 0.9, 1.0), 0.9, 0.0, False),  # saturates
        ((1.0, 0.9, 0.6, 0.5, 0.5), 0.0, 0.5, False),
        ((-1.0, -0.9, -0.5, -0.9, -1.0), 0.5, 0.5, False),  # there and back
        ((0.0, 1.0, 2.0, 3.0, 4.0), 4.0, 0.0, False),  # of the logarithm: each step is as large
    ],
)
def test_rise_fall_and_whether_an_end_is_in_sight(values, rise, fall, is_open):
    course = _Course("it", ("",) * 5, values)
    assert (course.rise, course.fall) == pytest.approx((rise, fall))
    assert course.is_open is is_open


def test_filler_has_so_many_sentences():
    assert write_filler(0) == ""
    assert [write_filler(count).count(".") for count in (1, 7, 81)] == [1, 7, 81]

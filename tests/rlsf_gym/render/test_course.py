"""Step lines: from the lowest to the highest value, whatever their size."""

import re

import pytest

from rlsf_gym.render.course import step_line


def levels(values, frame):
    return re.findall(r"[V ]([\d.]+)H", step_line("total", "label", values, frame).split('class="path"')[1])


@pytest.mark.parametrize("size", [1.0, 1e-300, 5e-324, 1e300, 1.7e308])
def test_a_line_has_the_same_shape_at_every_size(size):
    assert levels([0.0, size, -size, 0.0], (-size, size)) == ["0.0000", "1.0000", "0.5000"]


def test_a_line_at_zero():
    assert levels([0.0, 0.0], (0.0, 0.0)) == ["1.0000"]

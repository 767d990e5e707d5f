"""How figures look: labels that keep apart."""

import pytest

from agents.reports.look import spread_out


def test_labels_keep_their_distance_and_their_order():
    assert spread_out([0.1, 0.5, 0.9], 0.1) == [0.1, 0.5, 0.9]
    moved = spread_out([0.5, 0.5, 0.55, 0.9], 0.1)
    assert moved == pytest.approx([0.5167 - 0.1, 0.5167, 0.5167 + 0.1, 0.9], abs=1e-3)

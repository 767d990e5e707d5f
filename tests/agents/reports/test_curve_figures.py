"""Rules of any scorer have their place in the figure of rewards by rule."""

import pytest

from agents.reports.curve_figures import draw_rules
from agents.reports.look import Look

pytest.importorskip("matplotlib")


def numbers_of(**amounts):
    arm = {"name": "an arm", "rules": {"kl": [0.0, 1.0], "amounts": amounts}}
    return {"arms": [arm, {"name": "without", "rules": None}]}


def named(numbers, colours):
    figure = draw_rules(numbers, Look(), colours)
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_rules_that_nobody_has_named_are_drawn_in_their_order():
    assert named(numbers_of(witness=[0.0, 0.5], proof=[0.0, -0.2]), {}) == ["proof", "witness"]


def test_rules_with_colours_come_first():
    colours = {"witness": ("#000000", "#ffffff"), "unseen": ("#111111", "#eeeeee")}
    assert named(numbers_of(witness=[0.0, 0.5], proof=[0.0, -0.2]), colours) == ["witness", "proof"]


def test_a_rule_that_never_moves_the_mean_is_not_drawn():
    assert named(numbers_of(witness=[0.0, 0.5], idle=[0.0, 0.001]), {}) == ["witness"]

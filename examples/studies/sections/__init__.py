"""What this repository's own studies add to the general report: sections, and the names of sentiment.

python -m agents report tier0 --sections examples/studies/sections
"""

from dataclasses import replace

from agents.reports import Additions
from agents.stats.measures import MEASURES

from . import candidates, game, gradients, law, negation

RULE_COLOURS = {
    **{"base": ("#0072b2", "#5db5ee"), "booster": ("#56b4e9", "#2f7fb8"), "capitals": ("#009e73", "#3cc79c")},
    **{"punctuation": ("#e69f00", "#e0a830"), "but": ("#cc79a7", "#e08fd0"), "idiom": ("#8a6d00", "#b89b3a")},
    **{"negation": ("#d55e00", "#f58a4b"), "no": ("#7a2e00", "#b5653a"), "dampener": ("#888888", "#9a9a9a")},
    **{"least": ("#4b3ba8", "#a99cff")},
}
"""VADER's rules, in the order in which they are stacked; light and dark."""

ADDITIONS = Additions(
    shapes={**game.SHAPES, **gradients.SHAPES, **negation.SHAPES, **candidates.SHAPES, **law.SHAPES},
    sections={
        **dict.fromkeys(game.KINDS, game.game_section),
        negation.KIND: negation.negation_section,
        gradients.KIND: gradients.gradient_section,
        **dict.fromkeys(law.KINDS, law.law_section),
        **dict.fromkeys(candidates.KINDS, candidates.candidates_section),
    },
    measures=[replace(MEASURES["judge"], axis="held-out judge, P(positive)")],
    rule_colours=RULE_COLOURS,
)

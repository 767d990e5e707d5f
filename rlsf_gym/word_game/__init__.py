"""The exactly enumerable game: how good a reward design is, without training and without sampling.

A prompt and a few words, every response scored by the real scorer and paid by the real designs. What a
learner's gradient would be under a design is then a sum, not an estimate.
"""

from rlsf_gym.word_game.control import SoftPolicy, soft_optimal, tune_beta
from rlsf_gym.word_game.game import TWO_WORDS, WORDS, Payments, WordGame, pay_responses
from rlsf_gym.word_game.gradient import (
    CRITICS,
    Credit,
    Rollouts,
    expected_gradient,
    gae,
    measure_credit,
    roll_out,
    true_gradient,
)

__all__ = [
    "CRITICS",
    "TWO_WORDS",
    "WORDS",
    "Credit",
    "Payments",
    "Rollouts",
    "SoftPolicy",
    "WordGame",
    "expected_gradient",
    "gae",
    "measure_credit",
    "pay_responses",
    "roll_out",
    "soft_optimal",
    "true_gradient",
    "tune_beta",
]

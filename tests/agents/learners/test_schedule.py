"""agents/learners/schedule.py: the learning rate and the price of divergence, iteration by iteration."""

import pytest

from agents.config import CHOICES
from agents.learners.prepare import SHARES
from agents.learners.schedule import KL_CONTROLLERS, LR_SCHEDULES, learning_rate, next_kl_coef
from agents.learners.settings import BASELINES, TokenPPOConfig
from agents.maths import advantages


def rates(total, **settings):
    config = TokenPPOConfig(learning_rate=1.0, **settings)
    return [learning_rate(config, iteration, total) for iteration in range(total)]


def test_linear_falls_to_zero_after_the_last_iteration():
    assert rates(4) == [1.0, 0.75, 0.5, 0.25]


def test_warm_up_rises_first():
    assert rates(6, warmup_iterations=2) == [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    assert rates(4, warmup_iterations=2, lr_schedule="constant") == [0.5, 1.0, 1.0, 1.0]


def test_a_run_shorter_than_its_warm_up_still_learns():
    assert rates(2, warmup_iterations=4) == [0.25, 0.5]


def test_a_fixed_price_stays():
    assert next_kl_coef(TokenPPOConfig(), 0.03, 1000.0) == 0.03


@pytest.mark.parametrize(("kl", "factor"), [(6.0, 1.0), (6.6, 1.001), (60.0, 1.002), (0.0, 0.998)])
def test_an_adaptive_price_follows_the_target(kl, factor):
    config = TokenPPOConfig(
        kl_controller="adaptive", target_kl=6.0, kl_horizon=10_000, batch_size=100, minibatch_size=10
    )
    assert next_kl_coef(config, 0.2, kl) == pytest.approx(0.2 * factor, rel=1e-9)


def test_each_choice_of_the_settings_stands_for_a_function():
    assert CHOICES["lr_schedule"] == tuple(LR_SCHEDULES)
    assert CHOICES["kl_controller"] == tuple(KL_CONTROLLERS)
    assert CHOICES["reward_share"] == tuple(SHARES)
    assert tuple(advantages.BASELINES) == BASELINES

"""Schedules over iterations: of the learning rate, and of the KL coefficient."""

from __future__ import annotations

from collections.abc import Callable

from agents.config import LearnerConfig

ERROR_BOUND = 0.2
"""The adaptive KL coefficient reacts to relative errors of at most this size."""


def learning_rate(config: LearnerConfig, iteration: int, total_iterations: int) -> float:
    """Returns the learning rate of an iteration: rising over the warm-up, then as `lr_schedule` has it.

    Args:
        config: `learning_rate`, `lr_schedule` and `warmup_iterations` are read.
        iteration: 0 is the first.
        total_iterations: Of the whole run.
    """
    warmup = config.warmup_iterations
    rising = (iteration + 1) / warmup if iteration < warmup else 1.0
    falling = LR_SCHEDULES[config.lr_schedule](iteration - warmup, total_iterations - warmup)
    return config.learning_rate * rising * falling


def linear(done: int, whole: int) -> float:
    """Returns the share of the learning rate that is left, falling in a straight line after the warm-up.

    The last iteration still learns: the line would reach 0 one iteration after it.

    Args:
        done: Iterations since the warm-up.
        whole: Iterations of the run after the warm-up.
    """
    return min(1.0, max(0.0, 1.0 - done / max(1, whole)))


def constant(done: int, whole: int) -> float:
    """Returns 1: the learning rate stays as it is."""
    del done, whole
    return 1.0


LR_SCHEDULES: dict[str, Callable[[int, int], float]] = {"linear": linear, "constant": constant}
"""Share of the learning rate by iterations done and in all after the warm-up, by name."""


def next_kl_coef(config: LearnerConfig, kl_coef: float, kl: float) -> float:
    """Returns the KL coefficient of the next iteration, as `kl_controller` has it.

    Args:
        config: Settings of the controller.
        kl_coef: Of this iteration.
        kl: Mean KL from the reference of this iteration's responses, in nats.
    """
    return KL_CONTROLLERS[config.kl_controller](config, kl_coef, kl)


def fixed(config: LearnerConfig, kl_coef: float, kl: float) -> float:
    """Returns the KL coefficient as it is."""
    del config, kl
    return kl_coef


def adaptive(config: LearnerConfig, kl_coef: float, kl: float) -> float:
    """Returns kl_coef * (1 + error * batch_size / kl_horizon), error being kl / target_kl - 1, at most +-0.2.

    Ziegler et al. (2019), section 2.2.
    """
    error = min(ERROR_BOUND, max(-ERROR_BOUND, kl / config.target_kl - 1.0))
    return kl_coef * (1.0 + error * config.batch_size / config.kl_horizon)


KL_CONTROLLERS: dict[str, Callable[[LearnerConfig, float, float], float]] = {
    "fixed": fixed,
    "adaptive": adaptive,
}
"""The next KL coefficient from settings, coefficient and KL, by name."""

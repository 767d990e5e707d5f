"""What changes from iteration to iteration: the learning rate, the price of divergence."""

from __future__ import annotations

from agents.config import LearnerConfig

ERROR_BOUND = 0.2
"""The adaptive price reacts to relative errors of at most this size."""


def learning_rate(config: LearnerConfig, iteration: int, total_iterations: int) -> float:
    """Returns the learning rate of an iteration: rising over the warm-up, then constant or linear towards 0.

    The last iteration still learns: the linear schedule would reach 0 one iteration after it.

    Args:
        config: `learning_rate`, `lr_schedule` and `warmup_iterations` are read.
        iteration: 0 is the first.
        total_iterations: Of the whole run.
    """
    rising = (iteration + 1) / config.warmup_iterations if iteration < config.warmup_iterations else 1.0
    falling = 1.0
    if config.lr_schedule == "linear":
        done, whole = iteration - config.warmup_iterations, total_iterations - config.warmup_iterations
        falling = min(1.0, max(0.0, 1.0 - done / max(1, whole)))
    return config.learning_rate * rising * falling


def next_kl_coef(config: LearnerConfig, kl_coef: float, kl: float) -> float:
    """Returns the price of divergence for the next iteration.

    Fixed, or that of Ziegler et al. (2019), section 2.2: kl_coef * (1 + error * batch_size / kl_horizon) with
    the error kl / target_kl - 1 cut off at +-0.2.

    Args:
        config: `kl_controller`, `target_kl`, `kl_horizon` and `batch_size` are read.
        kl_coef: Of this iteration.
        kl: Mean divergence of this iteration's responses, in nats.
    """
    if config.kl_controller == "fixed":
        return kl_coef
    error = min(ERROR_BOUND, max(-ERROR_BOUND, kl / config.target_kl - 1.0))
    return kl_coef * (1.0 + error * config.batch_size / config.kl_horizon)

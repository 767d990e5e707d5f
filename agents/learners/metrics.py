"""The numbers that one iteration reports: equal for equal runs, no times among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from agents.learners.update import Trained
from agents.learners.update_stats import UpdateStats
from agents.maths.advantages import reward_to_go
from agents.maths.expected import expected_rewards, good_kinds
from agents.maths.losses import explained_variance
from agents.maths.positions import explained_variance_by_quarter, kl_by_quarter
from agents.maths.tensors import Batch, Rollout, masked_mean

IDENTIFIERS = {"prompt_id", "eos_token_id", "reward"}
"""Numbers of an episode's info whose mean says nothing, or is reported under another name."""


def iteration_metrics(
    trained: Trained,
    episodes: Sequence[Mapping[str, Any]],
    iteration: int,
    *,
    lr: float,
    kl_coef: float,
    gamma: float,
) -> dict[str, float]:
    """Returns all numbers of an iteration, by log key.

    Args:
        trained: The update of the iteration.
        episodes: The infos of its episodes.
        iteration: 1 is the first.
        lr: Its learning rate.
        kl_coef: Its KL coefficient.
        gamma: Discount of the learner.
    """
    return {
        "iteration": float(iteration),
        "episodes": float(iteration * len(episodes)),
        "lr": lr,
        "kl_coef": kl_coef,
        **objective_metrics(trained.rollout, trained.batch.rewards),
        **candidate_metrics(trained.rollout),
        **update_metrics(trained.stats),
        **critic_metrics(trained.batch, gamma=gamma),
        "policy/rescored": float(trained.rescored),
        **environment_metrics(episodes),
    }


def objective_metrics(rollout: Rollout, rewards: Tensor) -> dict[str, float]:
    """Returns the statistics of a batch of episodes, under `objective/`.

    Args:
        rollout: As collected.
        rewards: (B, T) float32, shaped.
    """
    returns = rollout.scores.double().sum(-1)  # (B,) float64
    return {
        "objective/scores": returns.mean().item(),
        "objective/score_median": torch.quantile(returns, 0.5).item(),
        "objective/score_min": returns.min().item(),
        "objective/score_max": returns.max().item(),
        "objective/rlhf_reward": rewards.double().sum(-1).mean().item(),
        "objective/kl": rollout.kl.double().sum(-1).mean().item(),
        **kl_by_quarter(rollout.kl, rollout.response_mask),
        "objective/entropy": masked_mean(rollout.entropy.double(), rollout.response_mask).item(),
        "objective/length": rollout.response_mask.sum(-1).double().mean().item(),
    }


def candidate_metrics(rollout: Rollout) -> dict[str, float]:
    """Returns what the next tokens would have earned, under `candidates/`; empty where that was not read."""
    kinds, mask = rollout.kinds, rollout.response_mask
    if kinds is None:
        return {}
    kept = (kinds.probabilities * good_kinds(kinds.rewards)).sum(-1)  # (B, T) float32
    expected = expected_rewards(kinds.probabilities, kinds.rewards)  # (B, T) float32
    return {
        "candidates/scores": expected.double().sum(-1).mean().item(),
        "candidates/kept": masked_mean(kept.double(), mask).item(),
        "candidates/kinds": float(kinds.rewards.shape[-1]),
    }


def update_metrics(stats: UpdateStats) -> dict[str, float]:
    """Returns the statistics of an update, under `policy/`, and those of the loss under keys of their own."""
    return {
        "policy/approxkl": stats.mean.approx_kl,
        "policy/ratio": stats.first.ratio_mean,
        "policy/ratio_error": stats.first.ratio_error,
        "policy/ratio_mean": stats.mean.ratio_mean,
        "policy/ratio_spread": stats.mean.ratio_error,
        "policy/grad_norm": stats.grad_norm,
        "policy/steps": float(stats.steps),
        **stats.mean.terms,
    }


def critic_metrics(batch: Batch, *, gamma: float) -> dict[str, float]:
    """Returns the critic's explained variance, whole and by quarter, under `val/`; empty without one.

    Its targets hold its own values where lambda is below 1, and those of two lambdas can't be compared; what
    was earned from a token on, the return at lambda 1, is the same for every critic.

    Args:
        batch: As the update read it.
        gamma: Discount of the learner.
    """
    if batch.returns is None:
        return {}
    earned = reward_to_go(batch.rewards, batch.response_mask, gamma=gamma)  # (B, T) float32
    return {
        "val/explained_variance": explained_variance(batch.values, batch.returns, batch.response_mask),
        "val/explained_variance_of_returns": explained_variance(batch.values, earned, batch.response_mask),
        **explained_variance_by_quarter(batch.values, batch.returns, batch.response_mask),
    }


def environment_metrics(episodes: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Returns the mean of each scalar number in the infos, under `env/`; of the episodes that have it."""
    keys = {key: None for info in episodes for key, value in info.items() if _is_number(value)}
    means: dict[str, float] = {}
    for key in sorted(keys.keys() - IDENTIFIERS):
        values = [float(info[key]) for info in episodes if _is_number(info.get(key))]
        means[f"env/{key}"] = sum(values) / len(values)
    return means


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

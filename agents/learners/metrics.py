"""The numbers that one iteration reports: equal for equal runs, no times among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from agents.learners.update import Trained, UpdateFigures
from agents.maths.losses import explained_variance
from agents.maths.positions import explained_variance_by_quarter, kl_by_quarter
from agents.maths.tensors import Batch, Rollout, masked_mean

IDENTIFIERS = {"prompt_id", "eos_token_id", "reward"}
"""Numbers of an episode's info whose mean says nothing, or is reported under another name."""


def learner_metrics(trained: Trained) -> dict[str, float]:
    """Returns all figures of an iteration that do not come from infos."""
    return {
        **objective_metrics(trained.rollout, trained.rewards),
        **update_metrics(trained.figures, trained.batch),
        "policy/rescored": float(trained.rescored),
    }


def objective_metrics(rollout: Rollout, rewards: Tensor) -> dict[str, float]:
    """Returns the figures of a batch of episodes, under `objective/`.

    Args:
        rollout: What was played.
        rewards: (B, T) float32: scores less the price of divergence.
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


def update_metrics(figures: UpdateFigures, batch: Batch) -> dict[str, float]:
    """Returns the figures of an update, under `policy/`, `loss/` and `val/`; the critic's if there is one."""
    found = {
        "policy/approxkl": figures.mean.approx_kl,
        "policy/clipfrac": figures.mean.clip_fraction,
        "policy/ratio": figures.first.ratio_mean,
        "policy/ratio_error": figures.first.ratio_error,
        "policy/ratio_mean": figures.mean.ratio_mean,
        "policy/ratio_spread": figures.mean.ratio_error,
        "policy/grad_norm": figures.grad_norm,
        "policy/steps": float(figures.steps),
        "loss/policy": figures.mean.policy_loss,
    }
    if batch.returns is not None:
        found["loss/value"] = figures.mean.value_loss
        found["val/explained_variance"] = explained_variance(batch.values, batch.returns, batch.response_mask)
        found |= explained_variance_by_quarter(batch.values, batch.returns, batch.response_mask)
    return found


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

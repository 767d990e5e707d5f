"""A cell of the study `law`: how much sooner each arm should reach the goal, told before any training.

The untrained policy plays batches that nothing is learned from. Of each minibatch comes the gradient that
every arm's learner would take at its first step, on the same responses: advantages whitened over the batch,
the critic's loss and `max_grad_norm` included. An arm's progress P is how far a step of Adam along them leads
towards the objective in expectation (`adam_progress.py`), and its predicted speed-up is P over that of the
control. It is measured twice:

- "start": the value head says 0;
- "warmed": the value head has been trained alone, as `critic_warmup_iterations` trains it, on other batches,
  at the arm's own rate; the policy is still untrained.

What counts is the mean of both for an arm that learns its critic while it learns its policy, since it passes
from the one to the other, and "warmed" for an arm whose critic is warm before the policy moves. So for the
control, too. That was fixed before any of these cells ran.

What it leaves out: all that happens after the first step, such as clipping, further passes over the same
batch, a policy that moves, and a critic that comes to know more than a head on an untrained trunk can. The
running mean m of Adam averages some ten steps: that leaves the expected step as it is, and makes it less
noisy, in all arms alike; what noise costs by the curvature of the objective is not counted.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from agents.learners.ppo import TokenPPO
from agents.studies.training import make_agent

from .adam_progress import FloatArray, jackknife_error, mean_of_pairs, progress_of_pairs
from .law_arms import ARMS, CONTROL, RIGHT, Arm
from .law_critics import Played, best_head, explained, explained_by_prefixes, play_batches, warm_up
from .law_gradients import moments_of, preparing, silent, view

MEASURED_APART, FITTED_APART = 1 << 20, 1 << 21
"""Added to the number of an iteration: prompts of measured and fitted batches are not those of learning."""
START, WARMED = "start", "warmed"
"""States of a critic."""

Record = dict[str, Any]
Settings = Mapping[str, Any]


class Found(NamedTuple):
    """Progress of an arm, and variance that its critic explains, in one state of the critic."""

    pairs: FloatArray
    """Progress of pairs of groups, (K, K) float64."""
    explained: float
    """Share of the variance of the arm's own returns at lambda 1 that its critic explains."""


def predict(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields what can be known of returns, an arm's progress by state, and the predicted speed-ups.

    Args:
        settings: Those of `agents.studies.training.train` that a learner is made from, with an environment
            of `potential` that sends candidates and values of prefixes; `arms`, names of `ARMS`;
            `groups`, K, with `right_batches` that the true gradient is measured on, and of these `batches`
            for the arms; `warmup`, iterations of the critic's warm-up, and `critic_learning_rate`, that of
            the arms with a warm head.
        seed: Of everything that is drawn.

    Raises:
        ValueError: If an arm is unknown, or the control is not the first.
        FloatingPointError: If a reward, loss or gradient was not finite.
    """
    arms = read_arms(settings["arms"])
    agent = make_agent(settings, seed)
    assert isinstance(agent, TokenPPO)
    each, warmup = int(settings["right_batches"]), int(settings["warmup"])
    played = play_batches(agent, int(settings["groups"]) * each, MEASURED_APART)
    groups = [played[start : start + each] for start in range(0, len(played), each)]
    fitted = play_batches(agent, warmup, FITTED_APART)
    yield describe_task(agent, played, fitted)
    right = moments_of(view(agent, RIGHT, vf_coef=0.0), RIGHT, groups, silent(agent)).means
    measured = [group[: int(settings["batches"])] for group in groups]
    found: dict[str, dict[str, Found]] = {}
    for name, arm in arms.items():
        learner = view(agent, arm, **warm_settings(arm, float(settings["critic_learning_rate"])))
        found[name] = dict(measure(learner, arm, measured, fitted, right))
        yield from ({"record": "law_progress", "arm": name, **row} for row in progress_rows(found[name]))
    for name, arm in arms.items():
        yield {
            "record": "law_prediction",
            "domain": str(settings["env"]),
            "arm": name,
            "where": arm.where(warmup),
            **told(found[name], found[CONTROL]),
        }


def read_arms(names: Sequence[str]) -> dict[str, Arm]:
    """Returns arms by name.

    Raises:
        ValueError: If one is unknown, or the control is not the first.
    """
    for name in names:
        if name not in ARMS:
            raise ValueError(f"arms: expected some of {', '.join(map(repr, ARMS))}, got {name!r}")
    if not names or names[0] != CONTROL:
        raise ValueError(f"arms: expected {CONTROL!r}, the control, as the first, got {list(names)[:1]}")
    return {name: ARMS[name] for name in names}


def warm_settings(arm: Arm, rate: float) -> Record:
    """Returns the critic's own settings in an arm whose critic is warm; none in others."""
    return {"critic_learning_rate": rate, "lam_critic": 1.0} if arm.warm else {}


def describe_task(agent: TokenPPO, measured: Sequence[Played], fitted: Sequence[Played]) -> Record:
    """Returns rewards of the untrained policy, and what values of prefixes and heads explain of returns."""
    end = ARMS[CONTROL]
    prepare = preparing(view(agent, end, lam_critic=1.0), end)
    scores = torch.cat([played.rollout.scores.sum(-1) for played in measured])
    return {
        "record": "law_task",
        "reward": float(scores.mean()),
        "deviation": float(scores.std()),
        "explained_by_prefixes": explained_by_prefixes(prepare, fitted, measured),
        "explained_by_best_head": explained(prepare, measured, best_head(prepare, fitted)),
    }


def measure(
    learner: TokenPPO, arm: Arm, measured: Sequence[Sequence[Played]], fitted: Sequence[Played], right: Tensor
) -> Iterator[tuple[str, Found]]:
    """Yields the states of an arm's critic that count, each with what is found in it.

    Args:
        learner: With the arm's settings.
        arm: How rewards are assigned.
        measured: Batches that gradients are of, by group.
        fitted: Batches that the value head is trained on.
        right: Means of the true gradient in each group, (K, parameters) float32.
    """
    head = silent(learner)
    at_one = copy.copy(learner)
    at_one.config = dataclasses.replace(learner.config, lam_critic=1.0)
    batches = [played for group in measured for played in group]
    for state in states_of(arm):
        if state == WARMED:
            warm_up(learner, preparing(learner, arm), fitted, head)
        moments = moments_of(learner, arm, measured, head)
        pairs = progress_of_pairs(moments, right, learner.config.adam_eps)
        yield state, Found(pairs, explained(preparing(at_one, arm), batches, head))


def states_of(arm: Arm) -> tuple[str, ...]:
    """Returns the states of an arm's critic whose mean counts."""
    return (WARMED,) if arm.warm else (START, WARMED)


def progress_rows(found: Mapping[str, Found]) -> Iterator[Record]:
    """Yields the progress of an arm in each state, with its standard error."""
    for state, one in found.items():
        others = np.array([mean_of_pairs(one.pairs, k) for k in range(len(one.pairs))])
        yield {
            "state": state,
            "progress": mean_of_pairs(one.pairs),
            "error": jackknife_error(others),
            "explained": one.explained,
        }


def told(arm: Mapping[str, Found], control: Mapping[str, Found]) -> Record:
    """Returns an arm's predicted speed-up with its standard error, and that of each state alone."""
    ratios = expected_progress(arm) / expected_progress(control)
    apart = {
        f"speed_up_{state}": mean_of_pairs(one.pairs) / mean_of_pairs(control[state].pairs)
        for state, one in arm.items()
    }
    return {"speed_up": float(ratios[0]), "error": jackknife_error(ratios[1:]), **apart}


def expected_progress(found: Mapping[str, Found]) -> FloatArray:
    """Returns the mean progress over states, of all groups and without each, (1 + K,) float64."""
    pairs = [one.pairs for one in found.values()]
    left_out = (None, *range(len(pairs[0])))
    return np.array([[mean_of_pairs(one, k) for one in pairs] for k in left_out]).mean(1)

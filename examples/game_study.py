"""Cells of the study `tier0`: what designs are worth in the word game, by enumeration.

Settings of all: `words`, T, of 12 each; `kl_coef`, the price of a nat; `batch_size`, responses to an update.
The goal is `share` of the way from the uniform policy's gain to the expected best of 64 of its responses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from game_critics import blend, exact_values, explained_share, measure_worth
from game_learning import Arm, Table, kl_and_gradient, learn, softmax

from rlsf_gym.designs import load_design
from rlsf_gym.word_game import (
    TWO_WORDS,
    WORDS,
    Rollouts,
    WordGame,
    pay_responses,
    roll_out,
    soft_optimal,
    true_gradient,
    tune_beta,
)

FloatArray = npt.NDArray[np.float64]
Record = dict[str, Any]
Settings = Mapping[str, Any]
BEST_OF = 64
LEVELS = 8
"""Policies that credit is measured at, at equal steps of the way to the goal."""
RATE = 3.0
"""Learning rate of the exact ascent that they lie on."""
MOST_STEPS = 1_000


class Task(NamedTuple):
    """The game under some designs, and what is to be reached."""

    game: WordGame
    gains: FloatArray
    """float64 (N,)."""
    rewards: Mapping[str, FloatArray]
    """Design to float64 (N, T)."""
    start: float
    goal: float


def make_task(settings: Settings, designs: Sequence[str]) -> Task:
    """Returns the game of some settings, paid by designs."""
    game = WordGame(choices=(WORDS,) * int(settings["words"]))
    payments = pay_responses(game, {name: load_design(name) for name in designs})
    ordered = np.sort(payments.gains)
    chances = (np.arange(1, len(ordered) + 1) / len(ordered)) ** BEST_OF  # that the best is no better
    best = float(ordered @ np.diff(chances, prepend=0.0))
    start = float(ordered.mean())
    goal = start + float(settings["share"]) * (best - start)
    return Task(game, payments.gains, payments.rewards, start, goal)


def credit(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields what each design is worth to a learner on its way to the goal, by lambda and critic.

    `cost` is the number of updates that it takes, but for a factor that all have: the sum over the policies
    of 1 / (progress |g|^2), g being the true gradient and progress as in `game_critics.Worth`.

    Args:
        settings: Those of the module docstring; `designs`, `lambdas`, `qualities`.
        seed: Nothing is drawn.
    """
    del seed
    task = make_task(settings, settings["designs"])
    policies = list(ascend(task, kl_coef=float(settings["kl_coef"])))
    sizes = task.game.sizes
    for design, rewards in task.rewards.items():
        for quality in settings["qualities"]:
            critics = [_critic(rewards, one, sizes, quality) for one in policies]
            explained = float(np.mean([share for _, share in critics]))
            for lam in settings["lambdas"]:
                found = [
                    measure_worth(one, task.gains, rewards, values, lam=lam)
                    for one, (values, _) in zip(policies, critics, strict=True)
                ]
                lengths = [float(np.square(true_gradient(one, task.gains)).sum()) for one in policies]
                progress = [worth.progress(float(settings["batch_size"])) for worth in found]
                yield {
                    "record": "credit",
                    "design": design,
                    "lam": lam,
                    "quality": quality,
                    "explained": explained,
                    "cosine": float(np.mean([worth.cosine for worth in found])),
                    "noise": float(np.mean([worth.noise for worth in found])),
                    "cost": float(np.sum(1.0 / (np.array(progress) * np.array(lengths)))),
                }


def ascend(task: Task, *, kl_coef: float) -> Iterator[Rollouts]:
    """Yields `LEVELS` policies on the exact ascent from the uniform one to the goal.

    Raises:
        ValueError: The goal is never reached at this price of a nat.
    """
    length, size = len(task.game.sizes), task.game.sizes[0]
    levels = task.start + (np.arange(LEVELS) + 0.5) / LEVELS * (task.goal - task.start)
    logits = np.zeros((size + 1, size))
    passed = 0
    for _ in range(MOST_STEPS):
        rollouts = roll_out(logits, length)
        if float(rollouts.probabilities @ task.gains) >= levels[passed]:
            yield rollouts
            passed += 1
            if passed == LEVELS:
                return
            continue
        _, price = kl_and_gradient(softmax(logits[None]), length)
        logits = logits + RATE * (true_gradient(rollouts, task.gains) - kl_coef * price[0])
    raise ValueError(f"kl_coef: expected a price at which the goal {task.goal:.3f} is reached, got {kl_coef}")


def learning(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields how many responses learners take to the goal, at one learning rate for all.

    Args:
        settings: Those of the module docstring; `design`, `lambdas`, `qualities`, `learning_rate`, `steps`,
            `learners`, `max_kl`.
        seed: Of the first learner; the others follow.
    """
    design = str(settings["design"])
    task = make_task(settings, [design])
    causal = load_design(design).causal and load_design(design).conserving
    table = Table(task.gains, task.rewards[design], causal)
    batch_size, rate = int(settings["batch_size"]), float(settings["learning_rate"])
    seeds = range(seed, seed + int(settings["learners"]))
    for lam in settings["lambdas"]:
        for quality in settings["qualities"]:
            arm = Arm(lam, quality, rate, batch_size, float(settings["kl_coef"]))
            taken = episodes_to_goal(table, arm, task.goal, settings, seeds)
            yield {
                "record": "game_runs",
                "design": design,
                "lam": lam,
                "quality": quality,
                "horizon": int(settings["steps"]) * batch_size,
                "episodes": [float(x) if np.isfinite(x) else None for x in taken],
            }


def episodes_to_goal(
    table: Table, arm: Arm, goal: float, settings: Settings, seeds: Sequence[int]
) -> FloatArray:
    """Returns responses until the exact gain reaches the goal within `max_kl`, float64 (S,); inf: never."""
    history = learn(table, arm, steps=int(settings["steps"]), seeds=list(seeds))
    reached = (history.gains >= goal) & (history.kls <= float(settings["max_kl"]))
    first = reached.argmax(axis=1) * arm.batch_size
    return np.where(reached.any(axis=1), first, np.inf)


def invariance(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields where learners end in the game of two words, at equal divergence from the reference.

    Args:
        settings: `designs`, `kls` in nats.
        seed: Nothing is drawn.
    """
    del seed
    payments = pay_responses(TWO_WORDS, {name: load_design(name) for name in settings["designs"]})
    sizes = TWO_WORDS.sizes
    for design, rewards in payments.rewards.items():
        for kl in settings["kls"]:
            policy = soft_optimal(rewards, sizes, beta=tune_beta(rewards, sizes, kl=kl)).probabilities
            after_not = policy.reshape(sizes)[0]
            yield {
                "record": "invariance",
                "design": design,
                "kl": kl,
                "gain": float(policy @ payments.gains),
                "good_after_not": float(after_not[0] / after_not.sum()),
            }


def _critic(
    rewards: FloatArray, rollouts: Rollouts, sizes: Sequence[int], quality: float
) -> tuple[FloatArray, float]:
    """Returns the values of a critic, and the share it explains of what can be known."""
    exact = exact_values(rewards, rollouts.probabilities, sizes)
    values = blend(exact, rollouts.probabilities, quality)
    return values, explained_share(exact, values, rollouts.probabilities)

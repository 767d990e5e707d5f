"""Cells of the study `tier0`: what designs are worth in the word game, by enumeration.

Settings of all: `words`, T, of 12 each; `kl_coef`, the KL coefficient; `batch_size`, responses to an update.
The goal is `share` of the way from the uniform policy's gain to the expected best of 64 of its responses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

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

from .game_critics import blend, exact_values, explained_share, measure_worth
from .game_learning import Arm, History, Table, kl_and_gradient, learn, softmax

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
    """Yields what each design is worth on the way to the goal, by lambda and critic, and where it leads.

    Two numbers of updates to the goal, but for a factor that all have: sums over the policies of
    1 / (progress |g|^2), g being the true gradient. `cost` is with the best step for each, progress as in
    `game_critics.Worth`; `small_step_cost` with one small step for all, where progress is the scale of the
    estimate and noise averages out.

    Args:
        settings: Those of the module docstring; `designs`, `lambdas`, `qualities`; `betas`, KL coefficients
            that a perfect learner's gain and divergence are told for.
        seed: Nothing is drawn.
    """
    del seed
    task = make_task(settings, settings["designs"])
    yield from _frontier(task, settings["betas"])
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
                scales = [worth.scale for worth in found]
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
                    "small_step_cost": float(np.sum(1.0 / (np.array(scales) * np.array(lengths)))),
                }


def ascend(task: Task, *, kl_coef: float) -> Iterator[Rollouts]:
    """Yields `LEVELS` policies on the exact ascent from the uniform one to the goal.

    Raises:
        ValueError: If the goal is never reached at this KL coefficient.
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
    """Yields how many responses learners take to the goal, and the divergence that they get there with.

    Args:
        settings: Those of the module docstring; `design`, `lambdas`, `qualities`, `learning_rates`, `steps`,
            `learners`, `max_kl`.
        seed: Of the first learner; the others follow.
    """
    design = str(settings["design"])
    task = make_task(settings, [design])
    loaded = load_design(design)
    causal = loaded.causal and loaded.conserving and not loaded.draws
    table = Table(task.gains, task.rewards[design], causal)
    batch_size, steps = int(settings["batch_size"]), int(settings["steps"])
    seeds = range(seed, seed + int(settings["learners"]))
    for lam, quality, rate in product(*(settings[key] for key in ("lambdas", "qualities", "learning_rates"))):
        arm = Arm(lam, quality, rate, batch_size, float(settings["kl_coef"]))
        history = learn(table, arm, steps=steps, seeds=seeds)
        yield {
            "record": "game_runs",
            "design": design,
            "lam": lam,
            "quality": quality,
            "learning_rate": rate,
            "horizon": steps * batch_size,
            "max_kl": float(settings["max_kl"]),
            **_arrivals(history, task.goal, float(settings["max_kl"]), batch_size),
        }


def _arrivals(history: History, goal: float, max_kl: float, batch_size: int) -> Record:
    """Returns when learners reach the goal, if ever, and what they have paid for it.

    `episodes`: responses until the exact gain first reaches the goal, with `kls`, the divergence then;
    `episodes_within`: until it does so within `max_kl`. None: never.
    """
    there = history.gains >= goal  # (S, steps + 1)
    first, within = _first(there), _first(there & (history.kls <= max_kl))
    return {
        "episodes": [None if i is None else i * batch_size for i in first],
        "kls": [None if i is None else float(kls[i]) for i, kls in zip(first, history.kls, strict=True)],
        "episodes_within": [None if i is None else i * batch_size for i in within],
    }


def _first(there: npt.NDArray[np.bool_]) -> list[int | None]:
    """Returns the first step of each learner at which something holds."""
    steps: list[int] = there.argmax(axis=1).tolist()
    return [i if row.any() else None for i, row in zip(steps, there, strict=True)]


def _frontier(task: Task, betas: Sequence[float]) -> Iterator[Record]:
    """Yields gain and divergence of the best policy at each KL coefficient, if any policy may be had.

    It is no bigram: it has a distribution of its own for each prefix, and is best at every word for the
    design's reward-to-go (`rlsf_gym.word_game.soft_optimal`).
    """
    for design, rewards in task.rewards.items():
        for beta in betas:
            policy = soft_optimal(rewards, task.game.sizes, beta=beta)
            gain = float(policy.probabilities @ task.gains)
            yield {"record": "frontier", "design": design, "beta": beta, "kl": policy.kl, "gain": gain}


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

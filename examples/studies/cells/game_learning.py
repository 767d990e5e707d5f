"""Learners in the word game: S at a time, whose progress is known exactly while they learn from samples.

A learner is a bigram softmax policy, updated by plain gradient ascent on batches of sampled responses. The
reward's share of the gradient is estimated from the samples, with advantages from a design's rewards and a
critic of given quality; the share of the KL price is exact in all arms, so that arms differ in credit alone.

S learners, B responses of a batch, T words of V, N = V^T responses in lexicographic order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.word_game import gae

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Table(NamedTuple):
    """What all responses of a game are worth, and what a design pays for them."""

    gains: FloatArray
    """float64 (N,)."""
    rewards: FloatArray
    """float64 (N, T)."""
    causal: bool
    """Whether the design is causal, conserving and draws nothing: one expectation serves all positions."""

    @property
    def length(self) -> int:
        """T."""
        return self.rewards.shape[1]

    @property
    def size(self) -> int:
        """V."""
        return round(len(self.gains) ** (1.0 / self.length))


class Arm(NamedTuple):
    """How an arm learns."""

    lam: float
    """lambda of the advantages."""
    quality: float
    """q of the critic, q V* + (1 - q) m: of the design's own reward-to-go, for the policy as it is now."""
    learning_rate: float
    batch_size: int
    kl_coef: float
    """KL coefficient: weight of the KL to the uniform policy."""


class Knowledge(NamedTuple):
    """What can be known of the policies' returns."""

    gains: FloatArray
    """float64 (S,), expected utility gains."""
    values: list[FloatArray]
    """V* for t = 0 .. T - 1, each float64 (S, V^t): the expected reward-to-go after each prefix."""
    means: FloatArray
    """float64 (S, T): m, its mean at the position."""


class History(NamedTuple):
    """The policies before each update, and after the last."""

    gains: FloatArray
    """float64 (S, steps + 1), exact expected utility gains."""
    kls: FloatArray
    """float64 (S, steps + 1), exact KL to the uniform policy, nats per response."""
    logits: FloatArray
    """float64 (S, V + 1, V), of the last policies."""


def softmax(logits: FloatArray) -> FloatArray:
    """Returns the policies, float64 (S, V + 1, V)."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def expect(policy: FloatArray, columns: FloatArray, length: int) -> list[FloatArray]:
    """Returns E[columns | y_{<t}] for t = 0 .. T - 1, each float64 (S, V^t, C), by backward recursion.

    Args:
        policy: float64 (S, V + 1, V).
        columns: float64 (N, C), C quantities of a response.
        length: T.
    """
    learners, states, size = policy.shape
    count = columns.shape[-1]
    given: list[FloatArray] = []
    after = columns.reshape(1, -1, count)
    for t in range(length - 1, -1, -1):
        if t:  # (prefixes of t - 1 words, last word, next word, C), the last word being the state
            branches = after.reshape(len(after), -1, size, size, count)
            by_state = branches.transpose(2, 0, 3, 1, 4).reshape(size, len(after), size, -1)
            rows = policy[:, :size].transpose(1, 0, 2)[:, :, None, :]  # (V, S, 1, V)
            means = _over_words(rows, by_state)  # (V, S, prefixes * C)
            after = means.reshape(size, learners, -1, count).transpose(1, 2, 0, 3)
            after = after.reshape(learners, -1, count)
        else:
            after = policy[:, states - 1, None, :] @ after.reshape(len(after), size, count)
        given.append(after)
    return given[::-1]


def _over_words(rows: FloatArray, values: FloatArray) -> FloatArray:
    """Returns sum over a of pi(a | s) values, float64 (V, S, M).

    Args:
        rows: float64 (V, S, 1, V).
        values: float64 (V, S or 1, V, M); with 1, a matrix product for each state serves all learners.
    """
    if values.shape[1] == 1:
        return rows[:, :, 0] @ values[:, 0]
    return (rows @ values)[:, :, 0]


def kl_and_gradient(policy: FloatArray, length: int) -> tuple[FloatArray, FloatArray]:
    """Returns KL(policy, uniform) of responses, float64 (S,), and its gradient in the logits (S, V + 1, V).

    With d_t(s) the probability of state s before word t and K_t(s) the KL from there on, the gradient is
    sum_t d_t(s) pi(a | s) (log(V pi(a | s)) + K_{t+1}(a) - K_t(s)).

    Args:
        policy: float64 (S, V + 1, V).
        length: T.
    """
    learners, states, size = policy.shape
    ratios = np.log(np.maximum(policy, 1e-300) * size)
    visits = np.zeros((length, learners, states))
    visits[0, :, -1] = 1.0
    for t in range(1, length):
        visits[t, :, :size] = (visits[t - 1, :, :, None] * policy).sum(axis=1)
    ahead = np.zeros((learners, states))  # K_{t+1}
    gradient = np.zeros_like(policy)
    for t in range(length - 1, -1, -1):
        costs = ratios + ahead[:, None, :size]
        ahead = (policy * costs).sum(axis=2)
        gradient += visits[t, :, :, None] * policy * (costs - ahead[:, :, None])
    return ahead[:, -1], gradient


def know(policy: FloatArray, table: Table) -> Knowledge:
    """Returns the expected gains of policies, and the values of the design's rewards.

    Args:
        policy: float64 (S, V + 1, V).
        table: The game under the design.
    """
    length, size = table.length, table.size
    to_go = table.rewards[:, ::-1].cumsum(axis=1)[:, ::-1]
    if not table.causal:
        given = expect(policy, np.concatenate([to_go, table.gains[:, None]], axis=1), length)
        values = [given[t][:, :, t] for t in range(length)]
        return Knowledge(given[0][:, 0, -1], values, given[0][:, 0, :-1])
    given = expect(policy, table.gains[:, None], length)
    paid = table.gains[:, None] - to_go  # (N, T), what the prefix was paid
    values = [given[t][:, :, 0] - paid[:: size ** (length - t), t] for t in range(length)]
    means = [
        (chance * value).sum(axis=1) for chance, value in zip(prefixes(policy, length), values, strict=True)
    ]
    return Knowledge(given[0][:, 0, 0], values, np.stack(means, axis=1))


def prefixes(policy: FloatArray, length: int) -> list[FloatArray]:
    """Returns the probabilities of all prefixes of t = 0 .. T - 1 words, each float64 (S, V^t)."""
    learners, states, _ = policy.shape
    chances = [np.ones((learners, 1))]
    rows = policy[:, -1:]  # (S, states after the prefix, V)
    for _ in range(length - 1):
        before = chances[-1].reshape(learners, -1, rows.shape[1])
        chances.append((before[..., None] * rows[:, None]).reshape(learners, -1))
        rows = policy[:, : states - 1]
    return chances


def learn(table: Table, arm: Arm, *, steps: int, seeds: Sequence[int]) -> History:
    """Returns how learners that start from the uniform policy get on.

    Learner i draws from a generator of its own seed: it sees the same uniform numbers in every arm.

    Args:
        table: The game under a design.
        arm: How they learn.
        steps: Number of updates.
        seeds: S seeds.
    """
    length, size = table.length, table.size
    draws = np.stack(
        [np.random.default_rng(seed).random((steps, arm.batch_size, length)) for seed in seeds], axis=1
    )  # (steps, S, B, T)
    logits = np.zeros((len(seeds), size + 1, size))
    gains, kls = (np.empty((len(seeds), steps + 1)) for _ in range(2))
    for step in range(steps + 1):
        policy = softmax(logits)
        known = know(policy, table)
        gains[:, step] = known.gains
        kls[:, step], price = kl_and_gradient(policy, length)
        if step < steps:
            words = sample(policy, draws[step])
            gradient = _estimate(policy, words, known, table.rewards, arm) - arm.kl_coef * price
            logits = logits + arm.learning_rate * gradient
    return History(gains, kls, logits)


def sample(policy: FloatArray, uniforms: FloatArray) -> IntArray:
    """Returns responses, int64 (S, B, T), by inverse cumulative probabilities.

    Args:
        policy: float64 (S, V + 1, V).
        uniforms: float64 (S, B, T), in [0, 1).
    """
    size = policy.shape[2]
    cumulative = policy.cumsum(axis=2)[:, :, :-1]  # (S, V + 1, V - 1): what is left is the last word's
    learners = np.arange(len(policy))[:, None]
    states = np.full(uniforms.shape[:2], size)
    words = np.empty(uniforms.shape, np.int64)
    for t in range(uniforms.shape[2]):
        states = (uniforms[:, :, t, None] >= cumulative[learners, states]).sum(axis=2)
        words[:, :, t] = states
    return words


def _estimate(
    policy: FloatArray, words: IntArray, known: Knowledge, rewards: FloatArray, arm: Arm
) -> FloatArray:
    """Returns the mean over a batch of sum_t A_t g_t, float64 (S, V + 1, V)."""
    learners, batch, length = words.shape
    size = policy.shape[2]
    states = np.concatenate([np.full((learners, batch, 1), size), words[:, :, :-1]], axis=2)
    place = np.zeros((learners, batch), np.int64)  # of the prefix among those of its length
    values = np.empty(words.shape)
    rows = np.arange(learners)[:, None]
    for t in range(length):
        mean = known.means[:, t, None]  # (S, 1)
        values[:, :, t] = arm.quality * known.values[t][rows, place] + (1.0 - arm.quality) * mean
        place = place * size + words[:, :, t]
    paid = rewards[place].reshape(-1, length)
    advantages = gae(paid, values.reshape(-1, length), arm.lam)
    places = (rows[:, :, None] * (size + 1) + states) * size + words  # in (S, V + 1, V)
    sums = np.bincount(places.ravel(), advantages.ravel(), minlength=policy.size).reshape(policy.shape)
    return (sums - policy * sums.sum(axis=2, keepdims=True)) / batch

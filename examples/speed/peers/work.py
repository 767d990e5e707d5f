"""The work that every learner of the benchmark does: sizes, prompts and the reward.

Runs inside a peer's environment as well as outside, so it needs nothing but Python.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Work:
    """One iteration: responses of exactly `response_length` tokens, then epochs of minibatches."""

    layers: int
    width: int
    heads: int
    vocab: int
    batch: int
    minibatch: int
    epochs: int = 4
    shortest_prompt: int = 2
    longest_prompt: int = 8
    response_length: int = 16
    learning_rate: float = 1e-5

    @property
    def end(self) -> int:
        """Id of the end token, which is never sampled."""
        return self.vocab - 1

    @property
    def padding(self) -> int:
        """Id that stands in padding."""
        return self.vocab - 2

    @property
    def steps(self) -> int:
        """Optimiser steps of an iteration."""
        return self.epochs * self.batch // self.minibatch


QUICK = "tiny-tiny"
WORKS = {
    QUICK: Work(layers=2, width=32, heads=2, vocab=64, batch=8, minibatch=4),
    "tiny": Work(layers=4, width=256, heads=4, vocab=8192, batch=128, minibatch=32),
    "gpt2": Work(layers=12, width=768, heads=12, vocab=50257, batch=32, minibatch=32),
}


def read_work(text: str) -> Work:
    """Returns the work of a name, with sizes changed where the name says so, as in `tiny:batch=256`."""
    name, *changes = text.split(":")
    sizes = {key: int(size) for key, _, size in (change.partition("=") for change in changes)}
    return replace(WORKS[name], **sizes)


def prompt_lengths(work: Work, number: int) -> list[int]:
    """Returns the lengths of prompts, spread evenly; the same in every iteration."""
    spread = work.longest_prompt - work.shortest_prompt + 1
    return [work.shortest_prompt + row % spread for row in range(number)]


def draw_prompts(work: Work, number: int, seed: int) -> list[list[int]]:
    """Returns prompts of random tokens; the same for every learner that asks with the same seed."""
    rng = random.Random(seed)
    return [[rng.randrange(work.padding) for _ in range(length)] for length in prompt_lengths(work, number)]


def rewards_of(number: int) -> list[float]:
    """Returns one number for each response, whatever it says; they differ, so that advantages do."""
    return [float(row % 2) for row in range(number)]

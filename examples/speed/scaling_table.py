"""Memory and time of an iteration by size of model and number of GPUs, from a formula, as a Markdown table.

    python examples/speed/scaling_table.py

Symbols: N weights in all, of which M in matrices of the trunk; L layers of width H, F inside the feed-forward
part, K the width of the keys; V tokens; W GPUs; B responses an iteration of T tokens after prompts of P,
S = P + T; m responses a minibatch, b a forward pass, e epochs. Bytes on one GPU, everything in float32:

    states        4 N weights + 4 N gradients + 8 N moments of Adam + 4 N reference
    activations   4 b S L a, with a the numbers kept of a token in a layer: 8 H + 2 F for GPT-2,
                  8 H + 2 K + 4 F for Llama; with gradient checkpointing 4 b S (L H + a)
    logits        4 V (b T + H): one table at response positions alone, which becomes its own gradient, and
                  the head's gradient before it is added to the embedding's
    playing       4 V max(1536, 3 B / W) + 4 (B / W) (2 L K S + T H): six tables of 256 positions for the
                  exact divergence, or three of one step of decoding; keys and values; last hidden states
    total         states + max(activations + logits, playing)

With FSDP the states would be divided by W. Seconds of an iteration, with s = e B / m optimiser steps:

    operations    (2 + 3 e) B (S (2 M + 2 L H S) + 2 T H V) / (W rate); 2 + 4 e with gradient checkpointing
    decoding      4 N T / memory bandwidth: each new token reads all weights, however few the responses
    optimiser     28 N s / memory bandwidth: weights, gradients and moments read, weights and moments written
    gradients     s 2 (W - 1) / W 4 N / link bandwidth: one all-reduce in a ring per step; nothing hides it

What scoring the text takes is the environment's, and is not in it.
"""

from __future__ import annotations

from typing import NamedTuple

GIGA = 1e9
POSITIONS = 256
"""Positions whose divergences are computed at once."""


class Model(NamedTuple):
    """A language model's sizes."""

    name: str
    layers: int
    width: int
    inner: int
    """F."""
    keys: int
    """K."""
    vocab: int
    positions: int
    """Rows of a table of learned positions; 0: it has none, and is of Llama's kind."""
    tied: bool
    """Whether the head's weights are those of the embedding."""

    @property
    def trunk_weights(self) -> int:
        """M, the weights of the layers' matrices."""
        matrices = 2 if self.positions else 3
        attention = 2 * self.width * self.width + 2 * self.width * self.keys
        return self.layers * (attention + matrices * self.width * self.inner)

    @property
    def weights(self) -> int:
        """N, all weights: matrices, biases, norms, embeddings and head."""
        table = self.vocab * self.width
        if self.positions:
            small = self.layers * (7 * self.width + 2 * self.keys + self.inner) + 2 * self.width
        else:
            small = (2 * self.layers + 1) * self.width
        embeddings = table + self.positions * self.width
        return self.trunk_weights + small + embeddings + (0 if self.tied else table)

    @property
    def kept_of_a_token(self) -> int:
        """Numbers that one layer keeps of one token for the backward pass."""
        if self.positions:
            return 8 * self.width + 2 * self.inner
        return 8 * self.width + 2 * self.keys + 4 * self.inner


class Work(NamedTuple):
    """What an iteration plays and learns."""

    episodes: int
    """B."""
    minibatch: int
    """m."""
    rows: int
    """b."""
    prompt: int
    """P."""
    response: int
    """T."""
    epochs: int


class Machine(NamedTuple):
    """What one GPU does in a second."""

    operations: float
    memory: float
    """Bytes that it reads or writes."""
    link: float
    """Bytes that it sends to another of the same machine."""
    network: float
    """Bytes that all GPUs of a machine together send to another."""
    gpus: int
    """Of one machine."""


class Memory(NamedTuple):
    """Bytes on one GPU."""

    states: float
    activations: float
    logits: float
    playing: float

    @property
    def total(self) -> float:
        """The most at one time."""
        return self.states + max(self.activations + self.logits, self.playing)


class Seconds(NamedTuple):
    """Seconds of one iteration."""

    operations: float
    decoding: float
    optimiser: float
    gradients: float


MODELS = (
    Model("GPT-2 124M", 12, 768, 3_072, 768, 50_257, 1_024, tied=True),
    Model("GPT-2 355M", 24, 1_024, 4_096, 1_024, 50_257, 1_024, tied=True),
    Model("GPT-2 1.5B", 48, 1_600, 6_400, 1_600, 50_257, 1_024, tied=True),
    Model("Llama 1B", 16, 2_048, 8_192, 512, 128_256, 0, tied=True),
    Model("Llama 7B", 32, 4_096, 11_008, 4_096, 32_000, 0, tied=False),
)
WORK = Work(episodes=512, minibatch=128, rows=2, prompt=16, response=48, epochs=4)
H100 = Machine(operations=400e12, memory=3.35e12, link=300e9, network=200e9, gpus=8)
"""Assumptions, none of them measured here: bfloat16 products at two fifths of the data sheet's 989e12,
its memory bandwidth, two thirds of NVLink's 450e9 one way, half of a machine's 8 network cards of 50e9."""
COUNTS = (1, 8, 64)


def memory(
    model: Model, work: Work, gpus: int, *, checkpointing: bool = False, spread: bool = False
) -> Memory:
    """Returns the bytes on each of `gpus` GPUs; with `spread`, states are divided among them (FSDP)."""
    tokens = work.prompt + work.response
    kept = model.layers * model.kept_of_a_token
    if checkpointing:
        kept = model.layers * model.width + model.kept_of_a_token
    cache = 2 * model.layers * model.keys * tokens
    share = work.episodes / gpus
    return Memory(
        states=20 * model.weights / (gpus if spread else 1),
        activations=4 * work.rows * tokens * kept,
        logits=4 * model.vocab * (work.rows * work.response + model.width),
        playing=4 * model.vocab * max(6 * POSITIONS, 3 * share)
        + 4 * share * (cache + work.response * model.width),
    )


def seconds(model: Model, work: Work, gpus: int, machine: Machine, *, checkpointing: bool = False) -> Seconds:
    """Returns the seconds of one iteration on `gpus` GPUs."""
    tokens = work.prompt + work.response
    trunk = tokens * (2 * model.trunk_weights + 2 * model.layers * model.width * tokens)
    forward = work.episodes * (trunk + 2 * work.response * model.width * model.vocab)
    passes = 2 + (4 if checkpointing else 3) * work.epochs
    steps = work.epochs * work.episodes // work.minibatch
    link = machine.link if gpus <= machine.gpus else machine.network
    return Seconds(
        operations=passes * forward / (gpus * machine.operations),
        decoding=4 * model.weights * work.response / machine.memory,
        optimiser=28 * model.weights * steps / machine.memory,
        gradients=steps * 2 * (gpus - 1) / gpus * 4 * model.weights / link,
    )


def table() -> list[str]:
    """Returns the lines of the table."""
    lines = [
        "| model | GPUs | states GB | in all GB | with checkpointing GB | states spread GB | operations s "
        "| decoding s | optimiser s | gradients s | episodes/s |",
        "| --- |" + " --- |" * 10,
    ]
    return lines + [_row(model, gpus) for model in MODELS for gpus in COUNTS]


def _row(model: Model, gpus: int) -> str:
    plain = memory(model, WORK, gpus)
    saving = memory(model, WORK, gpus, checkpointing=True)
    spread = memory(model, WORK, gpus, spread=True)
    times = seconds(model, WORK, gpus, H100)
    sizes = (plain.states, plain.total, saving.total, spread.states)
    cells = [f"{size / GIGA:.1f}" for size in sizes] + [f"{time:.2f}" for time in times]
    return f"| {model.name} | {gpus} | {' | '.join(cells)} | {WORK.episodes / sum(times):,.0f} |"


if __name__ == "__main__":
    print("\n".join(table()))

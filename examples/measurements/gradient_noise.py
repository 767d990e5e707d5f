"""Measures where a batch's gradient points, and how noisy it is, of several learners on the same rollouts.

    python examples/measurements/gradient_noise.py                               (six minutes, 2 GB)
    python examples/measurements/gradient_noise.py --batches 4 --iterations 0    (half a minute)

The bundled policy writes batches of 32 responses of 16 tokens in the domain of sentiment, as it is and after
some iterations of learning. Of each batch come the gradients that learners take before their first step: from
the reward at the end, from the rewards of `potential`, which are the same with another critic, and from what
every next token would have earned. What is right is the gradient of `potential` at lambda 1, which no error
of a critic biases; `gradient_moments.py` has cosine and noise over batches, with their standard errors.

A learner's critic knows nothing at the start. Later every learner's value head is fitted to its own targets,
by least squares, on batches that are not measured: none has learned longer than another.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor

from agents import TokenPPO, TokenPPOConfig
from agents.flags.flag import count
from agents.flags.parser import Parser
from agents.learners.update import accumulate_gradients, score_batch
from agents.maths.losses import explained_variance
from agents.maths.returns import last_token_mask
from agents.maths.tensors import Rollout
from agents.rollouts.play import play
from agents.runs.printable import one_line
from examples.measurements.gradient_moments import Products, Told, alignment, cosine, jackknife, noise

PLAYED_APART = 1 << 20
"""Added to the number of an iteration: prompts of measured batches are not those of learning."""
FITTED_APART = 1 << 21
"""The same for batches that value heads are fitted to."""
RIDGE = 1e-3
"""Of the least squares, over the mean square of a hidden unit."""

Record = dict[str, Any]


class Arm(NamedTuple):
    """A way to learn from a batch."""

    name: str
    settings: Mapping[str, Any]
    """Settings of `TokenPPO`."""
    at_end: bool = False
    """Whether all of the reward is paid at the last token."""


class Measured(NamedTuple):
    """Batches of a policy that learns no further."""

    rollouts: Sequence[Rollout]
    hidden: Sequence[Tensor]
    """Hidden states before the real tokens of each, (N, H) float32."""


def end(lam: float, **settings: Any) -> Arm:
    """Returns the arm of the reward at the end, whose critic may begin with what the scorer knows."""
    offset = settings.get("critic_offset", 0.0)
    name = "`terminal`" + (f", `critic_offset` {offset:g}" if offset else "")
    return Arm(name, {"lam": lam, **settings}, at_end=True)


def every_token(lam: float, **settings: Any) -> Arm:
    """Returns the arm of what every next token would have earned."""
    name = "every next token" + (f", `future` {settings['future']:g}" if settings else "")
    return Arm(name, {"lam": lam, "candidates": "exact", **settings})


RIGHT = Arm("`potential`", {"lam": 1.0})
ARMS = (
    *(end(lam) for lam in (1.0, 0.95)),
    *(end(0.95, critic_offset=offset) for offset in (0.5, 1.0)),
    RIGHT,
    *(RIGHT._replace(settings={"lam": lam}) for lam in (0.95, 0.5, 0.0)),
    *(every_token(lam) for lam in (1.0, 0.95, 0.5, 0.0)),
    every_token(0.5, future=0.5),
    every_token(0.0, future=0.0),
)


def make_agent(seed: int, *, batch_size: int = 32, tokens: int = 16) -> TokenPPO:
    """Returns the learner that learns and plays; it is sent what next tokens would earn, and does not ask."""
    config = TokenPPOConfig(
        seed=seed,
        batch_size=batch_size,
        minibatch_size=batch_size,
        lr_schedule="constant",
        lam=0.95,
        candidates="off",
    )
    env = gym.make_vec(
        "rlsf_gym:rlsf_gym/Sentiment-v0",
        num_envs=batch_size,
        max_new_tokens=tokens,
        split="train",
        boundary="open",
        candidates=True,
        prefix_values=True,
    )
    return TokenPPO("bundled", env, config)


def view(agent: TokenPPO, **settings: Any) -> TokenPPO:
    """Returns the learner with other settings, and the same policy."""
    other = copy.copy(agent)
    other.config = dataclasses.replace(agent.config, **settings)
    return other


def measure(agent: TokenPPO, iterations: int, batches: int, arms: Sequence[Arm]) -> Iterator[Record]:
    """Yields what the gradients of each arm are, after a number of iterations.

    Args:
        agent: Learns until it has done so many.
        iterations: Not fewer than it has done.
        batches: Number of batches that gradients are of, three or more.
        arms: Measured one after another.
    """
    if iterations > agent.iteration:
        agent.learn(iterations * agent.config.batch_size)
    measured = play_batches(agent, batches, PLAYED_APART)
    fitted = play_batches(agent, batches, FITTED_APART) if iterations else None
    scores = torch.cat([rollout.scores.sum(-1) for rollout in measured.rollouts])
    kl = torch.cat([rollout.kl.sum(-1) for rollout in measured.rollouts])
    right = gradients_of(agent, RIGHT, measured, fitted)
    for arm in arms:
        found, explained = right if arm == RIGHT else gradients_of(agent, arm, measured, fitted)
        products = Products(
            *(multiply(a, b) for a, b in ((found, found), (found, right[0]), (right[0], right[0])))
        )
        yield {
            "iterations": iterations,
            "score": float(scores.mean()),
            "kl": float(kl.mean()),
            "arm": arm.name,
            "settings": dict(arm.settings),
            "explained": explained,
            **{
                statistic.__name__: jackknife(statistic, products)._asdict()
                for statistic in (cosine, noise, alignment)
            },
        }


def play_batches(agent: TokenPPO, batches: int, apart: int) -> Measured:
    """Returns batches of the policy as it is, with prompts and draws of their own.

    Args:
        agent: Plays; is left as it was.
        batches: Their number.
        apart: Number of the first iteration that they are played as.
    """
    seen: list[Tensor] = []
    config = view(agent, candidates="exact").config
    generator = torch.Generator().manual_seed(apart + agent.config.seed)
    rollouts = [
        play(agent.player, config, iteration=apart + number, generator=generator).rollout
        for number in range(batches)
    ]
    hook = agent.policy.value_head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        for rollout in rollouts:
            agent.policy.score(rollout.tokens, rollout.attention_mask, rollout.scores.shape[1])
    hook.remove()
    return Measured(rollouts, seen)


def gradients_of(
    agent: TokenPPO, arm: Arm, measured: Measured, fitted: Measured | None
) -> tuple[Tensor, float]:
    """Returns an arm's gradient on each batch, (batches, parameters) float32, and what its critic explains.

    Args:
        agent: Its policy is scored; its gradients are cleared, and nothing else is changed.
        arm: What is done with the batches.
        measured: The batches.
        fitted: Batches to fit the arm's value head to; None: it says 0.
    """
    learner, target = view(agent, vf_coef=0.0, **arm.settings), view(agent, lam_critic=1.0, **arm.settings)
    read = paid_at_end if arm.at_end else as_paid
    critic = silent if fitted is None else fit(target, [read(x) for x in fitted.rollouts], fitted.hidden)
    found: list[Tensor] = []
    kept: list[tuple[Tensor, Tensor, Tensor]] = []
    for rollout, hidden in zip(measured.rollouts, measured.hidden, strict=True):
        values = torch.zeros_like(rollout.scores)
        values[rollout.response_mask] = critic(hidden)
        judged = read(rollout)._replace(values=values)
        batch = target.prepare(judged)
        assert batch.returns is not None
        kept.append((batch.values, batch.returns, batch.response_mask))
        found.append(gradient_of(learner, judged))
    values, returns, mask = (torch.cat(column) for column in zip(*kept, strict=True))
    return torch.stack(found), explained_variance(values, returns, mask)


def gradient_of(learner: TokenPPO, rollout: Rollout) -> Tensor:
    """Returns the gradient of the policy's loss on a batch before any step, (parameters,) float32."""
    batch, parameters = learner.prepare(rollout), list(learner.policy.backbone.parameters())
    learner.policy.zero_grad()
    accumulate_gradients(
        learner.policy,
        batch,
        torch.arange(len(rollout.tokens)),
        learner.config,
        score=partial(score_batch, reference=learner.reference),
        loss=learner.loss,
        denominator=float(rollout.response_mask.sum()),
    )
    found = torch.cat([p.grad.reshape(-1) for p in parameters if p.grad is not None])
    learner.policy.zero_grad()
    return found


def as_paid(rollout: Rollout) -> Rollout:
    """Returns the rollout as it is."""
    return rollout


def paid_at_end(rollout: Rollout) -> Rollout:
    """Returns the rollout with all of each response's reward at its last token."""
    last = last_token_mask(rollout.response_mask)
    return rollout._replace(scores=last * rollout.scores.sum(-1, keepdim=True))


def silent(hidden: Tensor) -> Tensor:
    """Returns the values of a head that has learned nothing, 0, (N,) float32."""
    return hidden.new_zeros(len(hidden))


def fit(
    learner: TokenPPO, rollouts: Sequence[Rollout], hidden: Sequence[Tensor]
) -> Callable[[Tensor], Tensor]:
    """Returns the head that fits a learner's targets at lambda 1 best, from hidden states (N, H) to (N,).

    Args:
        learner: Whose `lam_critic` is 1, so that targets hold no values.
        rollouts: Batches.
        hidden: Hidden states before their real tokens.
    """
    targets: list[Tensor] = []
    for rollout in rollouts:
        batch = learner.prepare(rollout._replace(values=torch.zeros_like(rollout.scores)))
        assert batch.returns is not None
        known = 0.0 if batch.offsets is None else batch.offsets
        targets.append((batch.returns - known)[rollout.response_mask])
    x, y = torch.cat(list(hidden)).double(), torch.cat(targets).double()
    centre, mean = x.mean(0), y.mean()
    x = x - centre
    moments = x.T @ x / len(x)  # (H, H) float64
    ridge = RIDGE * moments.diagonal().mean() * torch.eye(len(moments), dtype=x.dtype)
    weights = torch.linalg.solve(moments + ridge, x.T @ (y - mean) / len(x))

    def values(states: Tensor) -> Tensor:
        return ((states.double() - centre) @ weights + mean).float()

    return values


def multiply(one: Tensor, other: Tensor) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Returns the products of the rows of two, (N, N) float64."""
    return (one @ other.T).double().numpy()


def table(records: Sequence[Record]) -> str:
    """Returns what was measured as tables of Markdown, one for each state of the policy."""
    lines: list[str] = []
    for iterations in dict.fromkeys(row["iterations"] for row in records):
        rows = [row for row in records if row["iterations"] == iterations]
        first = rows[0]
        lines += [
            f"After {iterations} iterations: score {first['score']:.2f}, {first['kl']:.1f} nats.",
            "",
            "| learner | lambda | explained | cosine | noise | alignment |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        for row in rows:
            told = (
                _told(row[key], digits) for key, digits in (("cosine", 3), ("noise", 1), ("alignment", 3))
            )
            cells = (row["arm"], f"{row['settings']['lam']:g}", f"{row['explained']:.2f}", *told)
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _told(record: Mapping[str, float], digits: int) -> str:
    told = Told(**record)
    known = np.isfinite(told).all()
    return f"{told.value:.{digits}f} ({told.error:.{digits}f})" if known else "not told"


def main(argv: Sequence[str] | None = None) -> int:
    """Measures every state, prints the tables and keeps the records; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=count, default=40, help="of each state, at least 3 (default: 40)")
    parser.add_argument("--iterations", type=int, nargs="+", default=[0, 6], help="rising (default: 0 6)")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn (default: 0)")
    parser.add_argument("--out", type=Path, help="JSON file of the records (default: none)")
    options = parser.parse_args(argv)
    if options.batches < 3 or sorted(options.iterations) != options.iterations or options.iterations[0] < 0:
        parser.error("--batches: expected 3 or more, and --iterations rising from 0 or more")
    torch.set_num_threads(1)
    try:
        agent = make_agent(options.seed)
        records = [
            row for number in options.iterations for row in measure(agent, number, options.batches, ARMS)
        ]
        if options.out is not None:
            options.out.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    except (ValueError, OSError) as error:
        print("error: " + one_line(error), file=sys.stderr)
        return 1
    print(table(records))
    return 0


if __name__ == "__main__":
    sys.exit(main())

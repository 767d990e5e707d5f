"""Evaluates a policy on an environment: one row of numbers per episode, and the one row that sums them up.

Rows hold numbers and token ids. The texts of an episode stay in its `info`, unread. Prompts and samples
follow from the seed alone, so two policies that are evaluated with one seed get the same prompts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.rollouts.standings import KEYS, rank_tokens
from agents.stats.measures import evaluated, summarise_rows

if TYPE_CHECKING:
    from agents.parallel import Processes
    from agents.policies.policy import CausalLMPolicy
    from agents.rollouts.collect import Collected
    from agents.rollouts.player import Environment, IntArray

Row = dict[str, Any]


def evaluate(
    policy: CausalLMPolicy,
    env: Environment,
    *,
    episodes: int,
    reference: CausalLMPolicy,
    seed: int,
    response_length: int | tuple[int, int] | None = None,
    step_timeout: float | None = None,
    processes: Processes | None = None,
    ranked: int = 0,
) -> list[Row]:
    """Returns one row per episode, sampled as in training.

    | key | what |
    | --- | --- |
    | `score` | the scorer's value of prompt and response, where the environment reports it |
    | `utility` | the objective's value of that score, where the environment reports it |
    | `reward` | what the environment paid |
    | `judge` | the held-out judge's value, where the environment has one |
    | `judge_order` | that of a further judge, of word order, where the environment has one |
    | `solved` | 1 where the response solves its instance, 0 where not, where the environment knows it |
    | `kl` | sum over the tokens of KL(policy, reference) over the whole vocabulary, nats |
    | `nll` | negative log-likelihood of the response under the reference, nats |
    | `length` | tokens of the response, the end token included |
    | `tokens` | their ids |
    | `info` | the episode's info dict, without what other tokens would have earned |
    | `candidates` | its tokens ranked by that, where it was asked for and the environment tells |

    Args:
        policy: Is evaluated.
        env: A vector environment, for instance with held-out prompts; its reward design doesn't matter.
        episodes: Number of rows, at least 1.
        reference: The KL is measured from it, the likelihood is its own.
        seed: Fixes prompts, lengths and samples; no global generator is touched.
        response_length: Tokens of a response; a pair is a range to draw from; None is the environment's T.
        step_timeout: Seconds within which the environment has to answer; the process ends where it does not.
            None: it is waited for.
        processes: Evaluate together, each with its share of a round as `env`; all return all rows. None: this
            one alone.
        ranked: The tokens of the first response to each of so many prompts are ranked among all that could
            have been sampled.

    Raises:
        ValueError: If `episodes` or `response_length` is out of range, or the environment is not as
            `agents.rollouts.player` describes it.
    """
    # Summaries are read by those who compute nothing, and must not cost the seconds that torch takes.
    import torch

    from agents.parallel import ALONE
    from agents.rollouts.player import Player
    from agents.rollouts.shares import collect_shares

    if episodes < 1:
        raise ValueError(f"episodes must be at least 1, got {episodes}")
    player = Player(env, policy, reference, ALONE if processes is None else processes, step_timeout)
    shapes = player.shapes
    at_once = shapes.episodes * player.processes.count
    shortest, longest = _length_range(response_length, shapes.response_length)
    rng = np.random.default_rng([seed, 0])
    generator = torch.Generator().manual_seed(int(rng.integers(0, 2**31)))
    batches = -(-episodes // at_once)
    env_seeds: IntArray = rng.integers(0, 2**31, batches)  # (batches,) int64
    rows: list[Row] = []
    for env_seed in env_seeds.tolist():
        lengths: IntArray = rng.integers(shortest, longest + 1, at_once)  # (B,) int64
        asked: dict[str, Any] = {
            "seed": env_seed,
            "lengths": torch.as_tensor(lengths),
            "generator": generator,
        }
        rows.extend(_rows(collect_shares(player, **asked)))  # held by no name, as candidates are large
        _rank_rows(rows, ranked, shapes.vocab_size)
    return rows[:episodes]


def first_responses(rows: Iterable[Mapping[str, Any]], count: int) -> list[Mapping[str, Any]]:
    """Returns the rows of the first response to each of the first prompts.

    Args:
        rows: Rows from `evaluate`; where no prompt is known, each has one of its own.
        count: Number of prompts.
    """
    first: dict[Any, Mapping[str, Any]] = {}
    for number, row in enumerate(rows):
        if len(first) == count:
            break
        first.setdefault(row["info"].get("prompt", number), row)
    return list(first.values())


def summarise(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Returns the row that sums up others: a number for each measure of `agents.stats.measures` that it can.

    Means over episodes of their measures; numbers of all responses, such as
    `perplexity` under the reference, per token. None where something was not measured; `reward` stands in for
    `score` where the environment reports none, and optional measures are left out.

    Args:
        rows: From `evaluate`, at least one.
    """
    if not rows:
        raise ValueError("rows must hold at least one episode, got none")
    return summarise_rows(rows)


def _rank_rows(rows: Sequence[Row], ranked: int, vocab_size: int) -> None:
    """Ranks the tokens of first responses, and drops what others would have earned, which is large."""
    chosen = set(map(id, first_responses(rows, ranked)))
    for row in rows:
        if not KEYS & row["info"].keys():
            continue
        if id(row) in chosen:
            row["candidates"] = rank_tokens(row["info"], row["tokens"], vocab_size)
        row["info"] = {key: value for key, value in row["info"].items() if key not in KEYS}


def _rows(batch: Collected) -> Iterator[Row]:
    """Yields the row of each episode of a batch."""
    rollout = batch.rollout
    mask = rollout.response_mask.cpu().numpy()  # (B, T) bool
    tokens = rollout.tokens[:, rollout.prompt_length :].cpu().numpy()  # (B, T) int64
    kl = rollout.kl.double().sum(1).cpu().numpy()  # (B,) float64
    nll = -rollout.ref_logprobs.double().sum(1).cpu().numpy()  # (B,) float64
    keys = ("utility", "reward", *(measure.key for measure in evaluated() if measure.source == "info"))
    for b, info in enumerate(batch.episodes):
        row: Row = {key: float(info[key]) for key in keys if key in info}
        ids = tokens[b][mask[b]].tolist()
        yield {
            **row,
            "kl": float(kl[b]),
            "nll": float(nll[b]),
            "length": len(ids),
            "tokens": ids,
            "info": info,
        }


def _length_range(response_length: int | tuple[int, int] | None, longest: int) -> tuple[int, int]:
    if response_length is None:
        return longest, longest
    pair = (response_length, response_length) if isinstance(response_length, int) else response_length
    if not 1 <= pair[0] <= pair[1] <= longest:
        raise ValueError(
            f"response_length must lie within 1 and T = {longest}, in order, got {response_length}"
        )
    return pair

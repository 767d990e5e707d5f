"""Measures whether the words that a design credits are those that the score rests on (ERASER).

DeYoung et al. 2020 (arXiv 1911.03429), equations 1 and 2. With d the sign of the response's gain, words in
the order of d times their credit, and u the utility:

    comprehensiveness at k: d (u(all) - u(all but the first k)), the higher the better;
    sufficiency at k:       d (u(all) - u(the first k alone)), the lower the better;

averaged over k of 1, 5, 10, 20 and 50% of the words, rounded up (AOPC). Ours: an absent word is replaced in
place by a neutral one, which is what absence means to the designs too, and words of equal credit are put in
one random order, the same for all designs, so that a design that tells nothing apart orders at random. To a
scorer of rules such a text is as good as any other; the objection that erasure leads out of the domain, as it
does for neural scorers, does not apply. `shapley` and `leave_one_out` erase in the same way, so that this is
their home ground.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import torch

from agents import CausalLMPolicy
from agents.stats.intervals import Interval, bootstrap_interval
from examples.quickstart.word_credit import WordCredit, WordPayer
from rlsf_gym.designs import Design

FloatArray = npt.NDArray[np.float64]

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
_GAIN = 1e-9  # a smaller gain counts as no gain


class Erasures(NamedTuple):
    """What one response loses, at each of `SHARES`."""

    comprehensiveness: FloatArray
    """float64 (K,)."""
    sufficiency: FloatArray
    """float64 (K,)."""


class Faithfulness(NamedTuple):
    """What was measured, and on how much."""

    counts: dict[str, int]
    """Responses, those with a gain, and their words."""
    measures: dict[str, dict[str, Interval]]
    """By design: `comprehensiveness` and `sufficiency`, over the responses."""
    curves: dict[str, dict[str, list[float]]]
    """By design: the means of the two at each of `SHARES`."""


def sample_responses(count: int, tokens: int, seed: int) -> list[tuple[str, str]]:
    """Returns prompts of the environment with responses of the bundled policy."""
    env = gym.make_vec(
        "rlsf_gym:rlsf_gym/Sentiment-v0", num_envs=count, max_new_tokens=tokens, autoreset_mode="Disabled"
    )
    observation, opening = env.reset(seed=seed)
    policy = CausalLMPolicy.from_pretrained("bundled")
    generation = policy.generate(
        torch.as_tensor(observation["prompt_ids"]),
        torch.as_tensor(observation["prompt_mask"]).bool(),
        lengths=torch.full((count,), tokens),
        eos_token_id=int(opening["eos_token_id"][0]),
        generator=torch.Generator().manual_seed(seed),
    )
    actions = np.full((count, tokens), policy.vocab_size)
    actions[:, : generation.response_ids.shape[1]] = generation.response_ids.numpy()
    *_, infos = env.step(actions)
    return list(zip(opening["prompt"].tolist(), infos["response_text"].tolist(), strict=True))


def erase(paid: WordCredit, credit: FloatArray, ties: npt.NDArray[np.int64]) -> Erasures:
    """Returns what a response loses without its most credited words, and with nothing else.

    Args:
        paid: The response.
        credit: float64 (K,), of its words.
        ties: int64 (K,), a random order of the words.
    """
    evidence = paid.evidence
    sign = math.copysign(1.0, evidence.gain)
    order = ties[np.argsort(-sign * credit[ties], kind="stable")].tolist()
    sizes = [math.ceil(share * len(order)) for share in SHARES]
    utilities = evidence.hindsight.utilities_without(
        [order[:size] for size in sizes] + [order[size:] for size in sizes]
    )
    lost = sign * (evidence.utility - utilities)
    return Erasures(lost[: len(sizes)], lost[len(sizes) :])


def measure(
    responses: Iterable[tuple[str, str]], designs: Mapping[str, Design], *, resamples: int, seed: int = 0
) -> Faithfulness:
    """Returns how faithful each design's credit is, over the responses that change the utility."""
    payer, rng = WordPayer(designs), np.random.default_rng(seed)
    asked = [(prompt, text) for prompt, text in responses if text.strip()]
    paid = [one for one in (payer.pay(*pair) for pair in asked) if abs(one.evidence.gain) > _GAIN]
    ties = [rng.permutation(one.evidence.length) for one in paid]
    counts = {
        "responses": len(asked),
        "responses with a gain": len(paid),
        "words": sum(one.evidence.length for one in paid),
    }
    measures: dict[str, dict[str, Interval]] = {}
    curves: dict[str, dict[str, list[float]]] = {}
    for name in designs:
        rows = [erase(one, one.credit[name], order) for one, order in zip(paid, ties, strict=True)]
        tables = {field: np.array([getattr(row, field) for row in rows]) for field in Erasures._fields}
        measures[name] = {
            field: bootstrap_interval(table.mean(axis=1), resamples=resamples, method="percentile")
            for field, table in tables.items()
        }
        curves[name] = {field: table.mean(axis=0).tolist() for field, table in tables.items()}
    return Faithfulness(counts, measures, curves)

"""Cell functions of a study for what needs no reinforcement learning: best of n, guided decoding, copying it.

Each says how many texts it has scored: best-of-n scores each response once, decoding under guidance all V
continuations of each of its tokens. Settings, beside those of `agents.studies.training`:

- `best_of_n`: `n`, responses to each of `prompts` prompts.
- `guided`: `token_env`, id of an environment whose steps are tokens and which tells of candidates, with
  `env_kwargs`, and `eval_env_kwargs` over them; `betas`; `prompts`, responses for each beta.
- `finetuned`: `token_env` and `beta`, of the responses that are copied; `sizes`, rising numbers of them;
  `passes`, rising numbers of passes over them; `learning_rate`, of Adam, and `minibatch_size`;
  `eval_episodes`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor

from agents.maths.tensors import split_rows
from agents.policies.policy import CausalLMPolicy
from agents.rollouts.evaluation import evaluate, summarise
from agents.rollouts.guided import GuidedResponse, respond_guided
from agents.rollouts.play import environment_seed
from agents.stats.diversity import distinct_ngrams
from agents.studies.settings import merge
from agents.studies.training import LARGEST_BATCH, make_env, make_policy, same_prompts

AT_ONCE = 32
"""Most environments that responses are decoded in at once."""
MAX_GRAD_NORM = 1.0
ADAM_EPS = 1e-5

Settings = Mapping[str, Any]
Record = dict[str, Any]


def best_of_n(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields score and judge of the best of 1, 2, 4, ... n responses of the untrained policy.

    Of the n responses to a prompt, every subset of a size counts alike: the i-th lowest score is the best of
    k with probability C(i - 1, k - 1) / C(n, k). The KL of best-of-k from the policy is at most
    log k - (k - 1) / k nats (Beirami et al. 2024, arXiv 2401.01879); it is not measured.

    Args:
        settings: As in the module docstring.
        seed: Seed of prompts and responses.

    Raises:
        ValueError: If the environment does not say what its prompts are.
    """
    n = int(settings["n"])
    counts = [2**power for power in range(int(math.log2(n)) + 1)]
    weights = {count: chances_of_best(n, count) for count in counts}
    means: dict[int, list[tuple[float, float]]] = {count: [] for count in counts}
    for infos in same_prompts(settings, seed):
        rows = [
            (float(info.get("score", info["reward"])), float(info.get("judge", math.nan))) for info in infos
        ]
        ordered = np.array(sorted(rows, key=lambda row: row[0]))  # (n, 2) float64
        for count in counts:
            score, judge = weights[count] @ ordered
            means[count].append((float(score), float(judge)))
    for count in counts:
        score, judge = np.mean(means[count], axis=0)
        yield {
            "record": "best_of_n",
            "n": count,
            "score": float(score),
            "judge": _known(judge),
            "kl_bound": math.log(count) - (count - 1) / count,
            "texts": count,
        }


def chances_of_best(n: int, count: int) -> Any:
    """Returns how likely the i-th lowest of n is the highest of `count` that are drawn, (n,) float64.

    Example:
        >>> chances_of_best(3, 2).round(3).tolist()
        [0.0, 0.333, 0.667]
    """
    return np.array([math.comb(i, count - 1) for i in range(n)]) / math.comb(n, count)


def guided(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields score, judge and exact KL of responses that are decoded under guidance, for each beta.

    Args:
        settings: As in the module docstring.
        seed: Seed of prompts and responses, the same for each beta.

    Raises:
        ValueError: If the environment tells of no candidates.
    """
    policy = make_policy(settings)
    envs = _token_envs(settings, int(settings["prompts"]), evaluating=True)
    for beta in settings["betas"]:
        found = decode(policy, envs, int(settings["prompts"]), beta=float(beta), seed=seed)
        infos = [one.info for one in found]
        lengths = [one.length for one in found]
        yield {
            "record": "guided",
            "beta": float(beta),
            "responses": len(found),
            "score": _mean(infos, "score"),
            "judge": _mean(infos, "judge"),
            "kl": float(np.mean([one.kl for one in found])),
            "length": float(np.mean(lengths)),
            "distinct_2": distinct_ngrams([_response(one).tolist() for one in found], 2),
            "texts": float(np.mean(lengths)) * policy.vocab_size,
        }


def finetuned(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields evaluations of policies that copy guided responses by cross-entropy.

    A policy for each of `sizes` begins anew with the first so many responses, and is evaluated after each of
    `passes`. `texts` are those that were scored to make its responses; copying scores none.

    Args:
        settings: As in the module docstring.
        seed: Seed of prompts, responses, minibatches and evaluations.

    Raises:
        ValueError: If the environment tells of no candidates.
        FloatingPointError: If a loss is not finite.
    """
    sizes = [int(size) for size in settings["sizes"]]
    reference = make_policy(settings).frozen_copy()
    envs = _token_envs(settings, max(sizes))
    responses = decode(reference, envs, max(sizes), beta=float(settings["beta"]), seed=seed)
    episodes = int(settings["eval_episodes"])
    env = make_env(settings, min(episodes, LARGEST_BATCH), evaluating=True)
    for size in sizes:
        policy = make_policy(settings)
        policy.restrict_vocabulary(reference.vocab_size)
        copied = responses[:size]
        texts = sum(one.length for one in copied) * reference.vocab_size
        for done in copy_responses(policy, copied, settings, seed):
            if done in settings["passes"]:
                rows = evaluate(policy, env, episodes=episodes, reference=reference, seed=seed)
                summary = summarise(rows)
                keys = ("score", "judge", "kl", "distinct_2", "length")
                yield {
                    "record": "finetuned",
                    "beta": float(settings["beta"]),
                    "responses": size,
                    "passes": done,
                    "texts": texts,
                    **{key: summary.get(key) for key in keys},
                }


def decode(
    policy: CausalLMPolicy, envs: Sequence[gym.Env[Any, Any]], count: int, *, beta: float, seed: int
) -> list[GuidedResponse]:
    """Returns so many responses that are decoded under guidance, in rounds of all environments.

    Args:
        policy: Proposes tokens.
        envs: Whose steps are tokens.
        count: Number of responses, at least 1.
        beta: Reward that weighs as much as a nat.
        seed: Seed of prompts and draws, those of a response being the same for each beta.
    """
    generator = torch.Generator().manual_seed(seed)
    found: list[GuidedResponse] = []
    while len(found) < count:
        some = envs[: count - len(found)]
        seeds = [environment_seed(seed, len(found), i) for i in range(len(some))]
        found += respond_guided(policy, some, beta=beta, seeds=seeds, generator=generator)
    return found


def copy_responses(
    policy: CausalLMPolicy, responses: Sequence[GuidedResponse], settings: Settings, seed: int
) -> Iterator[int]:
    """Trains a policy by cross-entropy on responses, in place; yields the passes done after each.

    The loss of a minibatch is the mean over its tokens; Adam, without decay, gradients scaled down to norm 1.

    Args:
        policy: Is trained.
        responses: To be copied.
        settings: `learning_rate`, `minibatch_size`, and `passes`, whose largest is where it ends.
        seed: Seed of the order of the responses.

    Raises:
        FloatingPointError: If a loss is not finite.
    """
    tokens = torch.as_tensor(np.stack([one.tokens for one in responses]))  # (B, P + T) int64
    masks = torch.as_tensor(np.stack([one.attention_mask for one in responses]))  # (B, P + T) bool
    start = responses[0].prompt_length
    parameters = list(policy.backbone.parameters())
    optimizer = torch.optim.Adam(parameters, lr=float(settings["learning_rate"]), eps=ADAM_EPS)
    generator = torch.Generator().manual_seed(seed)
    for done in range(1, max(settings["passes"]) + 1):
        order = torch.randperm(len(tokens), generator=generator)
        for rows in split_rows(order, int(settings["minibatch_size"])):
            loss = _cross_entropy(policy, tokens[rows], masks[rows], start)
            if not bool(loss.isfinite()):
                raise FloatingPointError(f"pass {done}: the loss is {loss.item()}")
            optimizer.zero_grad()
            cast(Any, loss).backward()
            torch.nn.utils.clip_grad_norm_(parameters, MAX_GRAD_NORM)
            cast(Any, optimizer).step()
        yield done


def _cross_entropy(policy: CausalLMPolicy, tokens: Tensor, mask: Tensor, start: int) -> Tensor:
    """Returns minus the mean log-probability of the responses' tokens, ()."""
    logprobs = policy.score(tokens, mask, tokens.shape[1] - start).logprobs  # (B, T), 0 outside the mask
    return -logprobs.sum() / mask[:, start:].sum()


def _token_envs(settings: Settings, count: int, *, evaluating: bool = False) -> list[gym.Env[Any, Any]]:
    """Returns environments whose steps are tokens, no more than are needed for so many responses."""
    arguments = settings.get("env_kwargs", {})
    if evaluating:
        arguments = merge(arguments, settings.get("eval_env_kwargs", {}))
    return [gym.make(settings["token_env"], **arguments) for _ in range(min(count, AT_ONCE))]


def _response(one: GuidedResponse) -> Any:
    """Returns the tokens of a response, int64 (length,)."""
    return one.tokens[one.prompt_length :][one.attention_mask[one.prompt_length :]]


def _mean(infos: Sequence[Mapping[str, Any]], key: str) -> float | None:
    """Returns the mean of a number; None where an info lacks it."""
    return (
        float(np.mean([float(info[key]) for info in infos])) if all(key in info for info in infos) else None
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)

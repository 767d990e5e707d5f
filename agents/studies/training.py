"""Cell functions of a study that train a learner, or measure best-of-n of its untrained policy.

Settings, beside those that `agents.studies.plan` reads:

- `agent`: "ppo", "rloo", "grpo" or "module:attribute", a class with the interface of
  `agents.learners.learner.Learner`; `config`: fields of its `config_class`, but for the seed.
- `policy`: as `CausalLMPolicy.from_pretrained` takes it, with `policy_kwargs`; `device`.
- `env`: id of a vector environment, with `env_kwargs`, and `eval_env_kwargs` over them in evaluations.
- `episodes`: to learn from; `extra_episodes`: before them, for a critic that is warmed up.
- `eval_episodes`: of each evaluation; `samples`: responses that are kept of the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gymnasium as gym
import torch

from agents.learners.callback import MemoryRelease
from agents.learners.learner import Learner
from agents.learners.settings import find_learner
from agents.policies.policy import CausalLMPolicy
from agents.rollouts.collect import collect
from agents.rollouts.env_answers import EpisodeInfo, split_infos
from agents.rollouts.evaluation import Row, evaluate, summarise
from agents.rollouts.play import repeat_openings
from agents.rollouts.player import Player
from agents.stats.diversity import self_bleu
from agents.studies.settings import merge

KNOWN = (
    *("run", "agent", "config", "policy", "policy_kwargs", "device", "env", "env_kwargs", "eval_env_kwargs"),
    *("episodes", "extra_episodes", "eval_episodes", "samples"),
)
"""Names of the settings of a training run; others are refused."""
LARGEST_BATCH = 128
"""Most episodes that an evaluation collects at once."""
BLEU_SAMPLE = 128
"""Number of responses that self-BLEU compares with each other."""

Settings = Mapping[str, Any]
Record = dict[str, Any]


class MetricsKeeper:
    """A callback that keeps the metrics of each iteration."""

    def __init__(self) -> None:
        self.rows: list[Record] = []

    def on_iteration(self, metrics: Mapping[str, float], timings: Any, episodes: Any) -> None:
        """Appends the metrics of an iteration."""
        del timings, episodes
        self.rows.append(dict(metrics))


def train(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields the records of a training run: iterations, evaluations before and after, sampled responses.

    Args:
        settings: Settings of the cell, as in the module docstring.
        seed: Seed of the learner, the environments and the evaluations.

    Raises:
        FloatingPointError: If a reward, loss or gradient was not finite.
        ValueError: If the settings do not go together, or one is unknown.
    """
    for key in settings:
        if key not in KNOWN:
            raise ValueError(f"settings: expected some of {', '.join(KNOWN)}, got {key!r}")
    keeper = MetricsKeeper()
    agent = make_agent(settings, seed, [keeper, MemoryRelease()])
    env = make_env(settings, min(int(settings["eval_episodes"]), LARGEST_BATCH), evaluating=True)
    yield {"record": "evaluation", "when": "before", "summary": _summary(_rows(agent, env, settings, seed))}
    try:
        agent.learn(int(settings["episodes"]) + int(settings.get("extra_episodes", 0)))
    finally:
        yield from ({"record": "iteration", **row} for row in keeper.rows)
    rows = _rows(agent, env, settings, seed)
    yield {"record": "evaluation", "when": "after", "summary": _summary(rows)}
    kept = rows[: int(settings.get("samples", 0))]
    yield {"record": "samples", "when": "after", "samples": [_sample(row) for row in kept]}


def best_of(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields the best-of-n score of the untrained policy, over `prompts` prompts.

    Where the environment reports no score, its reward counts. What that reaches is attainable with little
    divergence: log n - (n - 1) / n nats at most (Beirami et al. 2024, arXiv 2401.01879).

    Args:
        settings: As in the module docstring, with `n` and `prompts`.
        seed: Seed of prompts and responses.

    Raises:
        ValueError: If the environment does not say what its prompts are.
    """
    n, prompts = int(settings["n"]), int(settings["prompts"])
    scores = [
        [float(info.get("score", info["reward"])) for info in one] for one in same_prompts(settings, seed)
    ]
    start = sum(map(sum, scores)) / (n * prompts)
    best = sum(map(max, scores)) / prompts
    yield {"record": "attainable", "start": start, "best": best, "n": n, "prompts": prompts}


def same_prompts(settings: Settings, seed: int) -> Iterator[list[EpisodeInfo]]:
    """Yields the infos of `n` responses of the untrained policy to each of `prompts` prompts.

    Args:
        settings: As in the module docstring, with `n` and `prompts`.
        seed: Seed of prompts and responses.

    Raises:
        ValueError: If the environment does not say what its prompts are.
    """
    n = int(settings["n"])
    env = make_env(settings, n, evaluating=True)
    policy = make_policy(settings)
    player = Player(env, policy, policy)
    generator = torch.Generator().manual_seed(seed)
    for number in range(int(settings["prompts"])):
        _, opening = env.reset(seed=_seed_of(seed, number))
        options = repeat_openings(split_infos(opening, n)[:1], n)
        yield collect(player, options=options, generator=generator).episodes


def make_agent(settings: Settings, seed: int, callbacks: Sequence[Any] = ()) -> Learner[Any]:
    """Returns the learner that settings name, untrained, with its training environment.

    Raises:
        ValueError: If there is no such learner, or settings do not go together.
    """
    agent_class: type[Any] = find_learner(str(settings["agent"]))
    config = agent_class.config_class(seed=seed, **settings.get("config", {}))
    env = make_env(settings, config.batch_size)
    return agent_class(make_policy(settings), env, config, callbacks=callbacks)


def make_env(settings: Settings, num_envs: int, *, evaluating: bool = False) -> Any:
    """Returns `num_envs` environments that step together, those of evaluations or of training."""
    arguments = settings.get("env_kwargs", {})
    if evaluating:
        arguments = merge(arguments, settings.get("eval_env_kwargs", {}))
    return gym.make_vec(settings["env"], num_envs=num_envs, **arguments)


def make_policy(settings: Settings) -> CausalLMPolicy:
    """Returns the untrained policy that settings name, on their device."""
    policy = CausalLMPolicy.from_pretrained(settings["policy"], **settings.get("policy_kwargs", {}))
    return policy.to(settings.get("device", "cpu"))


def _rows(agent: Learner[Any], env: Any, settings: Settings, seed: int) -> list[Row]:
    """Returns the rows of an evaluation: the same prompts and draws for every policy of a seed."""
    return evaluate(
        agent.policy, env, episodes=int(settings["eval_episodes"]), reference=agent.reference, seed=seed
    )


def _summary(rows: Sequence[Row]) -> Record:
    responses = [row["tokens"] for row in rows]
    return {**summarise(rows), "self_bleu": self_bleu(responses, sample=BLEU_SAMPLE)}


def _sample(row: Row) -> Record:
    """Returns a record of a response with its tokens' rewards, and the texts that the environment reports."""
    info, length = row["info"], row["length"]
    return {
        "prompt": info.get("prompt"),
        "response": info.get("response_text"),
        "tokens": row["tokens"],
        "token_rewards": [float(reward) for reward in info["token_rewards"][:length]],
        "score": row.get("score"),
        "judge": row.get("judge"),
    }


def _seed_of(seed: int, number: int) -> int:
    return seed * 1_000_003 + number

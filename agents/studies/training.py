"""Cell functions of a study that train a learner, or measure best-of-n of its untrained policy.

Settings, beside those that `agents.studies.plan` reads:

- `agent`: "ppo", "rloo", "grpo" or "module:attribute", a class with the interface of
  `agents.learners.learner.Learner`; `config`: fields of its `config_class`, but for the seed.
- `policy`: as `CausalLMPolicy.from_pretrained` takes it, with `policy_kwargs`; `device`.
- `env`: id of a vector environment, with `env_kwargs`, and `eval_env_kwargs` over them in evaluations.
- `episodes`: to learn from; `extra_episodes`: before them, for a critic that is warmed up.
- `most_episodes` with `stop_at`, a table of `score`, `window_episodes` and, if it is limited, `kl`: a run
  that has not reached the score by the end of `episodes` goes on until it has, or to `most_episodes`.
- `eval_episodes`: of each evaluation; `samples`: responses that are kept of the last one.
- `other_env_kwargs`: over the arguments of evaluations, for one more after training, such as of larger
  puzzles; its score and share solved stand in the summary as `other_score` and `other_solved`.
- `pass_at`, a table of `n` and `prompts`: so many responses of the trained policy to each of so many prompts;
  the summary has `pass_at_1`, `pass_at_2`, `pass_at_4` ... up to n.
"""

from __future__ import annotations

import math
from collections import deque
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
from agents.studies.plan import Goal
from agents.studies.settings import merge
from agents.studies.training_checks import check_training

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


class GoalStop:
    """A callback that ends learning once a number of episodes is over and a score has been reached.

    Score and divergence are means over the last iterations, as a report smooths them.

    Args:
        least: Episodes that are learned from in any case.
        score: Score to reach.
        window: Iterations that are averaged over.
        kl: Largest divergence from the reference at which it counts, nats per response.
        after: Episodes of a critic's warm-up, whose iterations count no more than in a report.
    """

    def __init__(
        self, least: int, *, score: float, window: int, kl: float = math.inf, after: int = 0
    ) -> None:
        self.least, self.score, self.kl, self.after = least, score, kl, after
        self.last: deque[tuple[float, float]] = deque(maxlen=window)
        self.reached = False

    def on_iteration(self, metrics: Mapping[str, float], timings: Any, episodes: Any) -> bool:
        """Returns False where learning ends with this iteration."""
        del timings, episodes
        if metrics["episodes"] <= self.after:
            return True
        self.last.append((metrics["env/score"], metrics["objective/kl"]))
        if len(self.last) == self.last.maxlen:
            score, kl = (sum(column) / len(self.last) for column in zip(*self.last, strict=True))
            self.reached = self.reached or (score >= self.score and kl <= self.kl)
        return not (self.reached and metrics["episodes"] >= self.least)


def train(settings: Settings, seed: int) -> Iterator[Record]:
    """Yields the records of a training run: iterations, evaluations before and after, sampled responses.

    Args:
        settings: Settings of the cell, as in the module docstring.
        seed: Seed of the learner, the environments and the evaluations.

    Raises:
        FloatingPointError: If a reward, loss or gradient was not finite.
        ValueError: If the settings do not go together, or one is unknown.
    """
    check_training(settings)
    keeper = MetricsKeeper()
    agent = make_agent(settings, seed, [keeper, MemoryRelease(), *_stops(settings)])
    env = make_env(settings, min(int(settings["eval_episodes"]), LARGEST_BATCH), evaluating=True)
    before = _summary(_rows(agent, env, settings, seed))
    _check_verdict(settings, before)
    yield {"record": "evaluation", "when": "before", "summary": before}
    try:
        most = int(settings.get("most_episodes", settings["episodes"]))
        agent.learn(most + int(settings.get("extra_episodes", 0)))
    finally:
        yield from ({"record": "iteration", **row} for row in keeper.rows)
    rows = _rows(agent, env, settings, seed)
    summary = {**_summary(rows), **_other_summary(agent, settings, seed), **_pass_at(agent, settings, seed)}
    yield {"record": "evaluation", "when": "after", "summary": summary}
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


def same_prompts(
    settings: Settings, seed: int, policy: CausalLMPolicy | None = None
) -> Iterator[list[EpisodeInfo]]:
    """Yields the infos of `n` responses of a policy to each of `prompts` prompts.

    Args:
        settings: As in the module docstring, with `n` and `prompts`.
        seed: Seed of prompts and responses.
        policy: The policy; None: the untrained one that settings name.

    Raises:
        ValueError: If the environment does not say what its prompts are.
    """
    n = int(settings["n"])
    env = make_env(settings, n, evaluating=True)
    policy = make_policy(settings) if policy is None else policy
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


def chance_of_any(n: int, right: int, k: int) -> float:
    """Returns the chance that one of k responses is right, by those right among n, without bias.

    It is 1 - C(n - right, k) / C(n, k) (Chen et al. 2021, arXiv 2107.03374, equation 1).

    Args:
        n: Number of responses to a prompt.
        right: Number of them that are right.
        k: Number that is drawn, at most n.

    Example:
        >>> chance_of_any(4, 1, 2)
        0.5
    """
    return 1.0 - math.comb(n - right, k) / math.comb(n, k)


def _stops(settings: Settings) -> list[GoalStop]:
    """Returns the callback that ends a run at its goal, if the settings have one."""
    if "stop_at" not in settings:
        return []
    stop = settings["stop_at"]
    agent_class: type[Any] = find_learner(str(settings["agent"]))
    batch = agent_class.config_class(**settings.get("config", {})).batch_size
    window = Goal(window_episodes=stop["window_episodes"]).iterations(batch)
    extra = settings.get("extra_episodes", 0)
    least, kl = settings["episodes"] + extra, stop.get("kl", math.inf)
    return [GoalStop(least, score=stop["score"], window=window, kl=kl, after=extra)]


def _other_summary(agent: Learner[Any], settings: Settings, seed: int) -> Record:
    """Returns score and share solved of one more evaluation, if the settings have one."""
    if "other_env_kwargs" not in settings:
        return {}
    arguments = merge(settings.get("eval_env_kwargs", {}), settings["other_env_kwargs"])
    other = {**settings, "eval_env_kwargs": arguments}
    env = make_env(other, min(int(settings["eval_episodes"]), LARGEST_BATCH), evaluating=True)
    found = summarise(_rows(agent, env, settings, seed))
    return {f"other_{key}": found[key] for key in ("score", "solved") if key in found}


def _check_verdict(settings: Settings, evaluated: Record) -> None:
    """Checks that pass@k can be measured, before a run is spent on it.

    Raises:
        ValueError: If the environment has no verdict.
    """
    if "pass_at" in settings and evaluated.get("solved") is None:
        raise ValueError("pass_at: expected an environment that reports `solved`, this one does not")


def _pass_at(agent: Learner[Any], settings: Settings, seed: int) -> Record:
    """Returns the chance of a right response among 1, 2, 4 ... n, if the settings ask for it."""
    if "pass_at" not in settings:
        return {}
    n = int(settings["pass_at"]["n"])
    rights = [
        sum(float(info["solved"]) == 1.0 for info in infos)
        for infos in same_prompts({**settings, **settings["pass_at"]}, seed, agent.policy)
    ]
    counts = [2**power for power in range(n.bit_length())]
    return {f"pass_at_{k}": sum(chance_of_any(n, right, k) for right in rights) / len(rights) for k in counts}


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

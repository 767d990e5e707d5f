"""Times environments whose values come from a search or a solver, on instances seen before and on new ones.

    python examples/speed/bench_solvers.py [--ids Countdown-v0] [--domain-kwargs '{"numbers": 4}']

Each round is 128 responses to 128 instances in the native vector environment: a reset with given instances
and a step. Responses are written token by token: nine times in ten by one that a right answer can still
follow, else by any, so that some go on to the end and most are lost on the way. They are written in a process
of its own, so that nothing is remembered of them where they are timed. `seen` repeats rounds that were played
before, `new` plays each once. Printed are responses per second of processor time, the median of the rounds,
and what the design `potential` and candidates cost beside `terminal`, and beside no candidates.
"""

from __future__ import annotations

import json
import statistics
import time
from multiprocessing import get_context
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from agents.flags.parser import Parser
from rlsf_gym.scorers.protocol import find_candidates
from rlsf_gym.text.following import read_following

WAYS: dict[str, dict[str, Any]] = {
    "terminal": {"reward_design": "terminal"},
    "potential": {"reward_design": "potential"},
    "candidates": {"reward_design": "potential", "candidates": True},
}
"""Arguments of the environments that are timed."""
CARE = 0.9
"""Share of tokens that a right answer can follow, as long as there are any."""


class Round(NamedTuple):
    """Instances with a response to each."""

    instances: list[dict[str, Any]]
    """Data of B instances."""
    actions: npt.NDArray[np.int64]
    """Responses, (B, T)."""


class Task(NamedTuple):
    """Environments that are timed."""

    env_id: str
    domain_kwargs: dict[str, Any]
    size: int
    """B, the number of responses in a round."""
    rounds: int


def make(task: Task, way: str) -> Any:
    """Returns the vector environment of a task."""
    return gym.make_vec(
        f"rlsf_gym:rlsf_gym/{task.env_id}",
        num_envs=task.size,
        domain_kwargs=task.domain_kwargs,
        autoreset_mode=gym.vector.AutoresetMode.DISABLED,
        **WAYS[way],
    )


def write_rounds(task: Task, seed: int) -> list[Round]:
    """Returns drawn instances with a written response to each."""
    env = make(task, "terminal").unwrapped
    rng = np.random.default_rng(seed)
    written: list[Round] = []
    for _ in range(task.rounds):
        instances = [env.task.begin(rng, None) for _ in range(task.size)]
        written.append(
            Round([dict(one.data) for one in instances], write_responses(env.task, instances, rng))
        )
    return written


def write_responses(task: Any, instances: list[Any], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Returns a response to each of B instances, (B, T)."""
    tokenizer, scorer = task.tokenizer, task.feedback.scorer
    ask, _ = find_candidates(scorer) or (None, False)
    assert ask is not None
    actions = np.full((len(instances), task.max_new_tokens), tokenizer.vocab_size, np.int64)
    texts, going = [""] * len(instances), list(range(len(instances)))
    for position in range(task.max_new_tokens):
        following = read_following(tokenizer, is_last=position == task.max_new_tokens - 1)
        ends = [np.array([len(texts[row])]) for row in going]
        found = ask(
            [instances[row] for row in going], [texts[row] for row in going], ends, following
        ).spread()
        for row, scores in zip(list(going), found.scores, strict=True):
            alive = found.ids[scores > 0.0]
            token = (
                int(rng.choice(alive))
                if len(alive) and rng.random() < CARE
                else int(rng.integers(tokenizer.vocab_size))
            )
            actions[row, position] = token
            texts[row] += following.texts[token]
            if following.ends[token]:
                going.remove(row)
        if not going:
            break
    return actions


def time_way(task: Task, way: str, seen: list[Round], new: list[Round]) -> tuple[float, float]:
    """Returns seconds of processor time per response, on rounds that were played before and on new ones."""
    env = make(task, way)
    env.reset(seed=0)
    fresh = [play(env, one) for one in new]
    for one in seen:
        play(env, one)
    again = [play(env, one) for _ in range(3) for one in seen]
    return statistics.median(again) / task.size, statistics.median(fresh) / task.size


def play(env: Any, played: Round) -> float:
    """Returns the processor time of a reset and a step."""
    start = time.process_time()
    env.reset(options={"instances": played.instances})
    env.step(played.actions)
    return time.process_time() - start


def main() -> None:
    """Times each way in a process of its own."""
    parser = Parser(description=__doc__)
    parser.add_argument("--ids", nargs="+", default=["Countdown-v0"], help="names of environments")
    parser.add_argument(
        "--domain-kwargs", type=json.loads, default={}, help="arguments of the domain, as JSON"
    )
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--size", type=int, default=128, help="responses in a round")
    options = parser.parse_args()
    context = get_context("spawn")
    for env_id in options.ids:
        task = Task(env_id, options.domain_kwargs, options.size, options.rounds)
        with context.Pool(1) as pool:
            seen, new = (pool.apply(write_rounds, (task, seed)) for seed in (0, 1))
        spans: dict[str, tuple[float, float]] = {}
        for way in WAYS:
            with context.Pool(1) as pool:
                spans[way] = pool.apply(time_way, (task, way, seen, new))
        print(f"{env_id} {json.dumps(options.domain_kwargs)}")
        for number, name in enumerate(("seen", "new")):
            terminal, potential, candidates = (spans[way][number] for way in WAYS)
            print(
                f"  {name:4s} {1 / terminal:8,.0f}/s terminal, {1 / potential:8,.0f}/s potential "
                f"(x {potential / terminal:.2f}), {1 / candidates:8,.0f}/s candidates "
                f"(x {candidates / potential:.2f})"
            )


if __name__ == "__main__":
    main()

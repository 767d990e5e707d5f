"""Times the environments of several checkouts of the code side by side.

    git worktree add ../before COMMIT
    python examples/speed/bench_checkouts.py ../before . [--cases native:16:potential token:256:potential]

Each checkout runs in a process of its own; in each round all of them take the same steps, in turns, so that a
busy spell falls on all alike. Printed are responses per second of processor time (tokens per second where a
step is a token), the medians of the rounds, and their ratio to the first checkout. A case is FORM:T:DESIGN,
with `:verify` behind it where everything is to be proved; forms are native (128 at a time), single and token.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

CASES = (
    *("native:16:potential", "native:16:potential:verify", "native:256:potential", "single:16:potential"),
    *("token:16:potential", "token:256:potential"),
)
TEXT = (
    " The plot is thin, but the acting was great and I really liked the ending. It is not a bad film, it just"
    " never finds its feet. What a waste of a good cast! A warm and beautiful story about growing old."
    " The script has no idea where to go after the robbery. For its age it looks surprisingly good."
)
IDS = {"native": "Sentiment-v0", "single": "Sentiment-v0", "token": "SentimentToken-v0"}


class Case:
    """One environment of the checkout that this process runs in."""

    def __init__(self, name: str) -> None:
        import gymnasium as gym
        import numpy as np

        self.form, tokens, design, *verify = name.split(":")
        self.tokens = int(tokens)
        kwargs: dict[str, Any] = {
            "max_new_tokens": self.tokens,
            "reward_design": design,
            "verify": bool(verify),
        }
        self.num = 128 if self.form == "native" else 1
        make, more = (gym.make_vec, {"num_envs": 128}) if self.form == "native" else (gym.make, {})
        self.env: Any = make(f"rlsf_gym:rlsf_gym/{IDS[self.form]}", **more, **kwargs)
        self.env.reset(seed=0)
        ids = np.array(self.env.unwrapped.tokenizer.encode(TEXT * (1 + self.tokens // 32)))
        starts = np.random.default_rng(0).integers(0, len(ids) - self.tokens, self.num)
        self.actions = np.stack([ids[start : start + self.tokens] for start in starts])

    def time(self) -> float:
        """Returns processor seconds per response, or per token."""
        repeats = {"native": 2, "single": 40, "token": max(2, 256 // self.tokens)}[self.form]
        self.step()
        start = time.process_time()
        for _ in range(repeats):
            self.step()
        return (time.process_time() - start) / (repeats * self.num * (self.form != "token" or self.tokens))

    def step(self) -> None:
        """Ends the episodes, and begins others."""
        if self.form == "native":
            self.env.step(self.actions)
            return
        for action in self.actions if self.form == "single" else self.actions[0].tolist():
            self.env.step(action)
        self.env.reset()


def work(names: list[str]) -> None:
    """Times the cases each time that a line comes in."""
    cases = {name: Case(name) for name in names}
    for _ in sys.stdin:
        print(json.dumps({name: case.time() for name, case in cases.items()}), flush=True)


def compare(checkouts: list[str], names: list[str], rounds: int) -> None:
    """Has the checkouts take turns, and prints what came of it."""
    workers = [
        subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), "--work", *names],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": os.path.abspath(checkout), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for checkout in checkouts
    ]
    spans: list[dict[str, list[float]]] = [{name: [] for name in names} for _ in checkouts]
    for number in range(rounds + 1):
        for worker, kept in zip(workers, spans, strict=True):
            assert worker.stdin is not None and worker.stdout is not None
            print("go", file=worker.stdin, flush=True)
            for name, seconds in json.loads(worker.stdout.readline()).items():
                kept[name] += [seconds] if number else []  # the first round warms up
    for name in names:
        medians = [statistics.median(kept[name]) for kept in spans]
        print(name, *(f"{1 / median:10.0f}/s x{medians[0] / median:5.2f}" for median in medians))


def main() -> None:
    """Runs the comparison, or one of the processes that it starts."""
    if sys.argv[1:2] == ["--work"]:  # in another checkout, which may have no such parser
        return work(sys.argv[2:])
    from agents.flags.parser import Parser

    parser = Parser(description=__doc__)
    parser.add_argument("checkouts", nargs="+", help="folders with rlsf_gym in them")
    parser.add_argument("--cases", nargs="+", default=list(CASES), metavar="FORM:T:DESIGN")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    compare(options.checkouts, options.cases, options.rounds)


if __name__ == "__main__":
    main()

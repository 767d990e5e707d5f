"""Times one whole PPO iteration of our learner and of others on the same work, against what matrices cost.

    python examples/speed/bench_learner.py                              our learner alone
    python examples/speed/bench_learner.py --quick                      the same on a toy, in seconds
    python examples/speed/bench_learner.py --model gpt2 --rounds 5 --json runs/bench.json
    python examples/speed/bench_learner.py --peer trl-grpo=PATH/TO/python --peer sb3=PATH/TO/python

The work: prompts of 2 to 8 random tokens, 16 new tokens by plain sampling with the end token banned in
sampling and scoring alike, a reward that takes no time, 4 epochs over minibatches of 32, float32. `tiny` is a
GPT-2 of 4 layers, width 256, vocabulary 8,192 with batches of 128; `gpt2` is the 124M one with batches of 32;
both have random weights. TRL's GRPO and RLOO draw 8 responses to each of 16 prompts. All estimate divergence
from the sampled tokens alone; `--peer agents-exact=...` is our learner with its default, the divergence over
the whole vocabulary.

A peer runs in the Python of its own environment, in a process of its own that stays: one script of `peers/`
each. In every round each learner does one iteration in turn, so that a busy spell falls on all; the first
round warms up and is not counted. Seconds are medians over the rounds, a ratio is one of medians. Where
others use the machine too, the processor's seconds of one thread (`--threads 1`) are the ones to trust:
several threads wait for one another, and waiting counts.

The floor is the time that the iteration's floating-point operations (see `learner_operations`) take at the
rate of float32 matrix products of the update's shapes, measured in the same rounds with as many threads.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.flags.flag import count
from agents.flags.parser import Parser
from examples.speed.learner_operations import Sizes, iteration_operations
from examples.speed.peers.work import QUICK, WORKS, prompt_lengths, read_work

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OURS = "agents"
RATE = "matrix products"
PEERS = {
    "trl-0.11-batched": ("trl_ppo_011.py", "batched"),
    "trl-0.11-single": ("trl_ppo_011.py", "single"),
    "trl-ppo": ("trl_ppo_experimental.py", ""),
    "trl-grpo": ("trl_online.py", "grpo"),
    "trl-rloo": ("trl_online.py", "rloo"),
    "sb3": ("sb3_token.py", ""),
    "agents-exact": ("token_ppo.py", "exact"),
}
"""Name to script and variant."""
PARTS = ("generate", "score", "update")
CLOCKS = ("seconds", "processor")
ERROR_LINES = 5


class Learner:
    """A process that does one iteration when told to.

    Args:
        name: In tables.
        command: Of the process.
        environment: Variables of the process.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.iterations: list[dict[str, float]] = []
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115, lives as long as the process
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # both are pipes
        self._tasks, self._answers = stdin, stdout
        self.package = str(self._read()["ready"])

    def iterate(self) -> None:
        """Does one iteration and keeps what it took."""
        with contextlib.suppress(BrokenPipeError):  # it has ended, and reading says why
            self._tasks.write("\n")
            self._tasks.flush()
        self.iterations.append(self._read())

    def close(self) -> None:
        """Ends the process."""
        with contextlib.suppress(BrokenPipeError):
            self._tasks.close()
        self._process.wait()
        self._answers.close()
        self._errors.close()

    def forget(self) -> None:
        """Drops the iterations so far."""
        self.iterations.clear()

    def median(self, key: str) -> float:
        """Returns the median of a figure over the iterations."""
        return statistics.median(iteration[key] for iteration in self.iterations)

    def _read(self) -> dict[str, Any]:
        for line in self._answers:
            if line.startswith("{"):  # an import may print before the channel takes the output over
                return json.loads(line)
        self._process.wait()
        self._errors.seek(0)
        last = self._errors.read().strip().splitlines()[-ERROR_LINES:]
        raise RuntimeError(f"{self.name}: ended with status {self._process.returncode}: " + " | ".join(last))


def start(name: str, model: str, threads: int, peers: Mapping[str, str]) -> Learner:
    """Returns the process of a learner, ready for its first iteration.

    Args:
        name: `OURS`, `RATE` or one of `PEERS`.
        model: The work, as `read_work` takes it.
        threads: It may use.
        peers: Name to the Python of its environment.
    """
    own = {OURS: ("token_ppo.py", "k3"), RATE: ("matrix_products.py", "")}
    script, variant = (own | PEERS)[name]
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    environment = {**os.environ, **counts, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    if name in peers:
        environment["PYTHONPATH"] = str(ROOT)  # nothing of ours but what the scripts share
    python = peers.get(name, sys.executable)
    command = [python, str(HERE / "peers" / script), model, str(threads), variant]
    return Learner(name, command, environment)


def summarise(learner: Learner, batch: int) -> dict[str, Any]:
    """Returns the medians of a learner's iterations; what a peer does not split off belongs to its update."""
    seconds, generate, score = (learner.median(key) for key in ("seconds", "generate", "score"))
    update = statistics.median(
        iteration["seconds"] - iteration["generate"] - iteration["score"] for iteration in learner.iterations
    )
    return {
        "package": learner.package,
        "episodes_per_second": batch / seconds,
        "seconds": seconds,
        "processor": learner.median("processor"),
        "generate": generate,
        "score": score,
        "update": update,
        "peak_mb": max(iteration["peak_mb"] for iteration in learner.iterations),
        "iterations": learner.iterations,
    }


def measure(
    model: str, rounds: int, threads: int, peers: Mapping[str, str]
) -> Generator[dict[str, Any], None, None]:
    """Yields, after each round that counts, what each learner took so far, and the floor.

    Args:
        model: One of `WORKS`.
        rounds: Iterations of each learner that count.
        threads: Of each process.
        peers: Name to the Python of its environment.

    Raises:
        RuntimeError: If a learner failed.
    """
    with contextlib.ExitStack() as stack:
        learners: dict[str, Learner] = {}
        for name in (RATE, OURS, *peers):
            learners[name] = start(name, model, threads, peers)
            stack.callback(learners[name].close)
        for number in range(rounds + 1):
            for learner in learners.values():
                if number == 1:
                    learner.forget()
                learner.iterate()
                show(f"round {number} of {rounds}: {learner.name}")
            if number > 0:
                yield {"model": model, "threads": threads, "rounds": number, **make_report(model, learners)}


def make_report(model: str, learners: Mapping[str, Learner]) -> dict[str, Any]:
    """Returns the figures of the iterations so far."""
    work, rate, operations = WORKS[model], learners[RATE], operations_of(model)
    rates = {clock: rate.median("operations") / rate.median(clock) for clock in CLOCKS}
    return {
        "operations": operations,
        "rates": rates,
        "floor": {clock: operations / rates[clock] for clock in CLOCKS},
        "learners": {name: summarise(one, work.batch) for name, one in learners.items() if name != RATE},
    }


def operations_of(model: str) -> int:
    """Returns the floating-point operations of an iteration of a work, as `read_work` takes it."""
    work = read_work(model)
    sizes = Sizes(work.layers, work.width, work.vocab)
    return iteration_operations(sizes, prompt_lengths(work, work.batch), work.response_length, work.epochs)


def print_table(report: Mapping[str, Any]) -> None:
    """Prints a line per learner."""
    learners: dict[str, dict[str, Any]] = report["learners"]
    ours, busy = (learners[OURS][key] for key in ("seconds", "processor"))
    heads = "".join(f"{part:>10s}" for part in PARTS)
    print(
        f"{'learner':18s}{'episodes/s':>11s}{heads}{'seconds':>10s}{'ratio':>7s}{'processor':>11s}{'ratio':>7s}"
        f"{'peak MB':>9s}"
    )
    for name, found in learners.items():
        parts = "".join(f"{found[part]:10.2f}" for part in PARTS)
        print(
            f"{name:18s}{found['episodes_per_second']:11.2f}{parts}{found['seconds']:10.2f}"
            f"{found['seconds'] / ours:7.2f}{found['processor']:11.2f}{found['processor'] / busy:7.2f}"
            f"{found['peak_mb']:9.0f}"
        )
    for clock in CLOCKS:
        floor, rate = report["floor"][clock], report["rates"][clock]
        work = f"{report['operations'] / 1e9:.1f} GFLOP at {rate / 1e9:.1f} GFLOP/s"
        print(
            f"floor {floor:.2f} s ({clock}): {work}, {floor / learners[OURS][clock]:.0%} of what {OURS} took"
        )


def show(text: str) -> None:
    """Says how far things are, beside the output."""
    print(text, file=sys.stderr, flush=True)


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Writes all figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")


def parse_peer(text: str) -> tuple[str, str]:
    """Returns the name and the Python of NAME=PATH."""
    name, _, path = text.partition("=")
    if name not in PEERS or not os.access(path, os.X_OK):
        raise argparse.ArgumentTypeError(
            f"expected NAME=PATH with a name of {', '.join(PEERS)} and the path of a Python, got {text!r}"
        )
    return name, path


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models = [model for model in WORKS if model != QUICK]
    parser.add_argument("--model", choices=models, default="tiny")
    parser.add_argument("--quick", action="store_true", help="a toy of a model, to see that all runs")
    parser.add_argument("--rounds", type=count, default=5, help="iterations of each learner that count")
    parser.add_argument("--threads", type=count, default=2, help="of each learner")
    parser.add_argument(
        "--peer",
        type=parse_peer,
        action="append",
        default=[],
        metavar="NAME=PYTHON",
        help=f"a learner to compare with, and the Python of its environment: {', '.join(PEERS)}",
    )
    parser.add_argument("--json", type=Path, help="write all figures here, after each round")
    options = parser.parse_args()
    model = QUICK if options.quick else options.model
    report: dict[str, Any] = {}
    try:
        for report in measure(model, options.rounds, options.threads, dict(options.peer)):
            if options.json:
                write_json(options.json, report)
    except RuntimeError as error:
        show(str(error))
        return 1
    print_table(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Times our learner's iteration as batches and responses grow, against growth in proportion.

    python examples/speed/bench_growth.py
    python examples/speed/bench_growth.py --quick             a toy, to see that all runs
    python examples/speed/bench_growth.py --rounds 5 --json runs/growth.json

The tiny work of `bench_learner` with batches of 32 to 512 episodes, and, at 32, with responses of 16 to 256
tokens. In every round each size has one iteration in turn; the first round warms up and is not counted;
seconds are medians. `growth` is the time over that of the smallest size, over the ratio of the sizes: 1 is
growth in proportion, less is better. `operations` is the same of the floating-point operations, more of which
go into a token the more tokens it looks at.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.flags.flag import count
from agents.flags.parser import Parser
from examples.speed.bench_learner import OURS, operations_of, show, start, write_json
from examples.speed.peers.work import QUICK

SERIES = {"batch": (32, 64, 128, 256, 512), "response_length": (16, 32, 64, 128, 256)}
QUICK_SERIES = {"batch": (8, 16), "response_length": (4, 8)}


def time_iterations(models: Sequence[str], rounds: int, threads: int) -> list[dict[str, float]]:
    """Returns the median seconds and the peak memory of iterations of each work.

    Args:
        models: As `peers.work.read_work` takes them.
        rounds: Iterations that count.
        threads: Of each process; one process has a work.
    """
    with contextlib.ExitStack() as stack:
        learners = [start(OURS, model, threads, {}) for model in models]
        for learner in learners:
            stack.callback(learner.close)
        for number in range(rounds + 1):
            for model, learner in zip(models, learners, strict=True):
                if number == 1:
                    learner.forget()
                learner.iterate()
                show(f"round {number} of {rounds}: {model}")
        return [{key: learner.median(key) for key in ("seconds", "peak_mb")} for learner in learners]


def growth(figures: Sequence[float], sizes: Sequence[int]) -> list[float]:
    """Returns how figures grow beside sizes, the first of both being 1."""
    return [figure / figures[0] / (size / sizes[0]) for figure, size in zip(figures, sizes, strict=True)]


def measure(quick: bool, rounds: int, threads: int) -> dict[str, list[dict[str, Any]]]:
    """Returns a row for each size of each series."""
    report: dict[str, list[dict[str, Any]]] = {}
    series = QUICK_SERIES if quick else SERIES
    base = f"{QUICK if quick else 'tiny'}:batch={series['batch'][0]}"
    for name, sizes in series.items():
        models = [f"{base}:{name}={size}" for size in sizes]  # where a size is named twice, the last counts
        taken = time_iterations(models, rounds, threads)
        seconds = growth([row["seconds"] for row in taken], sizes)
        operations = growth([operations_of(model) for model in models], sizes)
        rows = zip(sizes, taken, seconds, operations, strict=True)
        report[name] = [{"size": a, **b, "growth": c, "operations": d} for a, b, c, d in rows]
    return report


def print_table(report: dict[str, list[dict[str, Any]]]) -> None:
    """Prints a line for each size."""
    for name, rows in report.items():
        print(f"{name:>16s}{'seconds':>10s}{'growth':>8s}{'operations':>12s}{'peak MB':>9s}")
        for row in rows:
            print(
                f"{row['size']:16d}{row['seconds']:10.2f}{row['growth']:8.2f}{row['operations']:12.2f}"
                f"{row['peak_mb']:9.0f}"
            )


def main() -> None:
    """Runs the benchmark."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a toy of a model, to see that all runs")
    parser.add_argument("--rounds", type=count, default=3, help="iterations of each size that count")
    parser.add_argument("--threads", type=count, default=2, help="of each process")
    parser.add_argument("--json", type=Path, help="write all figures here")
    options = parser.parse_args()
    report = measure(options.quick, options.rounds, options.threads)
    print_table(report)
    if options.json:
        write_json(options.json, report)


if __name__ == "__main__":
    main()

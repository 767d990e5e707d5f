"""Runs an example under several seeds and says whether its curve rises.

    python examples/measurements/rising.py examples/quickstart/reinforce.py --seeds 3

Each run writes its curve to `--out`/seed0.jsonl, seed1.jsonl, ...; flags that are not listed here are passed
on. A run counts as the mean reward of the last tenth of its iterations less that of the first tenth, and the
interval is a bootstrap interval over the runs: with three of them it reaches from the smallest difference
that was seen to the largest, and no further. Exit status 0 if all of it lies above 0, otherwise 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from agents.flags.flag import count
from agents.flags.parser import Parser
from agents.runs.printable import one_line
from agents.stats.intervals import bootstrap_interval


def main(argv: Sequence[str] | None = None) -> int:
    """Runs every seed, prints both tenths of each and the interval; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("example", type=Path, help="a script that takes --seed and --out")
    parser.add_argument("--seeds", type=count, default=3, help="seeds 0, 1, ... (default: 3)")
    parser.add_argument("--out", type=Path, help="folder of the curves (default: runs/rising/<example>)")
    options, passed_on = parser.parse_known_args(argv)
    folder: Path = options.out or Path("runs/rising") / options.example.stem
    try:
        differences = [run(options.example, seed, folder, passed_on) for seed in range(options.seeds)]
    except (ValueError, OSError) as error:
        print("error: " + one_line(error), file=sys.stderr)
        return 1
    mean, low, high = bootstrap_interval(differences, method="percentile")
    verdict = "it rises" if low > 0 else "no rise that this many seeds can tell"
    print(
        f"last tenth - first tenth, {options.seeds} seeds: {mean:+.3f} [{low:+.3f}, {high:+.3f}]: {verdict}"
    )
    return 0 if low > 0 else 1


def run(example: Path, seed: int, folder: Path, flags: Sequence[str]) -> float:
    """Runs one seed in a process of its own and returns by how much its reward rose.

    Raises:
        ValueError: If the example fails or leaves no curve.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rewards, log = folder / f"seed{seed}.jsonl", folder / f"seed{seed}.log"
    rewards.unlink(missing_ok=True)
    command = [sys.executable, str(example), *flags, "--seed", str(seed), "--out", str(rewards)]
    with log.open("w", encoding="utf-8") as output:
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    if status != 0:
        raise ValueError(f"{example} --seed {seed} ended with status {status}: see {log}")
    first, last = tenths(load(rewards))
    print(f"seed {seed}: first tenth {first:+.3f}, last tenth {last:+.3f}", flush=True)
    return last - first


def load(path: Path) -> list[float]:
    """Returns the reward of each iteration.

    Raises:
        ValueError: If there is no such file or a line holds no reward.
    """
    if not path.is_file():
        raise ValueError(f"{path} is missing: the example must write its curve there, as --out says")
    try:
        return [float(json.loads(line)["reward"]) for line in path.read_text(encoding="utf-8").splitlines()]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} must hold a JSON object with a reward in each line: {error!r}") from error


def tenths(rewards: Sequence[float]) -> tuple[float, float]:
    """Returns the means of the first and of the last tenth of a curve, one iteration at least.

    >>> tenths([0.0, 1.0, 2.0])
    (0.0, 2.0)

    Raises:
        ValueError: If the curve is empty.
    """
    if not rewards:
        raise ValueError("a curve needs at least one iteration, got none: raise --episodes")
    size = max(1, len(rewards) // 10)
    return sum(rewards[:size]) / size, sum(rewards[-size:]) / size


if __name__ == "__main__":
    sys.exit(main())

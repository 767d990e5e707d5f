"""Times an iteration with candidates against one without, in processes side by side, and their memory.

    python examples/speed/candidates_cost.py                         tiny and gpt2, "exact" against "off"
    python examples/speed/candidates_cost.py --work tiny-tiny --rounds 2
    python examples/speed/candidates_cost.py --settings off exact good-set --rounds 9

The learner and the work are those of `bench_learner.py`, its `tiny` with a vocabulary of 4,096. The
environment costs nothing: the same random rewards in each step, of 1,500 candidates among 4,096 tokens or
23,000 among 50,257, in 200 columns that differ. Its arrays are there without candidates as well, so that what
differs is the learner's. In every round each setting does one iteration in turn; the first round warms up and
is not counted. Seconds are medians; memory is the largest resident memory of a process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys

from agents.flags.flag import count
from agents.flags.parser import Parser
from examples.speed.bench_learner import HERE, Learner, show

WORKS = ("tiny:vocab=4096", "gpt2")
SETTINGS = ("off", "exact")


def start(work: str, setting: str, threads: int) -> Learner:
    """Returns the process of a learner with a setting of candidates, ready for its first iteration."""
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    environment = {**os.environ, **counts, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(HERE / "peers" / "candidates.py"), work, str(threads), setting]
    return Learner(setting, command, environment)


def measure(work: str, settings: list[str], rounds: int, threads: int) -> list[Learner]:
    """Returns the learners after their rounds; their processes have ended.

    Raises:
        RuntimeError: If a learner failed.
    """
    with contextlib.ExitStack() as stack:
        learners = [start(work, setting, threads) for setting in settings]
        for learner in learners:
            stack.callback(learner.close)
        for number in range(rounds + 1):
            for learner in learners:
                if number == 1:
                    learner.forget()
                learner.iterate()
            show(f"{work}: round {number} of {rounds}")
    return learners


def print_table(work: str, learners: list[Learner]) -> None:
    """Prints a line per setting, with ratios to the first."""
    print(f"{work}\n{'candidates':12s}{'seconds':>9s}{'ratio':>7s}{'processor':>11s}{'ratio':>7s}", end="")
    print(f"{'score':>8s}{'update':>8s}{'peak MB':>9s}{'ratio':>7s}")
    first = learners[0]
    for one in learners:
        row = f"{one.name:12s}"
        for clock, width in (("seconds", 9), ("processor", 11)):
            row += f"{one.median(clock):{width}.2f}{one.median(clock) / first.median(clock):7.2f}"
        row += f"{one.median('score'):8.2f}{one.median('update'):8.2f}"
        print(f"{row}{one.median('peak_mb'):9.0f}{one.median('peak_mb') / first.median('peak_mb'):7.3f}")


def main() -> int:
    """Measures each work; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs="+", default=list(WORKS), help="as bench_learner.py names them")
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), help="of candidates; the first is 1")
    parser.add_argument("--rounds", type=count, default=5, help="iterations that count")
    parser.add_argument("--threads", type=count, default=1, help="of each process")
    options = parser.parse_args()
    try:
        for work in options.work:
            print_table(work, measure(work, options.settings, options.rounds, options.threads))
    except RuntimeError as error:
        show(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Times what the arms of a study take to the goal on one core: episodes of its runs, times seconds of each.

    python examples/measurements/seconds_to_goal.py docs/results/candidates.jsonl.xz
    python examples/measurements/seconds_to_goal.py runs/studies/mine --rounds 9
    python examples/measurements/seconds_to_goal.py tiny --out docs/results/tiny.seconds.json

With --out each arm's seconds of an episode go into a file, from which a report tells seconds to the goal.

Cells keep no times, as equal cells have equal bytes. So each arm learns anew for a while, with the settings
that its runs had: the arms in turns, so many episodes each, on one thread. Seconds are those of the processor
(other work on the machine does not count) and medians over rounds; the first round warms up.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch

from agents.flags.flag import count
from agents.flags.parser import Parser
from agents.reports.arms import Arm, read_arms, read_tasks
from agents.reports.report import find, read
from agents.reports.run_measures import Task
from agents.reports.seconds import KEY
from agents.studies.training import make_agent
from examples.studies.sections.candidates import SHAPES, times_of

SEED = 3_000
"""Of the learners that are timed; no run of a study has it."""
EPISODES = 64
"""That each arm learns from in a round, or as many as the largest batch of all arms."""


class Learns(Protocol):
    """A learner, as far as it is timed."""

    def learn(self, total_episodes: int) -> Any:
        """Goes on until so many episodes in all."""
        ...


class Timed(NamedTuple):
    """One arm on the way to its goal."""

    name: str
    reached: int
    runs: int
    episodes: float
    """Mean over the runs that reached the goal."""
    seconds: float
    """Of an episode."""


def seconds_of(
    learners: Mapping[str, Learns],
    rounds: int,
    episodes: int = EPISODES,
    *,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, float]:
    """Returns the seconds of an episode of each learner, the median over rounds; the first is not counted.

    Args:
        learners: By name.
        rounds: At least 1, beside the one that warms up.
        episodes: Of a round, a multiple of all batch sizes.
        clock: Returns seconds.
    """
    found: dict[str, list[float]] = {name: [] for name in learners}
    for number in range(rounds + 1):
        for name, learner in learners.items():
            started = clock()
            learner.learn((number + 1) * episodes)
            found[name].append((clock() - started) / episodes)
    return {name: statistics.median(times[1:]) for name, times in found.items()}


def time_arms(place: Path, rounds: int) -> list[Timed]:
    """Returns the arms of a study that reached its goal, timed."""
    study, results = read(place, SHAPES)
    arms, tasks = read_tasks(study, results, read_arms(study, results))
    ran = {arm.name: arm for arm in arms if arm.results}
    learners = {name: make_agent(arm.results[0].settings, SEED) for name, arm in ran.items()}
    largest = max(learner.config.batch_size for learner in learners.values())
    seconds = seconds_of(learners, rounds, math.lcm(EPISODES, largest))
    return [summarise(arm, tasks, seconds[name]) for name, arm in ran.items()]


def summarise(arm: Arm, tasks: list[Task], seconds: float) -> Timed:
    """Returns an arm with the mean time of its runs that reached the goal."""
    times = times_of(arm, tasks)
    reached = [time for time in times.values() if time < float("inf")]
    mean = statistics.fmean(reached) if reached else float("nan")
    return Timed(arm.name, len(reached), len(times), mean, seconds)


def seconds_text(timed: Iterable[Timed], rounds: int) -> str:
    """Returns the contents of a file of seconds, as `agents.reports.seconds` reads it."""
    told = {
        KEY: {one.name: float(f"{one.seconds:.3g}") for one in timed},
        "measured": f"processor seconds of one thread, median of {rounds} rounds",
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Prints a row for each arm."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help="folder, packed file or name of a study")
    parser.add_argument("--out", type=Path, help="file of seconds for the study's report")
    parser.add_argument("--rounds", type=count, default=5, help="of at least 64 episodes an arm (default: 5)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    timed = time_arms(find(options.study), options.rounds)
    if options.out is not None:
        options.out.write_text(seconds_text(timed, options.rounds), encoding="utf-8")
    print("| arm | reached the goal | episodes | ms an episode | seconds to the goal |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for one in timed:
        told = f"{one.episodes:.0f} | {1e3 * one.seconds:.1f} | {one.episodes * one.seconds:.1f}"
        print(f"| {one.name} | {one.reached} of {one.runs} | {told} |")


if __name__ == "__main__":
    main()

"""How often the 95% intervals of a study's speed-ups would hold the true one, in a simulation.

    python examples/measurements/interval_coverage.py
    python examples/measurements/interval_coverage.py docs/results/tiny.jsonl.xz --studies 4000

For each contrast of times to the goal in which every run got there, studies with as many seeds are drawn:
times from log-normal distributions with the means and the spreads (of their logarithms) that the two arms
had, apart from each other. An interval of `agents.stats.contrasts.speed_up` holds the truth if the ratio of
the two means lies inside.
"""

import argparse
from pathlib import Path

import numpy as np

from agents.flags.parser import Parser
from agents.reports.numbers import analyse
from agents.reports.report import read
from agents.reports.run_measures import TIME
from agents.stats.contrasts import speed_up
from agents.stats.resampling import METHODS, PERCENTILE, Method

HORIZON = 1e9
"""So far off that no simulated run is censored."""


def main():
    """Prints the coverage of each contrast."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", type=Path, default=Path("docs/results/tiny.jsonl.xz"))
    parser.add_argument("--studies", type=int, default=1000, help="how many are simulated per contrast")
    parser.add_argument("--interval", choices=METHODS, default=PERCENTILE, help="default: %(default)s")
    args = parser.parse_args()
    for name, treatment, control in read_contrasts(args.study):
        share = coverage(treatment, control, seeds=len(treatment), studies=args.studies, method=args.interval)
        print(f"{len(treatment):3} seeds, {share:.1%} of {args.studies} hold it: {name}")


def read_contrasts(path):
    """Yields name, times of treatment and times of control, (S,) each, where no run is censored."""
    study, cells = read(path)
    numbers = analyse(cells, study)
    arms = {
        arm["name"]: {run["seed"]: run["episodes_to_goal"] for run in arm["runs"]} for arm in numbers["arms"]
    }
    for one in numbers["contrasts"]:
        sides = [arms[name] for side in ("treatment", "control") for name in one[side]]
        if one["measure"] != TIME or len(sides) != 2:
            continue
        treatment, control = ([side.get(seed) for seed in one["seeds"]] for side in sides)
        if None not in (*treatment, *control) and len(treatment) > 1:
            yield one["name"], np.array(treatment), np.array(control)


def coverage(treatment, control, *, seeds, studies, method: Method = PERCENTILE):
    """Returns the share of simulated studies whose interval holds the true ratio of means.

    Args:
        treatment: Observed times of the treatment, finite, above 0, (S,).
        control: Those of the control, (S,).
        seeds: Runs of each arm in a simulated study.
        studies: How many are simulated.
        method: Of intervals, "percentile" or "bca".
    """
    rng = np.random.default_rng(0)
    arms = [(np.log(times).mean(), np.log(times).std(ddof=1)) for times in (treatment, control)]
    short, long = (np.exp(mean + spread**2 / 2) for mean, spread in arms)  # means of log-normal times
    inside = 0
    for number in range(studies):
        drawn = [np.exp(rng.normal(mean, spread, seeds)) for mean, spread in arms]
        found = speed_up(*drawn, horizon=HORIZON, seed=number, method=method)
        inside += found.low <= long / short <= found.high
    return inside / studies


if __name__ == "__main__":
    main()

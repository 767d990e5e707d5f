"""Compares runs that differ in one flag: by default token-level feedback and the scalar standard.

    python examples/compare.py --out runs/compare            (continues what is there, repeats nothing)
    python examples/compare.py --vary boundary closed open --out runs/boundary
    python examples/compare.py --vary scorer-kwargs but=library but=documented --env-kwargs verify=true

Every cell (arm x seed) is a run folder of `train_sentiment.py`. An arm is a value of the flag that
`--vary` names; flags that are not listed here are passed on to every run. The first arm is compared with
the last. Intervals are bootstrap intervals over
seeds: with three seeds they reach from the smallest to the largest difference that was seen, and no
further.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plots
from plots import Arms, Cell

from agents.flags.flag import count
from agents.flags.parser import Parser
from agents.runs.logs import read_jsonl
from agents.runs.printable import one_line
from agents.stats import curves as learning_curves
from agents.stats import intervals as statistics
from agents.stats.intervals import Interval
from agents.stats.measures import evaluated
from agents.training import settings as flags
from agents.training.run_folder import RunFolder
from rlsf_gym.presets.table import load_preset

PRESET = load_preset("sentiment")

SUMMARY_KEYS = tuple(row.key for row in evaluated() if not (row.optional or row.is_costly))
TRAIN = Path(__file__).with_name("train_sentiment.py")
SHARE = 0.8
"""Share of the best arm's gain that an arm has to reach."""
ITS_OWN = {
    "--seed": "--seed is set by --seeds",
    "--resume": "--resume is set by compare.py itself: the same command continues what is there",
}
"""Flags of each run that the comparison sets."""
STOPPED = 130
TERMINATED = 143


def main(argv: Sequence[str] | None = None) -> int:
    """Runs what is missing, then writes table, figure and conclusion; returns the exit status."""
    options, passed_on = parse(argv)
    try:
        arms = run_cells(options, passed_on)
        lines = report(arms)
        print("\n".join(lines))
        (options.out / "compare.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        plots.draw_comparison(options.out / "compare.png", arms)
        print(f"figure: {options.out / 'compare.png'}")
    except (ValueError, OSError, ImportError) as error:
        print("error: " + one_line(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"stopped; what is done stays in {options.out}, the same command continues it", file=sys.stderr)
        return STOPPED
    return 0


def parse(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """Returns the options of the comparison and the flags for every run."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--vary", nargs="+", metavar=("FLAG", "VALUE"), default=["reward-design", "potential", "terminal"],
        help="a flag of train_sentiment.py and its values, an arm each "
        "(default: reward-design potential terminal)",
    )  # fmt: skip
    parser.add_argument("--seeds", type=count, default=3, help="seeds 0, 1, ... per arm (default: 3)")
    parser.add_argument("--jobs", type=count, default=2, help="runs side by side (default: 2)")
    parser.add_argument("--threads", type=count, default=1, help="threads of each run (default: 1)")
    parser.add_argument("--out", type=Path, default=Path("runs/compare"), help="folder of the comparison")
    options, passed_on = parser.parse_known_args(argv)
    varied, *values = options.vary
    if len(set(values)) < 2:
        parser.error(f"--vary needs a flag and at least two values, got {' '.join(options.vary)}")
    check_passed_on(parser, passed_on, varied)
    for value in values:  # wrong ones end here, before anything runs
        try:
            flags.make_config(read_settings([*passed_on, f"--{varied}", value]))
        except ValueError as error:
            parser.error(str(error))
    return options, passed_on


def check_passed_on(parser: Parser, passed_on: list[str], varied: str) -> None:
    """Refuses flags for every run that would be overridden in each, without a word."""
    varying = "--" + varied.replace("_", "-")
    for word in passed_on:
        flag = word.partition("=")[0].replace("_", "-")
        if flag in ITS_OWN:
            parser.error(ITS_OWN[flag])
        if flag == varying and flag not in flags.collecting(PRESET.flags):
            parser.error(f"{flag} is varied, and given as well: leave it out")


def run_cells(options: argparse.Namespace, passed_on: list[str]) -> Arms:
    """Returns the finished cells of every arm, in the order of the seeds."""
    options.out.mkdir(parents=True, exist_ok=True)
    varied, *arms = options.vary
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = {
            (arm, seed): pool.submit(
                run_cell, options, [*passed_on, f"--{varied}", arm, "--seed", str(seed)], f"{arm}-seed{seed}"
            )
            for seed in range(options.seeds)
            for arm in arms
        }
        try:
            return {arm: [runs[arm, seed].result() for seed in range(options.seeds)] for arm in arms}
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def run_cell(options: argparse.Namespace, settings: list[str], name: str) -> Cell:
    """Returns one finished cell: taken from its folder, continued there, or run."""
    folder = RunFolder(options.out / name.replace("/", "_"))
    command = [*settings, "--threads", str(options.threads)]
    if folder.is_finished:
        check_settings(folder, command)
    else:
        target = "--resume" if (folder.path / "config.json").exists() else "--out"
        train([*command, target, str(folder.path)], folder.path.with_suffix(".log"))
    cell = Cell(folder.read("summary"), read_jsonl(folder.metrics))
    before, after = (cell.summary[key]["score"] for key in ("before", "after"))
    print(f"{folder.path.name}: score {before:+.3f} before, {after:+.3f} after", flush=True)
    return cell


def check_settings(folder: RunFolder, command: list[str]) -> None:
    """Refuses a finished cell that other settings made."""
    stored = flags.read_stored(PRESET, folder.config()["settings"])
    differing = flags.differences(read_settings(command), stored)
    if differing:
        raise ValueError(f"{folder.path}: {'; '.join(differing)}; choose another --out")


def read_settings(command: list[str]) -> dict[str, Any]:
    """Returns all settings of a run with these flags."""
    return flags.complete(PRESET, vars(flags.make_parser(PRESET, "").parse_args(command)))


def train(arguments: list[str], log: Path) -> None:
    """Runs one cell in a process of its own, its output in a file."""
    with log.open("a", encoding="utf-8") as output:
        command = [sys.executable, str(TRAIN), *arguments]
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    if status in (STOPPED, TERMINATED):
        raise KeyboardInterrupt
    if status != 0:
        last = (log.read_text(encoding="utf-8").strip().splitlines() or ["no output"])[-1]
        raise ValueError(f"{log.stem} ended with status {status}: {last.removeprefix('error: ')} (see {log})")


def report(arms: Arms) -> list[str]:
    """Returns the table and the conclusion as lines of text."""
    first, last = next(iter(arms)), list(arms)[-1]
    measures = measure(arms)
    befores = [cell.summary["before"] for cells in arms.values() for cell in cells]
    wide = max(12, *(len(name) + 2 for name in arms))
    lines = [f"{'':<18}{'before':>10}" + "".join(f"{name:>{wide}}" for name in arms) + f"   {first} - {last}"]
    for name, rows in measures.items():
        start = number([before[name] for before in befores]) if name in SUMMARY_KEYS else ""
        means = "".join(f"{number(rows[arm]):>{wide}}" for arm in arms)
        lines.append(f"{name:<18}{start:>10}{means}   {show(difference(rows, first, last))}")
    return [*lines, "", *conclude(measures, first, last, seeds=len(arms[first]))]


def number(values: Sequence[float]) -> str:
    """Returns the mean as text, a dash where a run never got there."""
    mean = float(np.mean(values))
    return f"{mean:.3f}" if math.isfinite(mean) else "-"


def measure(arms: Arms) -> dict[str, dict[str, list[float]]]:
    """Returns measure -> arm -> one number per seed."""
    names = [
        key for key in SUMMARY_KEYS if next(iter(arms.values()))[0].summary["after"].get(key) is not None
    ]
    found = {
        name: {arm: [float(cell.summary["after"][name]) for cell in cells] for arm, cells in arms.items()}
        for name in names
    }
    curves = {arm: [plots.score_curve(cell) for cell in cells] for arm, cells in arms.items()}
    goal = threshold(arms)
    found["area_under_curve"] = {
        arm: [learning_curves.area_under_curve(x, y) for x, y in runs] for arm, runs in curves.items()
    }
    found[f"episodes_to_{SHARE:.0%}"] = {
        arm: [learning_curves.episodes_to_reach(x, y, goal) for x, y in runs] for arm, runs in curves.items()
    }
    return found


def threshold(arms: Arms) -> float:
    """Returns the score at `SHARE` of the gain of the best arm, means over seeds."""
    before = np.mean([cell.summary["before"]["score"] for cells in arms.values() for cell in cells])
    best = max(np.mean([cell.summary["after"]["score"] for cell in cells]) for cells in arms.values())
    return float(before + SHARE * (best - before))


def difference(rows: dict[str, list[float]], first: str, last: str) -> Interval | None:
    """Returns the paired difference over seeds, or None where a run never got there."""
    if not np.all(np.isfinite([rows[first], rows[last]])):
        return None
    return statistics.paired_difference(rows[first], rows[last], method="percentile")


def show(interval: Interval | None) -> str:
    """Returns a difference with its interval as text."""
    if interval is None:
        return "not reached by every run"
    return f"{interval.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"


def conclude(measures: dict[str, dict[str, list[float]]], first: str, last: str, *, seeds: int) -> list[str]:
    """Returns what the intervals allow to say, and nothing else."""
    goal = f"episodes_to_{SHARE:.0%}"
    wanted = [name for name in ("score", "judge", "kl", "area_under_curve", goal) if name in measures]
    lines = [f"{first} against {last}, {plural(seeds)} (95% bootstrap intervals over seeds):"]
    for name in wanted:
        interval = difference(measures[name], first, last)
        if interval is None:
            reached = [int(np.isfinite(measures[name][arm]).sum()) for arm in (first, last)]
            verdict = (
                f"reached by {reached[0]} of {seeds} {first} runs and {reached[1]} of {seeds} {last} runs"
            )
        elif interval.low > 0 or interval.high < 0:
            verdict = f"{'higher' if interval.value > 0 else 'lower'} under {first}: {show(interval)}"
        else:
            verdict = f"no difference that this many seeds can tell: {show(interval)}"
        lines.append(f"- {name}: {verdict}")
    kl = difference(measures["kl"], first, last)
    if kl is not None and (kl.low > 0 or kl.high < 0):
        lines.append("- the arms ended at different KL: judge them by score over KL in compare.png as well")
    if seeds < 5:
        lines.append(f"- {plural(seeds)}: a first impression, not evidence: --seeds 10 narrows the intervals")
    return lines


def plural(seeds: int) -> str:
    """Returns the number of seeds in words."""
    return "1 seed" if seeds == 1 else f"{seeds} seeds"


if __name__ == "__main__":
    sys.exit(main())
